"""`patterns` where streams are closed, folders are gone and encodings are narrow: one exit code, no traceback."""

import json
import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.service
PATTERNS = f'"{sys.executable}" -m prefect_patterns.cli'


def shell(script, **environment):
    return subprocess.run(
        ["bash", "-c", script.replace("patterns", PATTERNS)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("patterns list >&-", 0),
        ("patterns list >&- 2>&- <&-", 0),
        ("patterns show 999 2>&-", 2),
        ("patterns show 999 2>/dev/full", 2),
        ("set -o pipefail; patterns show 108 | true", 0),
        ("patterns list >/dev/full", 6),
    ],
)
def test_a_stream_that_takes_nothing_changes_no_exit_code(script, code):
    done = shell(script)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "bug of ours" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_an_encoding_that_lacks_letters_loses_nothing_but_these(encoding):
    done = shell("patterns show 108; patterns show 108 --json | tail -n +1 >&2", PYTHONIOENCODING=encoding)
    assert done.returncode == 0
    assert done.stdout.startswith("108 DHIS2 pipeline")
    assert json.loads(done.stderr)[0]["slug"] == "dhis2_pipeline"


@pytest.mark.parametrize("command", ["list", "run 101 --local"])
def test_a_current_folder_that_is_gone_ends_with_6(tmp_path, command):
    done = shell(f'mkdir "{tmp_path}/gone"; cd "{tmp_path}/gone"; rmdir "{tmp_path}/gone"; patterns {command}')
    assert done.returncode == 6
    assert done.stderr == "error: the current folder does not exist any more\n  try: cd to one that does\n"


def test_a_flow_that_is_not_named_is_asked_for_as_the_help_calls_it():
    done = shell("patterns run")
    assert done.returncode == 2
    assert "FLOW" in done.stderr
