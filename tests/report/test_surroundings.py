"""What drawing asks of the machine: no home of its own, no noise, nothing left behind."""

import os
import subprocess
import sys

import pytest

DRAW = "from prefect_patterns.report import line; assert '<svg' in line({'a': {'x': 1, 'y': 2}}, title='t')"


def run(code, **environment):
    known = {
        name: value
        for name, value in os.environ.items()
        if name not in {"MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"}
    }
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**known, **environment})


@pytest.mark.service
@pytest.mark.parametrize("home", ["missing", "a file"])
def test_a_home_that_cannot_be_written_is_neither_mentioned_nor_missed(tmp_path, home):
    (tmp_path / "file").touch()
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    where = "/proc/nobody" if home == "missing" else str(tmp_path / "file")
    done = run(DRAW, HOME=where, TMPDIR=str(temporary))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(temporary.iterdir()) == []


@pytest.mark.service
def test_pyplot_is_never_loaded(tmp_path):
    code = f"import sys; {DRAW}; assert 'matplotlib.pyplot' not in sys.modules and 'matplotlib' in sys.modules"
    assert run(code, MPLCONFIGDIR=str(tmp_path)).returncode == 0
