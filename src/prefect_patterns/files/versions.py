"""A folder of outputs that a new run replaces as one version."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect_patterns.errors import StorageError
from prefect_patterns.files.atomic import storage

__all__ = ["versioned_folder"]


@contextmanager
def versioned_folder(output: Path, name: str, version: str, *, keep: int = 2) -> Iterator[Path]:
    """Yield a new folder; when the block ends well, `output/name` becomes a symlink to it.

    The folder is `output/.runs/name-version`. Until the block has ended well the link points to the version before.
    A version whose writer was killed is removed by the next writer; one that is being written is left alone.

    Args:
        output: The folder of all outputs.
        name: The link's name.
        version: Unique for each run, such as a run id.
        keep: How many versions of *name* stay, this one included.

    Raises:
        StorageError: The disk is full or read-only, or `output/name` is something else than our link.

    >>> import tempfile
    >>> output = Path(tempfile.mkdtemp())
    >>> with versioned_folder(output, "report", "run1") as folder:
    ...     _ = (folder / "page.html").write_text("one")
    >>> (output / "report" / "page.html").read_text()
    'one'
    """
    runs = output / ".runs"
    final = runs / f"{name}-{version}"
    draft = runs / f".{name}-{version}.draft"
    link = output / name
    with storage(output):
        runs.mkdir(parents=True, exist_ok=True)
        if link.exists() and not link.is_symlink():
            raise StorageError(link, "it is in the way of our link", hint=f"move {link} elsewhere")
        _sweep(runs, name)
        draft.mkdir()
        lock = os.open(draft / ".writing", os.O_CREAT | os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX)  # freed by the kernel when this process dies
    try:
        with storage(draft):
            yield draft
            os.unlink(draft / ".writing")
            os.rename(draft, final)
            _point(link, final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        os.close(lock)
    _prune(runs, name, link, keep)


def _point(link: Path, target: Path) -> None:
    arrow = target.parent / f".{target.name}.link"
    arrow.unlink(missing_ok=True)
    arrow.symlink_to(os.path.relpath(target, link.parent))
    os.replace(arrow, link)


def _sweep(runs: Path, name: str) -> None:
    for draft in runs.glob(f".{name}-*.draft"):
        if not _being_written(draft):
            shutil.rmtree(draft, ignore_errors=True)


def _being_written(draft: Path) -> bool:
    try:
        lock = os.open(draft / ".writing", os.O_RDWR)
    except FileNotFoundError:
        return True  # just made, or just about to become final
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(lock)


def _prune(runs: Path, name: str, link: Path, keep: int) -> None:
    current = link.resolve()
    others = [path for path in runs.glob(f"{name}-*") if path != current.absolute() and path.resolve() != current]
    others.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for old in others[max(keep - 1, 0) :]:
        shutil.rmtree(old, ignore_errors=True)
