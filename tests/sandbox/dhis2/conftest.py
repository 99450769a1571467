from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from functools import cache

import duckdb
import polars as pl
import pytest
from starlette.testclient import TestClient

from prefect_patterns.sandbox.dhis2.app import Application, build_app, serve_app
from prefect_patterns.sandbox.dhis2.metadata import Metadata
from prefect_patterns.sandbox.dhis2.values import Values

TODAY = date(2026, 7, 15)


@pytest.fixture(scope="session")
def today() -> date:
    return TODAY


@pytest.fixture(scope="session")
def metadata() -> Metadata:
    return Metadata()


@cache
def the_values() -> Values:
    return Values(today=TODAY)


@pytest.fixture(scope="session")
def values() -> Values:
    return the_values()


@cache
def app_of(version: str) -> Application:
    app = build_app(today=TODAY, version=version)
    app.site.values = the_values()  # each release has the same: they are made once
    return app


@pytest.fixture(scope="session")
def app() -> Application:
    return app_of("43")


@pytest.fixture
def anonymous_of() -> Iterator[Callable[[str], TestClient]]:
    """Give a function that gives a client without credentials of a server of this version."""
    with ExitStack() as stack:

        def of(version: str) -> TestClient:
            served = serve_app(app_of(version))
            client = TestClient(served, base_url="http://127.0.0.1:8043", follow_redirects=False)
            return stack.enter_context(client)

        yield of


@pytest.fixture
def client_of(anonymous_of) -> Callable[[str], TestClient]:
    """Give a function that gives the superuser's client of a server of this version."""

    def of(version: str) -> TestClient:
        client = anonymous_of(version)
        client.auth = ("admin", "district")
        return client

    return of


@pytest.fixture
def anonymous(anonymous_of) -> TestClient:
    return anonymous_of("43")


@pytest.fixture
def client(anonymous) -> TestClient:
    anonymous.auth = ("admin", "district")
    return anonymous


@pytest.fixture(scope="session")
def oracle(values, metadata, tmp_path_factory):
    """A DuckDB connection with the raw values and the tree, each as its own table."""
    folder = tmp_path_factory.mktemp("oracle")
    frames = [values.frame(period).with_columns(period=pl.lit(period.iso)) for period in values.periods]
    pl.concat(frames).write_parquet(folder / "value.parquet")
    units = metadata.collections["organisationUnits"]
    tree = [(index, place, units[place]["level"]) for index, uid in enumerate(values.units) if uid in units
            for place in units[uid]["path"].strip("/").split("/")]  # fmt: skip
    pl.DataFrame(tree, schema=["unit", "ou", "level"], orient="row").write_parquet(folder / "tree.parquet")
    cells = [(index, cell.data_element, cell.combo) for index, cell in enumerate(values.cells)]
    pl.DataFrame(cells, schema=["cell", "de", "coc"], orient="row").write_parquet(folder / "cell.parquet")
    with duckdb.connect() as connection:
        for name in ("value", "tree", "cell"):
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet('{folder}/{name}.parquet')")
        connection.execute("CREATE VIEW fact AS SELECT * FROM value JOIN tree USING (unit) JOIN cell USING (cell)")
        yield connection
