"""The client against a server of its own process: what a transport in memory cannot show."""

import os
import pickle
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import polars as pl
import pytest

from prefect_patterns.dhis2 import (
    CategoryOptionCombo,
    DataElement,
    DataSet,
    Dhis2Client,
    Indicator,
    OrganisationUnit,
)
from prefect_patterns.errors import AuthenticationFailed, NotFound, QueryRefused, RemoteUnavailable
from prefect_patterns.http import Retries
from prefect_patterns.sandbox.dhis2 import Dhis2Sandbox

pytestmark = pytest.mark.service

ROOT = "ImspTQPwCqd"
CHILD_HEALTH = "BfMAe6Itzgt"


@pytest.fixture(scope="module")
def box():
    with Dhis2Sandbox(today=date(2026, 7, 15)) as box:
        yield box


@pytest.fixture
def client(box):
    with Dhis2Client(box.url, box.username, box.password, retries=Retries(1, first=0.01)) as client:
        yield client
    box.clear_faults()


def test_it_is_a_dhis2_of_this_version(client):
    assert client.version[:2] == (2, 43)
    assert client.me()["username"] == "admin"


@pytest.mark.parametrize("page_size", [7, 500])
def test_every_page_of_a_list_is_fetched_once(client, page_size):
    sets = client.fetch_metadata("dataSets", "id", page_size=page_size)
    assert len(sets) == 26
    assert [row["id"] for row in sets] == sorted({row["id"] for row in sets})


def test_all_units_come_with_what_their_owner_set(client):
    units = client.fetch_metadata("organisationUnits")
    assert len(units) == 1_332
    assert {"id", "name", "path"} <= units[0].keys()


@pytest.mark.parametrize("model", [OrganisationUnit, DataElement, DataSet, Indicator, CategoryOptionCombo])
def test_models_fit_what_the_server_sends(client, model):
    objects = list(client.iter_models(model))
    assert objects
    assert all(each.name for each in objects)


def test_a_frame_of_units_has_their_parents(client):
    frame = client.frame("organisationUnits", "id,name,level,parent[id]", filters=["level:in:[1,2]"])
    assert frame.columns == ["id", "name", "level", "parent.id"]
    assert frame.filter(pl.col("level") == 2)["parent.id"].unique().to_list() == [ROOT]


def test_hoisted_and_plain_rows_are_the_same_values(client):
    """One unit and one month are hoisted by the server; the whole country's answer has them in every row."""
    everywhere = pl.concat(client.iter_data_values(data_sets=[CHILD_HEALTH], periods=["202603"], org_units=[ROOT]))
    unit = everywhere["org_unit"].mode().sort()[0]
    one = pl.concat(
        client.iter_data_values(data_sets=[CHILD_HEALTH], periods=["202603"], org_units=[unit], children=False)
    )
    key = ["data_element", "category_option_combo", "attribute_option_combo"]
    there = everywhere.filter(pl.col("org_unit") == unit)
    assert one.height == there.height > 0
    assert one.sort(key).equals(there.sort(key))


def test_parquet_holds_a_quarter_of_the_country(client, tmp_path):
    query = {"data_sets": [CHILD_HEALTH], "start": date(2026, 1, 1), "end": date(2026, 3, 31), "org_units": [ROOT]}
    rows = client.write_data_values(tmp_path / "values.parquet", **query)
    frame = pl.read_parquet(tmp_path / "values.parquet")
    assert frame.height == rows > 10_000
    assert frame["period"].unique().sort().to_list() == ["202601", "202602", "202603"]


def test_analytics_give_every_district_and_month(client):
    frame = client.analytics(dx=["fbfJHSPpUQD"], ou=["LEVEL-2"], pe=["LAST_12_MONTHS"])
    assert frame.select("ou", "pe").is_unique().all()
    assert frame["ou"].n_unique() == 13
    assert (frame["pe"].min(), frame["pe"].max()) == ("202507", "202606")


def test_features_are_those_of_the_level(client):
    features = list(client.iter_features(2))
    assert len(features) == 13
    assert {feature["properties"]["level"] for feature in features} == {"2"}


def test_refusals_are_typed(client):
    with pytest.raises(QueryRefused) as caught:
        client.analytics(dx=["aaaaaaaaaaa"], ou=["LEVEL-2"], pe=["2025"])
    assert caught.value.code == "E7124"
    with pytest.raises(NotFound):
        client.fetch_metadata("nonsense")


def test_a_wrong_password_is_refused(box):
    client = Dhis2Client(box.url, "admin", "wrong")
    with client, pytest.raises(AuthenticationFailed) as caught:
        client.me()
    assert caught.value.what == f"DHIS2 at {box.url} refused the user 'admin' (401 Unauthorized)"


@pytest.mark.parametrize(
    ("path", "call"),
    [
        ("/api/me", lambda client: client.me()),
        ("/api/dataSets", lambda client: client.fetch_metadata("dataSets")),
        (
            "/api/dataValueSets",
            lambda client: list(
                client.iter_data_values(data_sets=[CHILD_HEALTH], periods=["202603"], org_units=[ROOT])
            ),
        ),
    ],
)
def test_faults_are_typed_wherever_they_strike(box, client, path, call):
    for fault, kind in (
        ({"status": 503}, RemoteUnavailable),
        ({"drop_after": 50}, RemoteUnavailable),
        ({"drop_after": 0}, RemoteUnavailable),
        ({"login_page": True}, AuthenticationFailed),
    ):
        box.fault(path, **fault)
        with pytest.raises(kind):
            call(client)
        box.clear_faults()
    assert call(client)


def test_one_failure_is_survived(box, client):
    for fault in ({"status": 502}, {"drop_after": 10}, {"status": 429, "headers": {"Retry-After": "0"}}):
        box.fault("/api/me", **fault, times=1)
        assert client.me()["username"] == "admin"


def test_threads_and_processes_share_one_client(client):
    with ThreadPoolExecutor(8) as pool:
        assert {len(sets) for sets in pool.map(lambda _: client.fetch_metadata("dataSets", "id"), range(16))} == {26}
    program = "import pickle, sys; print(pickle.load(sys.stdin.buffer).me()['username'])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(client),
        capture_output=True,
        check=True,
        env=dict(os.environ),
    )
    assert done.stdout.strip() == b"admin"


def test_a_server_that_has_gone_is_unavailable():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    client = Dhis2Client(f"http://127.0.0.1:{port}", "admin", "district", retries=Retries(0))
    with client, pytest.raises(RemoteUnavailable, match="connection refused"):
        client.me()
