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

from prefect_patterns.stack import PrefectServer, own_environment

__all__ = ["prefect_server", "pytest_configure", "pytest_unconfigure"]

_home = pytest.StashKey[Path]()
_OURS = ("PATTERNS_DHIS2_URL", "PATTERNS_DHIS2_USERNAME", "PATTERNS_DHIS2_PASSWORD", "PATTERNS_DHIS2_TOKEN")


def pytest_configure(config: pytest.Config) -> None:
    """Point this process's Prefect at a folder of the test session, before anything imports it."""
    home = Path(tempfile.mkdtemp(prefix="patterns-test-"))
    config.stash[_home] = home
    for name in [*_OURS, "PATTERNS_SERVICES"]:
        os.environ.pop(name, None)
    os.environ["PATTERNS_HOME"] = str(home)
    ours = own_environment(home / "prefect")
    for name in [name for name in os.environ if name.startswith("PREFECT_") and name not in ours]:
        del os.environ[name]
    os.environ.update(ours)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove that folder."""
    shutil.rmtree(config.stash[_home], ignore_errors=True)


@pytest.fixture(scope="session")
def prefect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """Give a running server that this process's Prefect uses; xdist workers share one.

    Task runs are not recorded and heartbeats are off: together they make a flow test an order of magnitude faster.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    home = shared / "prefect-fast"
    home.mkdir(exist_ok=True)
    with FileLock(shared / "prefect-fast.lock"):
        if (home / "server.json").exists():
            server = PrefectServer.join(home)
        else:
            server = PrefectServer(home).launch().wait_ready()

    with server.in_use():
        yield server
    server.leave()
