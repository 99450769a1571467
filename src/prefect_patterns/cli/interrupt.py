"""Ctrl-C that is not lost: Python forgets an exception raised in a finalizer or a weak reference's callback."""

import os
import signal
import threading
from types import FrameType

__all__ = ["interrupt_waiting", "raise_on_interrupt", "would_be_swallowed"]

_RETRY_AFTER = 0.02


def raise_on_interrupt() -> None:
    """Make SIGINT raise KeyboardInterrupt, as usual, but never where Python would print and forget it."""
    signal.signal(signal.SIGINT, _interrupt)


def interrupt_waiting() -> None:
    """Let SIGINT end what waits for input, a lock or a thread: to be called after the imports, before a wait.

    Polars, once imported, makes the system resume such a wait, so that Ctrl-C is only seen at its end
    (pola-rs/polars, issue 21739).
    """
    signal.siginterrupt(signal.SIGINT, True)


def would_be_swallowed(frame: FrameType | None) -> bool:
    """Return whether an exception raised in *frame* would end in a finalizer or a weak reference's callback."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__del__" or os.path.basename(code.co_filename) in {"weakref.py", "_weakrefset.py"}:
            return True
        frame = frame.f_back
    return False


def _interrupt(_number: int, frame: FrameType | None) -> None:
    if would_be_swallowed(frame):
        again = threading.Timer(_RETRY_AFTER, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()
        return
    raise KeyboardInterrupt
