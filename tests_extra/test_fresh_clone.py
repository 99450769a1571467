import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.timeout(900)
READ_ONLY_HOME = 'mount -t tmpfs -o ro none "$HOME" && exec "$@"'


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """Clone what is committed into a folder with a space in its name."""
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    folder = tmp_path_factory.mktemp("clone") / "a folder"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
    return folder


def make(clone, environment, *targets, home):
    """Run make with a HOME that cannot be written, where the machine lets us make one."""
    wrapper = ["unshare", "-rm", "sh", "-c", READ_ONLY_HOME, "sh"]
    probe = subprocess.run([*wrapper, "true"], env=environment | {"HOME": str(home)}, capture_output=True)
    command = [*(wrapper if probe.returncode == 0 else []), "make", *targets]
    return subprocess.run(
        command, cwd=clone, env=environment | {"HOME": str(home)}, capture_output=True, text=True, check=False
    )


def test_a_fresh_clone_sets_itself_up_once_and_runs_the_main_job(clone, clean_environment, tmp_path):
    first = make(clone, clean_environment, "setup", home=tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("setting up .venv (core)")
    again = make(clone, clean_environment, "setup", home=tmp_path)
    assert (again.returncode, again.stdout) == (0, "")
    done = make(clone, clean_environment, "run", home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert (clone / ".patterns" / "output" / "108" / "report.html").exists()
    assert list(tmp_path.iterdir()) == []


def test_a_moved_clone_sets_itself_up_again(clone, clean_environment, tmp_path):
    moved = clone.parent / "moved"
    shutil.move(clone, moved)
    done = make(moved, clean_environment, "setup", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("setting up .venv (core)")
