"""The steps of a run as lines on the terminal: name, state, what came of it, seconds."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from prefect_patterns.clock import SYSTEM, Clock

__all__ = ["Step", "Steps", "shown_path"]

T = TypeVar("T")
_COLOURS = {"ok": "32", "green": "32", "amber": "33", "red": "31", "failed": "31"}


@dataclass(slots=True)
class Step:
    """What one step has to say; set while it runs.

    Args:
        state: One word, such as ok, amber or red.
        text: What came of it.
        progress: Shows how far it is, where a terminal can.
    """

    state: str = "ok"
    text: str = ""
    progress: Callable[[str], object] = field(default=lambda _: None, repr=False)

    def counting(self, items: Sequence[T], what: str) -> Iterator[T]:
        """Yield *items*; a terminal shows meanwhile how many of them are done.

        >>> list(Step().counting([1, 2], "data sets"))
        [1, 2]
        """
        for done, item in enumerate(items):
            self.progress(f"{done} of {len(items)} {what} …")
            yield item


class Steps:
    """Prints a line for each step when it ends; a terminal shows a spinner meanwhile.

    >>> steps = Steps()
    >>> with steps.step("connect") as step:
    ...     step.text = "DHIS2 2.43.1"
      connect      ok    DHIS2 2.43.1 ...
    """

    def __init__(self, *, clock: Clock = SYSTEM) -> None:
        self._clock = clock

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time the block and print its line; a block that raises is printed as failed, and the error goes on."""
        step = Step()
        started = self._clock.monotonic()
        try:
            with _spinner(f"{name} …") as spinner:
                if spinner is not None:
                    step.progress = lambda text: spinner.update(f"{name} {text}")
                yield step
        except BaseException:
            step.state = "failed"
            raise
        finally:
            self._print(name, step, self._clock.monotonic() - started)

    def _print(self, name: str, step: Step, seconds: float) -> None:
        state = step.state.ljust(5)
        if _colourful():
            state = f"\033[{_COLOURS.get(step.state, '1')}m{state}\033[0m"
        print(f"  {name:<12} {state} {step.text:<66} {seconds:6.1f} s", flush=True)


def shown_path(path: Path) -> str:
    """Return *path* as a person would type it here: relative when it lies below the current folder.

    >>> shown_path(Path.cwd() / "out" / "report.html")
    'out/report.html'
    """
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _colourful() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _spinner(what: str) -> Any:
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return nullcontext()
    from rich.console import Console

    return Console().status(what)
