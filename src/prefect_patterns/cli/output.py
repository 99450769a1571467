"""How the command line speaks: tables or JSON on stdout, errors as three lines on stderr, one exit code each."""

import atexit
import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import NoReturn

from prefect_patterns.errors import LocalError, PatternsError

__all__ = ["INTERRUPTED", "fail", "guarded", "leave", "show_rows", "style", "usable_streams", "waiting"]

INTERRUPTED = 130
_COLOURS = {"green": "32", "amber": "33", "red": "31", "bold": "1", "dim": "2"}


def usable_streams() -> None:
    """Give the process three streams that take any text: a closed one is empty, what an encoding lacks becomes `?`."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):  # in the order of their numbers
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # for the whole process
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


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
        # Where the terminal's encoding could lose a letter, JSON has a way to write it.
        only_ascii = (sys.stdout.encoding or "").lower() != "utf-8"
        print(json.dumps([dict(row) for row in rows], indent=2, ensure_ascii=only_ascii, default=str))
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
        with suppress(OSError):
            traceback.print_exception(error)
    if isinstance(error, PatternsError):
        what, hint, docs, code = error.what, error.hint, error.docs, error.exit_code
    elif isinstance(error, OSError) and error.errno is not None:
        what, hint, docs, code = str(error), "look at the file, port or device that it names", "", LocalError.exit_code
    else:
        what = f"{type(error).__name__}: {error}".splitlines()[0][:500]
        hint, docs, code = "this is a bug of ours: run it again with --debug and report what it prints", "", 1
    lines = [("error", what), ("  try", hint), (" docs", docs)]
    with suppress(OSError):  # nobody may be there to read it; the exit code stays
        for label, text in lines:
            if text:
                colour = "red" if label == "error" else "dim"
                print(f"{style(label, colour, stream=sys.stderr)}: {_one_line(text)}", file=sys.stderr)
    return code


def _one_line(text: str) -> str:
    # A server's own words may be in it: they must not move the cursor or clear the screen.
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.split()))


def guarded(command: Callable[[], int], *, debug: bool) -> int:
    """Run *command* and return its exit code; an exception becomes its three lines and its code."""
    try:
        code = command()
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return 0  # the reader (head, less) has seen enough
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
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads it any more, or the disk is full: `guarded` has said so
            stream.flush()
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
