"""Where a service's sandbox is: a published one, or a child process of ours."""

import atexit
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from types import FrameType

from prefect_patterns.errors import LocalError, UsageError
from prefect_patterns.sandbox.dhis2 import Dhis2Sandbox
from prefect_patterns.sandbox.published import Published, publish, published, withdraw
from prefect_patterns.settings import load_settings

__all__ = ["NAMES", "ensure", "running", "serve"]

NAMES = ("dhis2",)

_own: dict[tuple[str, int], Dhis2Sandbox] = {}  # by process too: a fork must not end its parent's
_lock = threading.Lock()


def ensure(name: str) -> str:
    """Return the base address of the sandbox of *name*, which runs when this returns.

    That is a child process of this process, once it has one; else the one published in `PATTERNS_HOME/sandbox.json`
    while it answers; else a new child process, on a free port, not published, ended with this process.

    Args:
        name: The service: `dhis2`.

    Raises:
        UsageError: There is no such sandbox.
        LocalError: It could not be started.
    """
    with _lock:
        found = running(name)
        if found:
            return found.url
        box = Dhis2Sandbox().start()
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
        return Published(box.url, box.process.pid, box.version, box.username, box.password)
    return published(name, load_settings().home)


def serve(
    name: str = "dhis2",
    *,
    version: str = "43",
    port: int = 0,
    today: date | None = None,
    seed: int | None = None,
    on_ready: Callable[[Published], None] = lambda _: None,
) -> None:
    """Serve a sandbox in the foreground, published for this project, until SIGINT, SIGTERM or SIGHUP.

    Args:
        name: The service: `dhis2`.
        version: The version to imitate.
        port: On 127.0.0.1; 0 takes a free one.
        today: The server's day; None is the real one.
        seed: Of the data values; None is the usual seed.
        on_ready: Called once it answers and is published.

    Raises:
        UsageError: There is no such sandbox or version.
        LocalError: The port is taken, or the server ended by itself.
        StorageError: `sandbox.json` cannot be written.
    """
    _check(name)
    home = load_settings().home
    with _until_signalled(), Dhis2Sandbox(version=version, port=port, today=today, seed=seed) as box:
        assert box.process  # noqa: S101
        here = Published(box.url, box.process.pid, box.version, box.username, box.password)
        publish(name, here, home)
        try:
            on_ready(here)
            code = box.process.wait()
        finally:
            withdraw(name, here, home)
        raise LocalError(f"the {name} sandbox ended by itself ({code})", hint="start it again")


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
