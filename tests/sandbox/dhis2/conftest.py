from collections.abc import Iterator
from datetime import date

import pytest
from starlette.testclient import TestClient

from prefect_patterns.sandbox.dhis2.app import build_app, serve_app
from prefect_patterns.sandbox.dhis2.metadata import Metadata
from prefect_patterns.sandbox.dhis2.values import Values

TODAY = date(2026, 7, 15)


@pytest.fixture(scope="session")
def today() -> date:
    return TODAY


@pytest.fixture(scope="session")
def metadata() -> Metadata:
    return Metadata()


@pytest.fixture(scope="session")
def values() -> Values:
    return Values(today=TODAY)


@pytest.fixture(scope="session")
def app():
    return build_app(today=TODAY)


@pytest.fixture
def anonymous(app) -> Iterator[TestClient]:
    with TestClient(serve_app(app), base_url="http://127.0.0.1:8043", follow_redirects=False) as client:
        yield client


@pytest.fixture
def client(anonymous) -> TestClient:
    anonymous.auth = ("admin", "district")
    return anonymous
