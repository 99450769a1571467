"""`GET /api/dataValueSets`: required filters, hoisting, selection, size."""

from datetime import date

import polars as pl
import pytest

from prefect_patterns.analytics.periods import Period
from prefect_patterns.sandbox.dhis2.data_value_sets import export, stream

PATH = "/api/dataValueSets"
FACILITY = "DiszpKrYNg8"
ONE = {"dataSet": "BfMAe6Itzgt", "period": "202605", "orgUnit": FACILITY}
KEYS = {
    "dataElement",
    "period",
    "orgUnit",
    "categoryOptionCombo",
    "attributeOptionCombo",
    "value",
    "created",
    "lastUpdated",
    "followup",
}


def rows(client, **query):
    answer = client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["dataValues"]


@pytest.mark.parametrize(
    ("missing", "code", "message"),
    [
        ("dataSet", "E2001", "At least one data element, data set or data element group must be specified"),
        (
            "period",
            "E2002",
            "At least one period, start/end dates, last updated or last updated duration must be specified",
        ),
        ("orgUnit", "E2006", "At least one organisation unit or organisation unit group must be specified"),
    ],
)
def test_each_required_filter_is_missed_with_its_code(client, missing, code, message):
    answer = client.get(PATH, params={key: value for key, value in ONE.items() if key != missing})
    assert answer.status_code == 409
    assert answer.json() == {
        "httpStatus": "Conflict",
        "httpStatusCode": 409,
        "status": "ERROR",
        "message": message,
        "errorCode": code,
    }


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"startDate": "2026-01-01"}, 409, "E2003"),
        ({"period": "", "startDate": "2026-01-01"}, 409, "E2002"),
        ({"period": "", "startDate": "2026-02-01", "endDate": "2026-01-01"}, 409, "E2004"),
        ({"period": "", "startDate": "soon", "endDate": "2026-01-01"}, 400, "E1003"),
        ({"period": "May"}, 409, "E1101"),
        ({"orgUnit": "notThere123"}, 409, "E1102"),
        ({"dataSet": "notThere123"}, 409, "E1105"),
        ({"limit": "-1"}, 409, "E2009"),
        ({"limit": "few"}, 400, "E1003"),
        ({"orgUnit": "", "orgUnitGroup": "CXw2yu5fodb", "children": "true"}, 409, "E2008"),
    ],
)
def test_wrong_filters_are_refused(client, query, status, code):
    answer = client.get(PATH, params={**ONE, **query})
    assert (answer.status_code, answer.json()["errorCode"]) == (status, code)


def test_a_single_cell_has_its_common_keys_on_the_envelope_only(client):
    body = client.get(PATH, params=ONE).json()
    assert {key: value for key, value in body.items() if key != "dataValues"} == ONE
    assert body["dataValues"]
    assert all(set(row) == KEYS - {"period", "orgUnit"} for row in body["dataValues"])


@pytest.mark.parametrize(
    ("query", "hoisted"),
    [
        ({"children": "true"}, {"dataSet", "period"}),
        ({"period": ["202605", "202606"]}, {"dataSet", "orgUnit"}),
        ({"dataSet": ["BfMAe6Itzgt", "QX4ZTUbOt3a"]}, {"period", "orgUnit"}),
        ({"orgUnit": [FACILITY, "Rp268JB6Ne4"]}, {"dataSet", "period"}),
        ({"attributeOptionCombo": "HllvX50cXC0"}, {"dataSet", "period", "orgUnit", "attributeOptionCombo"}),
        ({"dataSet": "", "dataElement": "n6aMJNLdvep"}, {"period", "orgUnit"}),
        ({"period": "", "startDate": "2026-05-01", "endDate": "2026-05-31"}, {"dataSet", "orgUnit"}),
    ],
)
def test_what_is_asked_for_exactly_once_is_hoisted(client, query, hoisted):
    body = client.get(PATH, params={**ONE, **query}).json()
    assert set(body) - {"dataValues"} == hoisted
    assert body["dataValues"]
    assert all(set(row) == KEYS - hoisted for row in body["dataValues"])


def test_values_are_text_and_moments_have_an_offset(client):
    for row in rows(client, **ONE):
        assert row["value"].lstrip("-").isdecimal()
        assert row["lastUpdated"].endswith("+0000")


def test_children_are_everything_below_and_without_them_only_the_unit(client):
    assert rows(client, **{**ONE, "orgUnit": "O6uvpzGd5pu"}) == []
    below = rows(client, **{**ONE, "orgUnit": "YuQRtpLP10I", "children": "true"})
    assert FACILITY in {row["orgUnit"] for row in below}
    assert len({row["orgUnit"] for row in below}) > 2


def test_dates_take_the_months_that_lie_whole_between_them(client):
    query = {**ONE, "period": "", "startDate": "2026-01-02", "endDate": "2026-04-30"}
    assert {row["period"] for row in rows(client, **query)} == {"202602", "202603", "202604"}


def test_months_outside_the_two_years_have_no_values(client):
    assert rows(client, **{**ONE, "period": "202607"}) == []
    assert rows(client, **{**ONE, "period": "202406"}) == []


def test_the_population_is_yearly(client):
    query = {"dataSet": "aLpVgfXiz0f", "period": ["2024", "2025", "2026"], "orgUnit": FACILITY}
    found = rows(client, **query)
    assert len(found) == 15
    assert {row["period"] for row in found} == {"2024", "2025", "2026"}


def test_a_limit_cuts_the_rows(client):
    query = {**ONE, "orgUnit": "ImspTQPwCqd", "children": "true", "period": ["202605", "202606"]}
    assert len(rows(client, **query, limit="50000")) == 50_000
    assert rows(client, **query, limit="0") == []


def test_a_group_of_units_is_its_members(client):
    query = {"dataSet": "QX4ZTUbOt3a", "period": "202605", "orgUnitGroup": "tDZVQ1WtwpA"}
    assert 25 < len({row["orgUnit"] for row in rows(client, **query)}) <= 36


def test_months_stream_in_pieces_and_have_the_values_of_the_store(metadata, values):
    query = {"dataSet": ["QX4ZTUbOt3a"], "startDate": ["2026-05-01"], "endDate": ["2026-06-30"]}
    wanted = export(metadata, values, {**query, "orgUnit": ["ImspTQPwCqd"], "children": ["true"]})
    pieces = list(stream(values, wanted))
    assert max(map(len, pieces)) < 4_000_000
    frame = pl.read_json(b"".join(pieces)).select(pl.col("dataValues").explode().struct.unnest())
    stored = pl.concat(values.frame(month) for month in values.months[-2:])
    here = [index for index, cell in enumerate(values.cells) if cell.data_set == "QX4ZTUbOt3a"]
    stored = stored.filter(pl.col("cell").is_in(here))
    assert frame.height == stored.height
    assert frame["value"].cast(pl.Int64).sum() == stored["value"].sum()
    keys = ["dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo"]
    assert frame.select(keys).is_unique().all()


def test_a_store_of_another_day_ends_elsewhere(values):
    assert Period(date(2026, 6, 1)) == values.months[-1]


@pytest.mark.parametrize("query", [{"idScheme": "CODE"}, {"lastUpdated": "2026-01-01"}, {"compression": "gzip"}])
def test_what_the_sandbox_does_not_imitate_it_says(client, query):
    answer = client.get(PATH, params={**ONE, **query})
    assert answer.status_code == 501
    assert "does not imitate" in answer.json()["message"]


def test_parameters_that_ask_for_what_is_done_anyway_are_taken(client):
    assert rows(client, **ONE, idScheme="UID", includeDeleted="true") == rows(client, **ONE)
