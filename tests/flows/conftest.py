from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def on_sandbox(flow_file, dhis2_sandbox, monkeypatch) -> Callable[[str, Path], ModuleType]:
    """Give a function that imports a flow by its number, to run on the session's sandbox and write to a folder."""

    def load(number: str, home: Path) -> ModuleType:
        monkeypatch.setenv("PATTERNS_HOME", str(home))
        monkeypatch.setenv("PATTERNS_DHIS2_URL", dhis2_sandbox.url)
        monkeypatch.setenv("PATTERNS_DHIS2_USERNAME", dhis2_sandbox.username)
        monkeypatch.setenv("PATTERNS_DHIS2_PASSWORD", dhis2_sandbox.password)
        return flow_file(number)

    return load
