"""How the command line speaks: tables or JSON on stdout, errors as three lines on stderr, one exit code each."""

import atexit
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NoReturn

from prefect_patterns.errors import PatternsError

__all__ = ["INTERRUPTED", "fail", "guarded", "leave", "show_rows", "style", "waiting"]

INTERRUPTED = 130
_COLOURS = {"green": "32", "amber": "33", "red": "31", "bold": "1", "dim": "2"}


def style(text: str, name: str, *, stream: object = None) -> str:
    """Return *text* in a colour or weight, or as it is where colour is not wanted.

    Colour is wanted on a terminal, unless NO_COLOR is set or TERM is `dumb`.
    """
    out = sys.stdout if stream is None else stream
    terminal = getattr(out, "isatty", lambda: False)()
    if not terminal or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\033[{_COLOURS[name]}m{text}\033[0m"


def show_rows(rows: Sequence[Mapping[str, object]], *, as_json: bool) -> None:
    """Print *rows* as a table with a heading, or as JSON; the keys of the first row are the columns."""
    if as_json:
        print(json.dumps([dict(row) for row in rows], indent=2, ensure_ascii=False, default=str))
        return
    if not rows:
        return
    names = list(rows[0])
    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    widths = [max(len(line[at]) for line in [names, *cells]) for at in range(len(names))]
    print(style("  ".join(name.ljust(width) for name, width in zip(names, widths, strict=True)).rstrip(), "bold"))
    for line in cells:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    return str(value)


def fail(error: BaseException, *, debug: bool) -> int:
    """Print *error* for a person on stderr and return the exit code that says who acts."""
    if debug:
        traceback.print_exception(error)
    if isinstance(error, PatternsError):
        what, hint, docs, code = " ".join(error.what.split()), error.hint, error.docs, error.exit_code
    else:
        what = f"{type(error).__name__}: {error}".splitlines()[0][:500]
        hint, docs, code = "this is a bug of ours: run it again with --debug and report what it prints", "", 1
    lines = [("error", what), ("  try", hint), (" docs", docs)]
    for label, text in lines:
        if text:
            print(f"{style(label, 'red' if label == 'error' else 'dim', stream=sys.stderr)}: {text}", file=sys.stderr)
    return code


def guarded(command: Callable[[], int], *, debug: bool) -> int:
    """Run *command* and return its exit code; an exception becomes its three lines and its code."""
    try:
        code = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001  # the boundary: everything is shown, nothing goes on
        return fail(error, debug=debug)
    return code


def leave(code: int) -> NoReturn:
    """End the process now, after what asked to be called at its end.

    Taking the interpreter apart would take up to a second more, in which libraries complain on stderr of what an
    exception still holds, and a second Ctrl-C shows their insides.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    atexit._run_exitfuncs()  # noqa: SLF001  # what sys.exit would do first
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say *what* takes time: a spinner on a terminal that goes when it is done, a plain line elsewhere."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        print(what, flush=True)
        yield
        return
    from rich.console import Console

    with Console().status(what):
        yield
