"""`GET /api/dataValueSets`: required filters, hoisting, selection, size."""

from datetime import date

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefect_patterns.analytics.periods import Period
from prefect_patterns.sandbox.dhis2.data_value_sets import export
from prefect_patterns.sandbox.dhis2.data_value_text import stream
from prefect_patterns.sandbox.dhis2.values import Values

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
    "storedBy",
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
        ({"attributeOptionCombo": "notThere123"}, 409, "E1104"),
        ({"limit": "-1"}, 409, "E2009"),
        ({"limit": "few"}, 400, "E1003"),
        ({"orgUnit": "", "orgUnitGroup": "CXw2yu5fodb", "children": "true"}, 409, "E2007"),
        ({"period": "", "lastUpdatedDuration": "a while"}, 409, "E2005"),
        ({"period": "", "lastUpdated": "lately"}, 400, "E1003"),
        ({"idScheme": "PASSPORT"}, 400, "E1003"),
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


@pytest.mark.parametrize("version", ["40", "41", "42"])
def test_before_43_rows_are_always_complete(client_of, version):
    client = client_of(version)
    body = client.get(PATH, params=ONE).json()
    assert {key: body[key] for key in ONE} == ONE
    assert set(body) == {*ONE, "completeDate", "dataValues"}
    assert all(set(row) == {*KEYS, "comment"} for row in body["dataValues"])
    assert {row["comment"] for row in body["dataValues"]} == {""}
    many = client.get(PATH, params={**ONE, "period": ["202605", "202606"]}).json()
    assert set(many) == {"dataValues"}
    assert all(set(row) == {*KEYS, "comment"} for row in many["dataValues"])


def test_before_43_a_single_form_without_values_was_not_completed(client_of):
    body = client_of("42").get(PATH, params={**ONE, "period": "202401"}).json()
    assert body == {**ONE, "period": "202401", "dataValues": []}


def test_a_reader_that_merges_the_envelope_sees_the_same_in_all_versions(client_of):
    query = {**ONE, "period": ["202605", "202606"]}
    found = []
    for version in ("40", "43"):
        body = client_of(version).get(PATH, params=query).json()
        shared = {key: text for key, text in body.items() if key in KEYS}
        found.append([{"comment": "", **shared, **row} for row in body["dataValues"]])
    assert found[0] == found[1]


def test_a_group_of_elements_is_its_elements(client, metadata):
    group = metadata.collections["dataElementGroups"]["qfxEYY9xAl6"]
    query = {"dataElementGroup": "qfxEYY9xAl6", "period": "202605", "orgUnit": FACILITY}
    elements = {each["id"] for each in group["dataElements"]}
    found = {row["dataElement"] for row in rows(client, **query)}
    assert len(found) > 2
    assert found <= elements


@pytest.mark.parametrize("since", [{"lastUpdated": "2026-07-05T00:00:00"}, {"lastUpdatedDuration": "252h"}])
def test_only_what_was_changed_since_then_on_request(client, since):
    query = {"dataSet": "BfMAe6Itzgt", "orgUnit": "O6uvpzGd5pu", "children": "true"}
    found = rows(client, **query, **since)
    every = rows(client, **query, lastUpdated="2026-06-01")
    assert found == [row for row in every if row["lastUpdated"] >= "2026-07-05"]
    assert 0 < len(found) < len(every)


def test_no_value_was_changed_after_the_servers_day(metadata):
    early = Values(today=date(2026, 7, 3))
    query = {"dataSet": ["BfMAe6Itzgt"], "period": ["202606"], "orgUnit": ["ImspTQPwCqd"], "children": ["true"]}
    frame = pl.read_json(b"".join(stream(early, export(metadata, early, query))))
    moments = frame.select(pl.col("dataValues").explode().struct.field("lastUpdated")).to_series()
    assert moments.max() == "2026-07-03T00:00:00.000+0000"


def test_deleted_values_come_on_request_and_are_marked(client):
    query = {**ONE, "orgUnit": "ImspTQPwCqd", "children": "true"}
    current, every = rows(client, **query), rows(client, **query, includeDeleted="true")
    deleted = [row for row in every if row.get("deleted")]
    assert 0 < len(deleted) < 100
    assert [row for row in every if not row.get("deleted")] == current
    keys = ("dataElement", "orgUnit", "categoryOptionCombo")
    assert not {tuple(row[key] for key in keys) for row in deleted} & {
        tuple(row[key] for key in keys) for row in current
    }


def test_who_sees_one_district_gets_no_values_of_another(anonymous):
    anonymous.auth = ("guest", "district")
    assert rows(anonymous, **ONE)
    answer = anonymous.get(PATH, params={**ONE, "orgUnit": "Rp268JB6Ne4"})
    assert (answer.status_code, answer.json()["errorCode"]) == (409, "E2012")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.dictionaries(
        st.sampled_from(
            [*ONE, "children", "startDate", "endDate", "lastUpdated", "lastUpdatedDuration", "limit", "idScheme",
             "inputIdScheme", "compression", "attachment", "orgUnitGroup", "dataElementGroup", "includeDeleted"]
        ),
        st.sampled_from(["true", "2026-01-01", "9999-12-31T23:59:59", "0001-01-01", "999999d", "CODE", "zip", "-1"])
        | st.text(max_size=8),
    ),
    chosen=st.sets(st.sampled_from(sorted(ONE))),
)  # fmt: skip
def test_any_request_is_answered_or_refused_with_an_envelope(client, query, chosen):
    answer = client.get(PATH, params={**query, **{name: ONE[name] for name in chosen}})
    assert answer.status_code in (200, 400, 409)
    if answer.status_code != 200:
        assert answer.json()["status"] == "ERROR"
