"""A pytest plugin: DHIS2 sandboxes for tests of pipelines, on a fixed day.

In a conftest.py: `pytest_plugins = ["prefect_patterns.testing.dhis2"]`; a test then asks for `dhis2_sandbox`, or for
`dhis2_sandbox_of` and calls it with a version.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date

import pytest

from prefect_patterns.sandbox.dhis2 import Dhis2Sandbox

__all__ = ["TODAY", "dhis2_process", "dhis2_processes", "dhis2_sandbox", "dhis2_sandbox_of"]

TODAY = date(2026, 7, 15)
"""The sandbox's day: its values end with June 2026."""


@pytest.fixture(scope="session")
def dhis2_processes() -> Iterator[Callable[[str], Dhis2Sandbox]]:
    """Give a function that starts the session's process of a version once; tests use `dhis2_sandbox_of`."""
    started: dict[str, Dhis2Sandbox] = {}
    with ExitStack() as stack:

        def of(version: str) -> Dhis2Sandbox:
            number = version.removeprefix("2.")
            if number not in started:
                started[number] = stack.enter_context(Dhis2Sandbox(version=number, today=TODAY))
            return started[number]

        yield of


@pytest.fixture(scope="session")
def dhis2_process(dhis2_processes: Callable[[str], Dhis2Sandbox]) -> Dhis2Sandbox:
    """Give the session's sandbox process; tests use `dhis2_sandbox`."""
    return dhis2_processes("43")


@pytest.fixture
def dhis2_sandbox_of(
    dhis2_processes: Callable[[str], Dhis2Sandbox],
) -> Iterator[Callable[[str], Dhis2Sandbox]]:
    """Give a function that gives a running sandbox of a version; the faults that the test sets are gone after it."""
    used: list[Dhis2Sandbox] = []

    def of(version: str) -> Dhis2Sandbox:
        used.append(dhis2_processes(version))
        return used[-1]

    yield of
    for sandbox in used:
        sandbox.clear_faults()


@pytest.fixture
def dhis2_sandbox(dhis2_process: Dhis2Sandbox) -> Iterator[Dhis2Sandbox]:
    """Give a running sandbox without faults; those that the test sets are gone after it."""
    yield dhis2_process
    dhis2_process.clear_faults()
