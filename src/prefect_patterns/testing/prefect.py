"""A pytest plugin: one tuned Prefect server for all tests and all xdist workers, ready for flows that take 0.1 s.

In a conftest.py: `pytest_plugins = ["prefect_patterns.testing.prefect"]`; a test then asks for `prefect_server`.
It never touches anybody's profile: PREFECT_HOME is a temporary folder, set before Prefect is imported.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from prefect_patterns.stack import PrefectServer, use_own_environment

__all__ = ["prefect_server", "pytest_configure", "pytest_unconfigure"]

_home = pytest.StashKey[Path]()
_OURS = (
    "PATTERNS_DHIS2_URL",
    "PATTERNS_DHIS2_USERNAME",
    "PATTERNS_DHIS2_PASSWORD",
    "PATTERNS_DHIS2_TOKEN",
    "PATTERNS_HTTPBOX_URL",
)


def pytest_configure(config: pytest.Config) -> None:
    """Point this process's Prefect at a folder of the test session, before anything imports it."""
    home = Path(tempfile.mkdtemp(prefix="patterns-test-"))
    config.stash[_home] = home
    for name in [*_OURS, "PATTERNS_SERVICES"]:
        os.environ.pop(name, None)
    os.environ["PATTERNS_HOME"] = str(home)
    use_own_environment(home / "prefect")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove that folder."""
    shutil.rmtree(config.stash[_home], ignore_errors=True)


@pytest.fixture(scope="session")
def prefect_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """Give a running server that this process's Prefect uses; xdist workers share one.

    Task runs are not recorded and heartbeats are off: together they make a flow test an order of magnitude faster.
    """
    shared = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):  # not the environment: a worker's child may be a session of its own
        shared = shared.parent
    home = shared / "prefect-fast"
    home.mkdir(exist_ok=True)
    with FileLock(shared / "prefect-fast.lock"):
        server = PrefectServer.join(home) or PrefectServer(home).launch().wait_ready()
    with server.in_use():
        yield server
    server.leave()
