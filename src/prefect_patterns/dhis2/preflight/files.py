"""The DHIS2 calls in files and folders, with what could not be read: bounded, and nothing is run."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.util import decode_source
from pathlib import Path

from prefect_patterns.dhis2.preflight.calls import Call, plain
from prefect_patterns.dhis2.preflight.other_text import notebook_calls, recorded_calls, text_calls
from prefect_patterns.dhis2.preflight.python_code import python_calls
from prefect_patterns.errors import UsageError

__all__ = ["CODE", "TEXTS", "Found", "Skipped", "find_calls", "has_code"]

CODE = frozenset({".py", ".ipynb", ".yaml", ".yml"})
"""Suffixes of what is read in a folder that nobody named."""
TEXTS = CODE | frozenset(
    """
    .bash .bat .cfg .cmd .conf .env .go .har .http .ini .java .js .json .kjb .ktr .log .php .properties .ps1 .qmd .r .rb
    .rest .rmd .sh .sql .toml .ts .txt .xml .zsh
    """.split()  # noqa: SIM905 - a list of thirty quoted words says no more
)
"""Suffixes of what is read in a folder that was named; a file that was named is always read."""

_LARGEST = 20_000_000
_MOST = 5_000
_NOT_OURS = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "build", "dist"})


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was not read.

    Args:
        why: In words, with the line of a mistake.
    """

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """What the files hold.

    Args:
        calls: In the order of the files, each with file and line.
        files: How many were read.
        skipped: Those that could not be read.
    """

    calls: tuple[Call, ...]
    files: int
    skipped: tuple[Skipped, ...]


def find_calls(paths: Sequence[Path], *, suffixes: frozenset[str] = TEXTS, most: int = _MOST) -> Found:
    """Return the calls in these files, and in the files with these *suffixes* below these folders.

    Folders of virtual environments, of version control and of what others wrote are left out.

    Args:
        most: Files that are read; the others are among the skipped.

    Raises:
        UsageError: There are no such files; all of them are named.
    """
    missing = [str(path) for path in paths if not _exists(path)]
    if missing:
        raise UsageError(f"there is no {', '.join(missing)}", hint="name files or folders that exist")
    calls: list[Call] = []
    skipped: list[Skipped] = []
    files = 0
    for path in dict.fromkeys(file for start in paths for file in _files(start, suffixes)):
        if files + len(skipped) >= most:
            skipped.append(Skipped("…", f"no more than {most:,} files are read; name the folders that matter"))
            break
        try:
            found = _read(path)
        except SyntaxError as error:  # perhaps Python 2
            where = f" (line {error.lineno})" if error.lineno else ""
            why = f"it is not Python 3: {error.msg}{where}; only the addresses in its lines are taken"
            skipped.append(Skipped(_shown(path), plain(why)))
            calls += _read(path, as_text=True)
        except (OSError, ValueError) as error:
            why = error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)
            skipped.append(Skipped(_shown(path), plain(why)))
        except (RecursionError, MemoryError):
            skipped.append(Skipped(_shown(path), "it is nested too deeply"))
        else:
            files += 1
            calls += found
    return Found(tuple(calls), files, tuple(skipped))


def has_code(folder: Path) -> bool:
    """Return whether *folder* holds files that a pipeline may be made of.

    >>> has_code(Path("/nowhere"))
    False
    """
    return folder.is_dir() and next(_files(folder, CODE), None) is not None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _files(path: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _NOT_OURS)
        if "pyvenv.cfg" in names:
            folders.clear()
            continue
        yield from (Path(folder, name) for name in sorted(names) if _suffix(name) in suffixes)


def _suffix(name: str) -> str:
    return name if name.startswith(".") and name.count(".") == 1 else os.path.splitext(name)[1].lower()


def _read(path: Path, *, as_text: bool = False) -> list[Call]:
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise ValueError("it is not a file")
    if about.st_size > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST // 1_000_000} MB")
    data = path.read_bytes()
    if b"\0" in data:
        raise ValueError("it is binary")
    is_python = path.suffix.lower() == ".py" and not as_text
    text = _python(data) if is_python else data.decode("utf-8-sig", "replace")
    readers: dict[str, Callable[[str], Iterator[Call]]] = {
        ".py": python_calls,
        ".ipynb": notebook_calls,
        ".har": recorded_calls,
    }
    reader = text_calls if as_text else readers.get(path.suffix.lower(), text_calls)
    return [replace(call, where=_where(path, call)) for call in reader(text)]


def _python(data: bytes) -> str:
    try:
        return decode_source(data)
    except UnicodeDecodeError as error:
        raise SyntaxError("it has letters that are not UTF-8") from error


def _where(path: Path, call: Call) -> str:
    more = f" (+{call.times - 1:,})" if call.times > 1 else ""
    return f"{_shown(path)}:{call.where}{more}"


def _shown(path: Path) -> str:
    try:
        shown = path.absolute().relative_to(Path.cwd())
    except ValueError:
        shown = path
    return plain(str(shown))
