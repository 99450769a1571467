"""Where a service's sandbox is: a published one, or a child process of ours."""

import atexit
import inspect
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from prefect_patterns.errors import LocalError, UsageError
from prefect_patterns.sandbox.dhis2 import Dhis2Sandbox
from prefect_patterns.sandbox.httpbox import HttpBox
from prefect_patterns.sandbox.published import Published, publish, published, withdraw

__all__ = ["NAMES", "ensure", "running", "serve"]

Box = Dhis2Sandbox | HttpBox

_BOXES: Mapping[str, Callable[..., Box]] = {"dhis2": Dhis2Sandbox, "httpbox": HttpBox}
NAMES = tuple(_BOXES)

_own: dict[tuple[str, int], Box] = {}  # by process too: a fork must not end its parent's
_lock = threading.Lock()


def ensure(name: str) -> str:
    """Return the base address of the sandbox of *name*, which runs when this returns.

    That is a child process of this process, once it has one; else the one published in `PATTERNS_HOME/sandbox.json`
    while it answers; else a new child process, on a free port, not published, ended with this process.

    Args:
        name: The service: `dhis2` or `httpbox`.

    Raises:
        UsageError: There is no such sandbox.
        LocalError: It could not be started.
    """
    with _lock:
        found = running(name)
        if found:
            return found.url
        box = _BOXES[name]().start()
        key = (name, os.getpid())
        if key not in _own:
            atexit.register(_end, key)
        _own[key] = box
        return box.url


def running(name: str) -> Published | None:
    """Return the sandbox of *name* that `ensure` would use, or None when it would have to start one.

    Raises:
        UsageError: There is no such sandbox.
    """
    _check(name)
    box = _own.get((name, os.getpid()))
    if box is not None and box.process is not None and box.process.poll() is None:
        return _entry(box)
    return published(name, _home())


def serve(name: str = "dhis2", *, on_ready: Callable[[Published], None] = lambda _: None, **options: Any) -> None:
    """Serve a sandbox in the foreground, published for this project, until SIGINT, SIGTERM or SIGHUP.

    Args:
        name: The service: `dhis2` or `httpbox`.
        on_ready: Called once it answers and is published.
        options: What `Dhis2Sandbox` or `HttpBox` is to be, such as `port` or `seed`; None is as not given.

    Raises:
        UsageError: There is no such sandbox, or it has no such option or value.
        LocalError: The port is taken, or the server ended by itself.
        StorageError: `sandbox.json` cannot be written.
    """
    _check(name)
    home = _home()
    with _until_signalled(), _build(name, options) as box:
        assert box.process  # noqa: S101
        here = _entry(box)
        publish(name, here, home)
        try:
            on_ready(here)
            code = box.process.wait()
        finally:
            withdraw(name, here, home)
        raise LocalError(f"the {name} sandbox ended by itself ({code})", hint="start it again")


def _build(name: str, options: Mapping[str, object]) -> Box:
    given = {option: value for option, value in options.items() if value is not None}
    known = inspect.signature(_BOXES[name]).parameters
    if unknown := sorted(set(given) - set(known)):
        raise UsageError(
            f"the {name} sandbox has no option {', '.join(unknown)}", hint=f"use {', '.join(sorted(known))}"
        )
    return _BOXES[name](**given)


def _entry(box: Box) -> Published:
    assert box.process  # noqa: S101
    token = box.token if isinstance(box, Dhis2Sandbox) else ""
    return Published(box.url, box.process.pid, box.version, box.username, box.password, token)


def _home() -> Path:
    from prefect_patterns.settings import load_settings  # a child process, which serves, needs none of it

    return load_settings().home


class _Signalled(BaseException):
    """One of the signals came."""


@contextmanager
def _until_signalled() -> Iterator[None]:
    def end(_number: int, _frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)  # a second Ctrl-C must not interrupt the clearing up
        raise _Signalled

    before = {each: signal.signal(each, end) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except _Signalled:
        pass
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _check(name: str) -> None:
    if name not in NAMES:
        raise UsageError(f"there is no sandbox of {name!r}", hint=f"use {', '.join(NAMES)}")


def _end(key: tuple[str, int]) -> None:
    box = _own.get(key)
    if box is not None and key[1] == os.getpid():
        box.stop()
