"""A pytest plugin: a DHIS2 sandbox for tests of pipelines, on a fixed day.

In a conftest.py: `pytest_plugins = ["prefect_patterns.testing.dhis2"]`; a test then asks for `dhis2_sandbox`.
"""

from collections.abc import Iterator
from datetime import date

import pytest

from prefect_patterns.sandbox.dhis2 import Dhis2Sandbox

__all__ = ["TODAY", "dhis2_process", "dhis2_sandbox"]

TODAY = date(2026, 7, 15)
"""The sandbox's day: its values end with June 2026."""


@pytest.fixture(scope="session")
def dhis2_process() -> Iterator[Dhis2Sandbox]:
    """Give the session's sandbox process; tests use `dhis2_sandbox`."""
    with Dhis2Sandbox(today=TODAY) as sandbox:
        yield sandbox


@pytest.fixture
def dhis2_sandbox(dhis2_process: Dhis2Sandbox) -> Iterator[Dhis2Sandbox]:
    """Give a running sandbox without faults; those that the test sets are gone after it."""
    yield dhis2_process
    dhis2_process.clear_faults()
