import sys
import weakref

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
