"""`patterns run 108` as a person runs it: good input, and each kind of bad input."""

import os
import shutil
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from prefect_patterns.sandbox.dhis2 import Dhis2Sandbox

pytestmark = pytest.mark.cli
NGELEHUN = "DiszpKrYNg8"
ONE_MONTH = ("--param", "months=1")
COMMAND = (sys.executable, "-m", "prefect_patterns.cli", "run", "108")


@pytest.fixture
def environment(prefect_server, tmp_path):
    """Give the environment of somebody with a Prefect server and a home for patterns."""
    return os.environ | {
        "PREFECT_API_URL": prefect_server.url,
        "PREFECT_API_AUTH_STRING": prefect_server.auth,
        "PATTERNS_HOME": str(tmp_path / "home"),
    }


def at(box, password="district"):
    return {
        "PATTERNS_DHIS2_URL": box if isinstance(box, str) else box.url,
        "PATTERNS_DHIS2_USERNAME": "admin",
        "PATTERNS_DHIS2_PASSWORD": password,
    }


def run(environment, *arguments, before=()):
    return subprocess.run(
        [*before, *COMMAND, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=170
    )


def assert_refused(done, code, *words):
    """The exit code, and at most twelve lines that say what happened and what to do."""
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stderr.splitlines()
    assert lines[0].startswith("error: ")
    assert lines[1].startswith("  try: ")
    assert len(done.stdout.splitlines()) + len(lines) <= 12
    assert [word for word in words if word not in done.stderr] == []


def outputs(environment):
    """Return what a run left, without the versions that are behind the link."""
    output = Path(environment["PATTERNS_HOME"]) / "output"
    return sorted(str(path.relative_to(output)) for path in output.rglob("*")) if output.exists() else []


def assert_nothing_left(environment):
    assert outputs(environment) in ([], [".runs", ".runs/.lock"])


def rejected(environment):
    return pl.read_parquet(Path(environment["PATTERNS_HOME"]) / "output" / "108" / "rejected.parquet")


def test_a_wrong_address_ends_with_5(environment):
    done = run(environment | at("http://127.0.0.1:9"))
    assert_refused(done, 5, "http://127.0.0.1:9", "PATTERNS_DHIS2_URL")
    assert_nothing_left(environment)


@pytest.mark.parametrize("url", ["127.0.0.1:8043", "ftp://127.0.0.1", "http://"])
def test_what_is_no_address_ends_with_2(environment, url):
    done = run(environment | at(url))
    assert_refused(done, 2, "PATTERNS_DHIS2_URL")
    assert_nothing_left(environment)


def test_a_wrong_password_ends_with_4_and_shows_in_no_line(environment, dhis2_sandbox):
    done = run(environment | at(dhis2_sandbox, "hunter2"))
    assert_refused(done, 4, "refused the user 'admin' (401 Unauthorized)", "PATTERNS_DHIS2_PASSWORD")
    assert "docs: docs/dhis2.md#credentials" in done.stderr
    assert "hunter2" not in done.stdout + done.stderr
    assert_nothing_left(environment)


def test_half_set_credentials_end_with_2(environment, dhis2_sandbox):
    done = run(environment | {"PATTERNS_DHIS2_URL": dhis2_sandbox.url})
    assert_refused(done, 2, "PATTERNS_DHIS2_USERNAME", "PATTERNS_DHIS2_PASSWORD")


@pytest.mark.parametrize("path", ["/api/system/info", "/api/dataValueSets"])
def test_html_instead_of_json_ends_with_4(environment, dhis2_sandbox, path):
    dhis2_sandbox.fault(path, login_page=True)
    done = run(environment | at(dhis2_sandbox), *ONE_MONTH)
    assert_refused(done, 4, "log")
    assert_nothing_left(environment)


@pytest.mark.parametrize("path", ["/api/dataElements", "/api/dataValueSets"])
def test_a_server_that_stops_half_way_ends_with_5(environment, dhis2_sandbox, path):
    dhis2_sandbox.fault(path, drop_after=2000)
    done = run(environment | at(dhis2_sandbox), *ONE_MONTH)
    assert_refused(done, 5, dhis2_sandbox.url)
    assert_nothing_left(environment)


def test_a_wrong_parameter_ends_with_2(environment, dhis2_sandbox):
    for parameter in ("months=0", "months=many", "mnths=3"):
        done = run(environment | at(dhis2_sandbox), "--param", parameter)
        assert_refused(done, 2, parameter.split("=")[0])
    assert_nothing_left(environment)


BROKEN = {
    "organisationUnits": {
        # A parent that is gone, a unit that says level 4 without a parent, a cycle of two, and a name that bites.
        "g8upMTyEZGZ": {"parent": {"id": "NoSuchUnit1"}},
        "oph70zH8JB2": {"parent": None},
        "sY1WN6LjmAx": {"parent": {"id": "TljiT6C5D0J"}},
        "TljiT6C5D0J": {"parent": {"id": "sY1WN6LjmAx"}},
        "O6uvpzGd5pu": {"name": "<script>alert('Bo')</script>"},
    },
    "indicators": {"dy1a1mseGR7": {"numerator": "#{NoSuchElem1}+#{cYeuwXTCPkU}"}},
}


def test_broken_metadata_is_set_aside_with_its_reasons_and_the_run_completes(environment, tmp_path):
    with Dhis2Sandbox(today=date(2026, 7, 15), patch=BROKEN) as box:
        done = run(environment | at(box), *ONE_MONTH)
    assert (done.returncode, done.stderr) == (0, "")
    rows = rejected(environment)
    units = rows.filter(pl.col("data") == "org units")["row"].str.json_path_match("$.id").to_list()
    assert set(units) >= {"g8upMTyEZGZ", "oph70zH8JB2", "sY1WN6LjmAx", "TljiT6C5D0J"}
    operands = rows.filter(pl.col("data") == "indicators")["row"].str.json_path_match("$.data_element").to_list()
    assert "NoSuchElem1" in operands
    assert rows["reasons"].list.len().min() >= 1
    report = (tmp_path / "home" / "output" / "108" / "report.html").read_text()
    assert "<script>alert" not in report
    assert "&lt;script&gt;alert" in report


def test_a_red_check_ends_with_3_and_all_outputs(environment, dhis2_sandbox, tmp_path):
    done = run(environment | at(dhis2_sandbox), *ONE_MONTH, "--param", "highest_value=1")
    assert (done.returncode, done.stderr) == (3, "")
    assert (tmp_path / "home" / "output" / "108" / "report.html").exists()


def test_a_run_replaces_the_outputs_as_one_version_and_a_failed_one_leaves_them(environment, dhis2_sandbox, tmp_path):
    here = environment | at(dhis2_sandbox)
    assert run(here, *ONE_MONTH).returncode == 0
    link = tmp_path / "home" / "output" / "108"
    first = os.readlink(link)
    before = outputs(environment)
    dhis2_sandbox.fault("/api/dataValueSets", status=503)
    assert_refused(run(here, *ONE_MONTH), 5, "503")
    assert os.readlink(link) == first
    assert outputs(environment) == before
    dhis2_sandbox.clear_faults()
    assert run(here, *ONE_MONTH).returncode == 0
    assert os.readlink(link) != first
    assert len(list((tmp_path / "home" / "output" / ".runs").glob("108-*"))) == 2


def test_a_read_only_home_ends_with_6(environment, dhis2_sandbox, tmp_path):
    mounted = namespace("mount -t tmpfs -o size=1m,ro none")
    done = run(environment | at(dhis2_sandbox), *ONE_MONTH, before=mounted(tmp_path / "home"))
    assert_refused(done, 6, "Read-only file system")


@pytest.mark.parametrize("megabytes", [1, 4])
def test_a_full_disk_ends_with_6(environment, dhis2_sandbox, tmp_path, megabytes):
    mounted = namespace(f"mount -t tmpfs -o size={megabytes}m none")
    done = run(environment | at(dhis2_sandbox), "--param", "months=12", before=mounted(tmp_path / "home"))
    assert_refused(done, 6, "No space left on device")


def namespace(mount):
    """Give a function that makes the words before a command which run it with *mount* over a folder."""
    probe = ["unshare", "-rm", "sh", "-c", f"{mount} /mnt"]
    if not shutil.which("unshare") or subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a tmpfs in a namespace of their own")

    def words(folder):
        folder.mkdir()
        return ["unshare", "-rm", "sh", "-c", f'{mount} "$0" && exec "$@"', folder]

    return words


def test_two_runs_at_once_both_end_well(environment, dhis2_sandbox, tmp_path):
    here = environment | at(dhis2_sandbox)
    # Each with a temporary server of its own, as `make run` twice.
    both = [
        subprocess.Popen([*COMMAND, "--local", *ONE_MONTH], env=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [each.communicate(timeout=170) for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    assert [err for _, err in said] == [b"", b""]
    assert (tmp_path / "home" / "output" / "108" / "report.html").exists()


def test_ctrl_c_ends_with_130_leaves_no_process_and_the_old_output_whole(environment, dhis2_sandbox, tmp_path):
    assert run(environment | at(dhis2_sandbox), *ONE_MONTH).returncode == 0
    before = outputs(environment)
    # Its own sandbox and its own Prefect server, so that there is something to leave behind.
    marked = environment | {"PATTERNS_TEST_MARK": str(tmp_path)}
    process = subprocess.Popen(
        [*COMMAND, "--local"], env=marked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for line in process.stdout:
        if line.startswith("  connect"):
            break
    assert len(with_mark(str(tmp_path))) >= 3
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Traceback" not in out + err
    assert with_mark(str(tmp_path)) == []
    assert outputs(environment) == before


def with_mark(mark):
    """Return the processes whose environment has our mark."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"PATTERNS_TEST_MARK={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append((folder / "cmdline").read_bytes())
        except OSError:
            continue
    return [command for command in found if command]


def test_a_reader_that_leaves_early_stops_the_run_and_leaves_the_old_output(environment, dhis2_sandbox):
    here = environment | at(dhis2_sandbox)
    for lines in (0, 2):
        process = subprocess.Popen(
            [*COMMAND, *ONE_MONTH], env=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(lines):
            process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait() == 6, err
        assert err.startswith("error: the run was stopped: nobody reads its output any more\n  try: ")
        process.stderr.close()
        assert_nothing_left(environment)


def test_a_prefect_server_that_refuses_ends_with_4(environment):
    done = run(environment | {"PREFECT_API_AUTH_STRING": "patterns:hunter2"})
    assert_refused(done, 4, environment["PREFECT_API_URL"], "PREFECT_API_AUTH_STRING")
    assert "hunter2" not in done.stdout + done.stderr


def test_settings_that_prefect_does_not_take_end_with_2(environment):
    done = run(environment | {"PREFECT_API_URL": "http://[::1"})
    assert done.returncode == 2
    assert "Prefect does not take its settings" in done.stderr
    assert "Traceback" not in done.stderr
