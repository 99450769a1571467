import signal
import subprocess
import sys
import weakref

import pytest

from prefect_patterns.cli.interrupt import would_be_swallowed


class Seen:
    """Notes what a signal handler would be told at its end."""

    def __init__(self, notes):
        self.notes = notes

    def __del__(self):
        self.notes.append(would_be_swallowed(sys._getframe()))


def test_a_finalizer_swallows_an_interrupt():
    notes = []
    Seen(notes)
    assert notes == [True]


def test_a_weak_references_callback_swallows_an_interrupt():
    notes = []
    value = Seen([])
    weakref.finalize(value, lambda: notes.append(would_be_swallowed(sys._getframe())))
    del value
    assert notes == [True]


def test_ordinary_code_does_not():
    assert not would_be_swallowed(sys._getframe())
    assert not would_be_swallowed(None)


@pytest.mark.service
@pytest.mark.parametrize("wait", ["input()", "threading.Event().wait()"])
def test_an_interrupt_ends_a_wait_also_when_polars_is_there(wait):
    code = (
        "import threading\n"
        "from prefect_patterns.cli.interrupt import interrupt_waiting, raise_on_interrupt\n"
        "raise_on_interrupt()\nimport polars\ninterrupt_waiting()\n"
        f"try:\n    print('ready', flush=True)\n    {wait}\n"
        "except KeyboardInterrupt:\n    print('ended')\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        try:
            assert process.stdout.readline() == "ended\n"
        finally:
            process.kill()
