"""`patterns sandbox`: the services in the foreground."""

import json
import os
import signal
import subprocess
import sys

import httpx
import pytest

pytestmark = pytest.mark.cli


def started(tmp_path, *arguments):
    command = [sys.executable, "-m", "prefect_patterns.cli", "sandbox", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env={**os.environ, "PATTERNS_HOME": str(tmp_path)}, **pipes)


def test_it_says_where_it_is_and_how_to_get_in(tmp_path):
    with started(tmp_path, "--version", "2.40", "--today", "2026-07-15", "--scale", "2", "--json") as server:
        box = json.loads(server.stdout.readline())
        assert (box["service"], box["version"], box["username"]) == ("dhis2", "40", "admin")
        headers = {"Authorization": f"ApiToken {box['token']}"}
        info = httpx.get(f"{box['url']}/api/system/info", headers=headers).json()
        assert (info["version"][:4], info["serverDate"][:10]) == ("2.40", "2026-07-15")
        server.send_signal(signal.SIGTERM)
        assert server.communicate(timeout=10) == ("", "")
    assert server.returncode == 0


def test_the_other_service_runs_too(tmp_path):
    with started(tmp_path, "--service", "httpbox") as server:
        first = server.stdout.readline()
        assert httpx.get(first.split()[-1]).json()["service"] == "httpbox"
        server.send_signal(signal.SIGINT)
        assert server.communicate(timeout=10)[1] == ""
    assert server.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--version", "39"], "does not imitate DHIS2 '39'"),
        (["--scale", "0"], "scale=0"),
        (["--scale", "x"], "x"),
        (["--service", "dhis3"], "no sandbox of 'dhis3'"),
        (["--service", "httpbox", "--version", "43"], "no option version"),
        (["--port", "70000"], "70000 is not a port"),
    ],
)
def test_what_cannot_be_served_ends_with_2_and_the_reason(tmp_path, arguments, reason):
    with started(tmp_path, *arguments) as server:
        out, err = server.communicate(timeout=30)
    assert (server.returncode, out) == (2, "")
    assert reason in err
    assert "Traceback" not in err
