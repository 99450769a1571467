"""What all tests share: one Prefect session, one sandbox, time-outs by kind of test."""

import os
from collections.abc import Callable
from types import ModuleType

import pytest
from hypothesis import settings

pytest_plugins = ["prefect_patterns.testing.prefect", "prefect_patterns.testing.dhis2"]

# In a continuous integration job the same examples each time: new ones are drawn where somebody can look at them.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")

_SECONDS = {"service": 60, "flow": 120, "cli": 180, "stack": 180, "kill": 180, "browser": 120}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give tests that start processes more than the unit tests have."""
    for item in items:
        seconds = max((_SECONDS[mark.name] for mark in item.iter_markers() if mark.name in _SECONDS), default=None)
        if seconds is not None:
            item.add_marker(pytest.mark.timeout(seconds))


@pytest.fixture
def flow_file(prefect_server: object) -> Callable[[str], ModuleType]:
    """Give a function that imports a flow file of the catalogue by its number."""
    from prefect_patterns.cli.catalogue import Catalogue

    catalogue = Catalogue.find()
    return lambda number: catalogue.entry(number).load()
