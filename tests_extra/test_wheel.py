import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def installed(tmp_path_factory, clean_environment):
    """Build the wheel and install it, core only, into an empty environment; give that environment's bin folder."""
    folder = tmp_path_factory.mktemp("wheel")
    run = {"check": True, "env": clean_environment, "capture_output": True}
    subprocess.run([sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", folder, ROOT], **run)
    (wheel,) = folder.glob("*.whl")
    python = folder / "venv" / "bin" / "python"
    constraints = ROOT / "constraints.txt"
    if uv := shutil.which("uv"):
        subprocess.run([uv, "venv", "--python", sys.executable, folder / "venv"], **run)
        subprocess.run(
            [uv, "pip", "install", "--python", python, "-c", constraints, wheel, "--compile-bytecode"], **run
        )
    else:
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], **run)
        subprocess.run([python, "-m", "pip", "install", "-c", constraints, wheel], **run)
    return python.parent


def patterns(installed, environment, folder, *arguments):
    return subprocess.run(
        [installed / "patterns", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_installed_catalogue_lists_its_flows(installed, clean_environment, tmp_path):
    done = patterns(installed, clean_environment, tmp_path, "list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    shipped = {row["flow"] for row in json.loads(done.stdout)}
    assert shipped == {path.stem[4:] for path in (ROOT / "flows").glob("[0-9]*.py")}


def test_the_main_job_runs_from_the_wheel_with_nothing_on_stderr(installed, clean_environment, tmp_path):
    done = patterns(installed, clean_environment, tmp_path, "run", "108", "--local")
    assert done.stderr == ""
    assert done.returncode == 0
    output = tmp_path / ".patterns" / "output" / "108"
    assert {"report.html", "dhis2.duckdb", "rejected.parquet", "tables"} <= {path.name for path in output.iterdir()}


def test_the_wheel_says_its_licences(installed):
    licences = list(installed.parent.glob("lib/*/site-packages/prefect_patterns-*.dist-info/licenses/**/LICENSE*"))
    assert {path.name for path in licences} == {"LICENSE", "LICENSE-DHIS2"}
