"""Write a file so that a reader sees the old one or the new one, never half."""

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect_patterns.errors import PatternsError, StorageError

__all__ = ["atomic_path", "is_full", "storage", "write_bytes", "write_text"]

_ALMOST_NOTHING = 2**20
_OS_ERROR = re.compile(r"\(os error (\d+)\)")
_CUT_FOOTER = "thrift: transport error"  # of a Parquet file whose end did not fit: Polars names no code for that


@contextmanager
def storage(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals inside the block into a `StorageError` that names *path*."""
    try:
        yield
    except BaseException as error:
        reason = _refusal(error, path)
        if reason is None:
            raise
        raise StorageError(getattr(error, "filename", None) or path, reason) from error


def _refusal(error: BaseException, path: Path) -> str | None:
    if isinstance(error, PatternsError | ConnectionError | TimeoutError | ChildProcessError | ProcessLookupError):
        return None  # what a block does beside writing: a peer, a pipe or a process, no disk
    if isinstance(error, OSError) and error.errno is not None:
        return error.strerror or os.strerror(error.errno)
    # Polars hands on the operating system's code in the text of errors of its own.
    code = _OS_ERROR.search(str(error))
    if code is None and _CUT_FOOTER in str(error) and is_full(path if path.is_dir() else path.parent):
        return os.strerror(errno.ENOSPC)
    return os.strerror(int(code[1])) if code else None


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside *target*; when the block ends well, it becomes *target*.

    The block may write a file or make a folder there. When it raises, nothing of it stays and *target* is as before.
    A folder replaces only a folder that does not exist yet or is empty: use `versioned_folder` for the others.
    Where *target* is a symbolic link, the file that it points to is replaced and the link stays.

    Raises:
        StorageError: The disk is full, read-only, or the folder is not ours.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "answer.txt"
    >>> with atomic_path(target) as draft:
    ...     _ = draft.write_text("42")
    >>> target.read_text()
    '42'
    """
    if target.is_symlink():
        target = Path(os.path.realpath(target))
    with storage(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=target.suffix)
        os.close(descriptor)
    draft = Path(name)
    draft.unlink()  # only the unique name is wanted: the block may make a folder or insist on a new file
    try:
        with storage(target):
            yield draft
            if draft.is_file():
                _sync(draft)
            os.replace(draft, target)
    finally:
        _remove(draft)


def is_full(folder: Path) -> bool:
    """Return whether less than a megabyte is free where *folder* is: the cause of failures that say something else.

    >>> is_full(Path.cwd())
    False
    """
    return shutil.disk_usage(folder).free < _ALMOST_NOTHING


def write_bytes(target: Path, content: bytes) -> None:
    """Write *content* to *target* as one step."""
    with atomic_path(target) as draft:
        draft.write_bytes(content)


def write_text(target: Path, content: str) -> None:
    """Write *content* to *target* as one step, in UTF-8."""
    write_bytes(target, content.encode())


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
