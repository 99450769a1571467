"""Which sandbox a project uses: a published one while it answers, else one of its own."""

import json
import os
import signal
import stat
import subprocess
import sys

import httpx
import pytest

from prefect_patterns.errors import StorageError, UsageError
from prefect_patterns.sandbox import NAMES, Published, alive, ensure, publish, published, serve, withdraw

OTHER = Published("http://127.0.0.1:1", os.getpid(), "43", "admin", "district")


def test_what_is_published_is_readable_by_its_owner_only_and_can_be_withdrawn(tmp_path):
    home = tmp_path / "home"
    publish("dhis2", OTHER, home)
    file = home / "sandbox.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["dhis2"]["username"] == "admin"
    withdraw("dhis2", OTHER, home)
    assert json.loads(file.read_text()) == {}


def test_only_the_own_entry_is_withdrawn(tmp_path):
    publish("dhis2", OTHER, tmp_path)
    later = Published("http://127.0.0.1:2", 1, "43", "admin", "district")
    publish("dhis2", later, tmp_path)
    publish("other", OTHER, tmp_path)
    withdraw("dhis2", OTHER, tmp_path)
    assert json.loads((tmp_path / "sandbox.json").read_text())["dhis2"]["url"] == later.url


@pytest.mark.parametrize(
    "sandbox",
    [
        OTHER,
        Published("http://127.0.0.1:1", 2**22 + 1, "43", "admin", "district"),
        Published("http://127.0.0.1:1", 0, "43", "admin", "district"),
        Published("http://example.org:80", os.getpid(), "43", "admin", "district"),
        Published("nonsense", os.getpid(), "43", "admin", "district"),
        Published("http://127.0.0.1:99999", os.getpid(), "43", "admin", "district"),
        Published("http://[::1", os.getpid(), "43", "admin", "district"),
        Published("http://127.0.0.1:1", 10**30, "43", "admin", "district"),
    ],
)
def test_what_does_not_answer_on_loopback_is_not_alive(sandbox):
    assert not alive(sandbox)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"dhis2": 1}', '{"dhis2": {"url": "http://127.0.0.1:1"}}'])
def test_a_file_that_says_nothing_useful_is_no_sandbox(tmp_path, text):
    (tmp_path / "sandbox.json").write_text(text)
    assert published("dhis2", tmp_path) is None


def test_a_home_that_cannot_be_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        publish("dhis2", OTHER, tmp_path / "file" / "home")


def test_an_unknown_service_is_refused():
    with pytest.raises(UsageError, match="no sandbox of 'nothing'"):
        ensure("nothing")


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("httpbox", {"version": "43"}, "the httpbox sandbox has no option version"),
        ("dhis2", {"webhook_secret": "x"}, "the dhis2 sandbox has no option webhook_secret"),
        ("httpbox", {"port": -1}, "-1 is not a port"),
        ("nothing", {}, "no sandbox of 'nothing'"),
    ],
)
def test_what_a_sandbox_cannot_be_is_refused_before_it_starts(name, options, says):
    with pytest.raises(UsageError, match=says):
        serve(name, **options)


def run_python(code, environment, name):
    command = [sys.executable, "-c", code, name]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=False)


ENSURE = """
from prefect_patterns.sandbox import ensure
import sys
name = sys.argv[1]
first, second = ensure(name), ensure(name)
assert first == second
import urllib.request
assert urllib.request.build_opener(urllib.request.ProxyHandler({})).open(first + "/api/ping").read() == b"pong"
from prefect_patterns.sandbox import running
from prefect_patterns.settings import load_settings
assert running(name).url == first
if not (load_settings().home / "sandbox.json").exists():
    import os
    from prefect_patterns.sandbox import Published, publish, withdraw
    later = Published("http://127.0.0.1:1", os.getpid(), "43", "admin", "district")
    publish(name, later, load_settings().home)
    assert ensure(name) == first, "a sandbox published later does not move a process that has its own"
    withdraw(name, later, load_settings().home)
print(first)
"""
SERVE = """
import sys
from prefect_patterns.sandbox import serve
serve(sys.argv[1], on_ready=lambda here: print(here.url, flush=True))
print("over")
"""


@pytest.mark.service
@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", NAMES)
def test_a_process_of_its_own_is_started_once_and_ended_at_exit(tmp_path, name):
    environment = {**os.environ, "PATTERNS_HOME": str(tmp_path)}
    run = run_python(ENSURE, environment, name)
    assert (run.returncode, run.stderr) == (0, "")
    with pytest.raises(httpx.ConnectError):
        httpx.get(run.stdout.strip())
    assert published(name, tmp_path) is None


@pytest.mark.service
@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("name", "signal_"),
    [
        ("dhis2", signal.SIGTERM),
        ("httpbox", signal.SIGINT),
        ("httpbox", signal.SIGHUP),
    ],
)
def test_a_served_sandbox_is_found_by_others_until_it_is_told_to_end(tmp_path, name, signal_):
    environment = {**os.environ, "PATTERNS_HOME": str(tmp_path)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", SERVE, name], env=environment, **pipes) as server:
        url = server.stdout.readline().strip()
        here = published(name, tmp_path)
        assert here is not None
        assert here.url == url
        run = run_python(ENSURE, environment, name)
        assert run.stdout.strip() == url
        assert alive(here)
        server.send_signal(signal_)
        out, err = server.communicate(timeout=5)
    assert (server.returncode, out, err) == (0, "over\n", "")
    assert published(name, tmp_path) is None
    assert not alive(here)
