"""A folder of outputs that a new run replaces as one version."""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect_patterns.errors import StorageError, UsageError
from prefect_patterns.files.atomic import storage

__all__ = ["versioned_folder"]

_NAME = re.compile(r"\w+")  # no dash: `report` must not take the versions of `report-daily` for its own
_VERSION = re.compile(r"\w[\w.-]*")
_WRITING = ".writing"


@contextmanager
def versioned_folder(output: Path, name: str, version: str, *, keep: int = 2) -> Iterator[Path]:
    """Yield a new folder; when the block ends well, `output/name` becomes a symlink to it.

    The folder is `output/.runs/name-version`. Until the block has ended well the link points to the version before.
    A version whose writer was killed is removed by the next writer; one that is being written is left alone.

    Args:
        output: The folder of all outputs.
        name: The link's name: letters, digits and underscores.
        version: Unique for each run, such as a run id: dots and dashes too.
        keep: How many versions of *name* stay, this one included.

    Raises:
        UsageError: The name or the version has other characters.
        StorageError: The disk is full or read-only, `output/name` is something else than our link, or there is such a
            version already.

    >>> import tempfile
    >>> output = Path(tempfile.mkdtemp())
    >>> with versioned_folder(output, "report", "run1") as folder:
    ...     _ = (folder / "page.html").write_text("one")
    >>> (output / "report" / "page.html").read_text()
    'one'
    """
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
        raise UsageError(
            f"{name!r}, {version!r} cannot be the name and the version of a folder",
            hint="use letters, digits and underscores; dots and dashes in the version only",
        )
    runs = output / ".runs"
    final = runs / f"{name}-{version}"
    draft = runs / f".{name}-{version}.draft"
    link = output / name
    with storage(output):
        runs.mkdir(parents=True, exist_ok=True)
        with _alone(runs):
            _check_free(link, final)
            _sweep(runs, name)
            draft.mkdir()
            lock = os.open(draft / _WRITING, os.O_CREAT | os.O_RDWR, 0o666)
            fcntl.flock(lock, fcntl.LOCK_EX)  # freed by the kernel when this process dies
    try:
        with storage(draft):
            yield draft
            with _alone(runs):
                os.rename(draft, final)
                os.unlink(final / _WRITING)
                _point(link, final)
                _prune(runs, name, final, keep)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        os.close(lock)


@contextmanager
def _alone(runs: Path) -> Iterator[None]:
    """Let one writer at a time change what is in *runs*; it takes milliseconds."""
    lock = os.open(runs / ".lock", os.O_CREAT | os.O_RDWR, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _check_free(link: Path, final: Path) -> None:
    ours = link.is_symlink() and Path(os.readlink(link)).parent.name == final.parent.name
    if os.path.lexists(link) and not ours:
        raise StorageError(link, "it is in the way of our link", hint=f"move {link} elsewhere")
    if final.exists():
        raise StorageError(final, "there is such a version already", hint="give each run a version of its own")


def _point(link: Path, target: Path) -> None:
    arrow = target.parent / f".{target.name}.link"
    arrow.symlink_to(os.path.relpath(target, link.parent))
    os.replace(arrow, link)


def _sweep(runs: Path, name: str) -> None:
    for draft in runs.glob(f".{name}-*.draft"):
        if not _being_written(draft):
            shutil.rmtree(draft, ignore_errors=True)
    for arrow in runs.glob(f".{name}-*.link"):
        arrow.unlink()


def _being_written(draft: Path) -> bool:
    try:
        lock = os.open(draft / _WRITING, os.O_RDWR)
    except FileNotFoundError:
        return False  # its writer was killed in the moment between the folder and its lock
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)


def _prune(runs: Path, name: str, current: Path, keep: int) -> None:
    others = [path for path in runs.glob(f"{name}-*") if path != current]
    others.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for old in others[max(keep - 1, 0) :]:
        shutil.rmtree(old, ignore_errors=True)
