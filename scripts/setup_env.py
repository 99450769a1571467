"""Make or refresh a virtual environment of the project; do nothing when it is up to date.

Runs on the standard library of any python3 and needs no write access outside the project: uv when it is on
PATH, else the pip that comes with Python.

    python3 scripts/setup_env.py .venv            # the core
    python3 scripts/setup_env.py .venv dev stack  # the core and these extras
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  # this line is for those who run it on an older one
    sys.exit("error: prefect-patterns needs Python 3.11 or newer; this is " + sys.version.split()[0])

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(folder: str, *extras: str) -> int:
    """Make the environment *folder* hold the core and at least *extras*."""
    venv = ROOT / folder
    with _only_one(venv):
        have = _installed(venv)
        if have is not None and have.issuperset(extras):
            return 0
        wanted = sorted((have or set()) | set(extras))
        uv = shutil.which("uv")
        started = time.monotonic()
        what = "with " + ", ".join(wanted) if wanted else "core"
        how_long = "uv: about half a minute" if uv else "pip: about 2 minutes"
        print(f"setting up {folder} ({what}) with {how_long}", flush=True)
        with tempfile.TemporaryDirectory() as scratch:
            environment = _environment(scratch)
            _install(venv, wanted, uv, environment)
        _stamp_file(venv).write_text(f"{_fingerprint()} {' '.join(wanted)}\n")
        print(f"set up in {time.monotonic() - started:.0f} s; the next start uses it as it is", flush=True)
    return 0


def _install(venv: Path, extras: list[str], uv: str | None, environment: dict[str, str]) -> None:
    python = venv / "bin" / "python"
    # A path with a space must stay one argument, so the project is named by "." and a working folder.
    project = f".[{','.join(extras)}]" if extras else "."
    if not _works(python):
        shutil.rmtree(venv, ignore_errors=True)  # its making was cut short, or its Python is gone
        venv_command = [uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(venv)] if uv else None
        _run(venv_command or [sys.executable, "-m", "venv", str(venv)], environment)
    if uv:
        _run(
            [uv, "pip", "install", "--quiet", "--python", str(python), "-c", "constraints.txt", "-e", project],
            environment,
        )
    else:
        quietly = ["--quiet", "--no-compile", "--disable-pip-version-check"]
        _run([str(python), "-m", "pip", "install", *quietly, "-c", "constraints.txt", "-e", project], environment)
    # Compiled once here, every later start of Python is more than twice as fast.
    packages = sorted(str(path) for path in (venv / "lib").glob("python*/site-packages"))
    compile_all = [str(python), "-m", "compileall", "-q", "-j", "0", *packages, "src", "flows"]
    subprocess.run(compile_all, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False)


def _works(python: Path) -> bool:
    probe = [str(python), "-m", "pip", "--version"]
    return python.exists() and subprocess.run(probe, capture_output=True, check=False).returncode == 0


def _environment(scratch: str) -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment.pop("VIRTUAL_ENV", None)
    if not _writable(Path(os.path.expanduser("~"))):
        # Both tools keep a cache in HOME; uv ends without one, pip warns.
        environment |= {"HOME": scratch, "XDG_CACHE_HOME": scratch}
    return environment


def _writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _run(command: list[str], environment: dict[str, str]) -> None:
    # pip and uv say what they wait for; venv says nothing but a traceback, which nobody needs after Ctrl-C.
    said = subprocess.PIPE if "venv" in command else None
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False, stderr=said, text=True)
    if done.returncode:
        print(done.stderr or "", end="", file=sys.stderr)
        print(f"error: {' '.join(command[:4])} … ended with {done.returncode}", file=sys.stderr)
        print("  try: read the lines above; on Debian the venv module is the package python3-venv", file=sys.stderr)
        sys.exit(6)


def _fingerprint() -> str:
    # sys.version too: an environment does not survive a new Python.
    parts = [(ROOT / "pyproject.toml").read_bytes(), (ROOT / "constraints.txt").read_bytes(), sys.version.encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _stamp_file(venv: Path) -> Path:
    return venv / ".prefect-patterns"


def _installed(venv: Path) -> set[str] | None:
    """Return the extras that are installed, or None when the environment is missing, stale or was moved."""
    try:
        fingerprint, *extras = _stamp_file(venv).read_text().split()
        activate = (venv / "bin" / "activate").read_text()
    except (OSError, ValueError):
        return None
    if not (venv / "bin" / "python").exists():
        return None
    if not any(f"{before}{venv}" in activate for before in ("=", '"', "'")):
        shutil.rmtree(venv)  # moved or copied: its scripts point elsewhere
        return None
    return set(extras) if fingerprint == _fingerprint() else None


@contextlib.contextmanager
def _only_one(venv: Path) -> Iterator[None]:
    """Let two `make run` at once set up one after the other."""
    with (venv.parent / f"{venv.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)  # what was begun is mended by the next start
    except OSError as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        print("  try: free some space, or work in a folder that you may write to", file=sys.stderr)
        sys.exit(6)
