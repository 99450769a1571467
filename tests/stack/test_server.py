import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time
import urllib.error
import urllib.request
from importlib.metadata import version
from pathlib import Path

import pytest

from prefect_patterns.errors import LocalError
from prefect_patterns.stack import PrefectServer, own_environment


def test_somebody_elses_prefect_is_not_in_our_environment(tmp_path):
    theirs = {
        "PREFECT_API_URL": "https://cloud",
        "PREFECT_API_KEY": "secret",
        "PREFECT_PROFILE": "work",
        "PREFECT_HOME": "/home/me/.prefect",
        "LANG": "C",
    }
    ours = own_environment(tmp_path, theirs)
    assert "https://cloud" not in ours.values()
    assert "secret" not in ours.values()
    assert ours["PREFECT_HOME"] == str(tmp_path)
    assert ours["LANG"] == "C"
    assert "PREFECT_API_URL" not in ours
    assert ours["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"


@pytest.mark.parametrize(
    "name",
    [
        "PREFECT_SERVER_API_BASE_PATH",
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS",
        "PREFECT_API_DATABASE_CONNECTION_URL",
        "PREFECT_RESULTS_DEFAULT_STORAGE_BLOCK",
        "PREFECT_CLOUD_API_URL",
        "PREFECT_LOGGING_SETTINGS_PATH",
        "prefect_api_key",
    ],
)
def test_no_setting_of_somebody_elses_prefect_reaches_ours(tmp_path, name):
    assert name not in own_environment(tmp_path, {name: "theirs"})


@pytest.mark.service
def test_this_processs_environment_becomes_our_own_whole():
    code = """
        import os
        from pathlib import Path
        from prefect_patterns.stack import use_own_environment
        use_own_environment(Path("/data"))
        print(sorted(name for name in os.environ if name.startswith("PREFECT_")), os.environ["PREFECT_HOME"])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=os.environ | {"PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "PERSIST" not in done.stdout
    assert done.stdout.endswith(" /data\n")


def status(url, headers=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=5) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.flow
def test_the_session_server_wants_its_password_and_keeps_it_from_others(prefect_server):
    assert status(f"{prefect_server.url}/health") == 200
    assert status(f"{prefect_server.url}/admin/version") == 401
    mode = (prefect_server.home / "server.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


@pytest.mark.flow
def test_another_web_page_may_not_call_the_server(prefect_server):
    request = urllib.request.Request(f"{prefect_server.url}/health", headers={"Origin": "http://evil.example"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.headers.get("access-control-allow-origin") is None


@pytest.mark.flow
def test_joining_gives_the_same_server(prefect_server):
    other = PrefectServer.join(prefect_server.home)
    assert (other.url, other.auth) == (prefect_server.url, prefect_server.auth)
    other.stop()
    assert status(f"{prefect_server.url}/health") == 200


@pytest.mark.stack
def test_a_server_that_dies_at_its_start_says_why(tmp_path):
    (tmp_path / "prefect.db").mkdir()  # SQLite cannot open a folder
    (tmp_path / "migrated").write_text(version("prefect"))
    with pytest.raises(LocalError, match="did not start"):
        PrefectServer(tmp_path).launch().wait_ready()


@pytest.mark.kill
def test_a_server_ends_when_its_only_user_is_killed(tmp_path):
    code = """
        import sys
        from pathlib import Path
        from prefect_patterns.stack import PrefectServer
        server = PrefectServer(Path(sys.argv[1])).launch()
        print(server._process.pid, flush=True)
        sys.stdin.read()
    """
    user = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with user:
        server = int(user.stdout.readline())
        user.send_signal(signal.SIGKILL)
    subprocess.run(["tail", f"--pid={server}", "-f", "/dev/null"], check=True, timeout=60)


@pytest.mark.flow
def test_the_address_file_holds_what_joiners_need(prefect_server):
    assert set(json.loads((prefect_server.home / "server.json").read_text())) == {"url", "auth"}


@pytest.mark.parametrize("left", ["prefect.db", "prefect.db-wal"])
def test_a_database_whose_making_was_cut_short_is_made_anew(tmp_path, left):
    (tmp_path / "prefect.db").write_text("half")
    (tmp_path / left).write_text("half")
    PrefectServer(tmp_path)._set_unfinished_database_aside()
    assert list(tmp_path.iterdir()) == []


def test_a_finished_database_is_kept(tmp_path):
    (tmp_path / "prefect.db").write_text("whole")
    (tmp_path / "migrated").write_text(version("prefect"))
    PrefectServer(tmp_path)._set_unfinished_database_aside()
    assert (tmp_path / "prefect.db").read_text() == "whole"


def test_a_database_of_another_version_is_copied_before_it_is_migrated(tmp_path):
    (tmp_path / "prefect.db").write_text("old")
    (tmp_path / "migrated").write_text("3.0.0")
    PrefectServer(tmp_path)._set_unfinished_database_aside()
    assert {path.name for path in tmp_path.iterdir()} == {"prefect.db", "prefect-3.0.0.db"}


@pytest.mark.flow
def test_a_server_that_answers_has_written_down_that_its_database_is_whole(prefect_server):
    assert (prefect_server.home / "migrated").read_text() == version("prefect")


def test_a_server_that_is_gone_cannot_be_joined(tmp_path):
    assert PrefectServer.join(tmp_path) is None
    (tmp_path / "server.json").write_text(json.dumps({"url": "http://127.0.0.1:9/api", "auth": "a:b"}))
    assert PrefectServer.join(tmp_path) is None


@pytest.mark.stack
def test_a_server_works_in_a_folder_of_any_name_and_keeps_the_users_settings_out(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("PREFECT_SERVER_API_BASE_PATH=/theirs\n")
    monkeypatch.chdir(tmp_path)
    with PrefectServer(Path("a b") / "c?d#e%41") as server:
        assert status(f"{server.url}/health") == 200
        process = server._process
    assert process.returncode is not None
    assert (tmp_path / "a b" / "c?d#e%41" / "prefect.db").exists()
    assert sorted(os.listdir(tmp_path / "a b")) == ["c?d#e%41"]


def has_the_lock_for_itself(home):
    """Say whether the server has taken its users' lock, as it does to end."""
    with (home / "users.lock").open("w") as probe:
        try:
            fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.mark.kill
def test_who_comes_while_a_server_ends_waits_until_it_is_gone(tmp_path):
    first = PrefectServer(tmp_path).launch().wait_ready()
    first._hold.close()  # as if its only user had been killed
    while not has_the_lock_for_itself(tmp_path):
        time.sleep(0.01)
    second = PrefectServer(tmp_path).launch()
    try:
        assert first._process.wait(timeout=5) is not None  # its lock is free a moment before its exit code is there
    finally:
        second.stop()
        first.stop()
