import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UNIT = "not flow and not service and not cli and not kill and not stack"
pytestmark = pytest.mark.timeout(1200)


def interpreter(version):
    """Return the path of a Python of this version: from PATH, else one that pyenv installed."""
    if (found := shutil.which(f"python{version}")) and works(found, version):
        return found
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    builds = sorted(versions.glob(f"{version}.*/bin/python"))
    return str(builds[-1]) if builds else None


def works(python, version):
    # pyenv's shims are on PATH for every version, and fail for those that are not active.
    done = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)
    return done.returncode == 0 and done.stdout.startswith(f"Python {version}.")


@pytest.mark.parametrize("version", ["3.12", "3.13"])
def test_the_unit_tests_pass_on_another_python(version, clean_environment):
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} on this machine")
    venv = f".venv-{version}"
    extras = ["dev", "analytics", "geo", "excel", "postgres", "lineage", "stack"]
    subprocess.run([python, "scripts/setup_env.py", venv, *extras], cwd=ROOT, env=clean_environment, check=True)
    tests = [f"{venv}/bin/python", "-m", "pytest", "-q", "-n", "2", "-m", UNIT, "-p", "no:cacheprovider"]
    done = subprocess.run(tests, cwd=ROOT, env=clean_environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    print(done.stdout.splitlines()[-1])
