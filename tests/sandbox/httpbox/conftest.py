from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from prefect_patterns.sandbox.httpbox.app import build_app
from prefect_patterns.sandbox.proxy import HostCheck
from prefect_patterns.testing import FakeClock

ADDRESS = "http://127.0.0.1:8044"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def client(clock) -> Iterator[TestClient]:
    """A client of a fresh httpbox in this process."""
    with TestClient(HostCheck(build_app(clock=clock)), base_url=ADDRESS, follow_redirects=False) as client:
        yield client
