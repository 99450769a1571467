"""What the parameters of `/api/analytics` do, what is refused, and that no request breaks the server."""

from datetime import date

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from prefect_patterns.sandbox.dhis2.analytics import AnalyticsRefusal, Tables, aggregate_grid, parse_query
from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.app import build_app, serve_app
from prefect_patterns.sandbox.dhis2.metadata import Metadata
from prefect_patterns.sandbox.dhis2.values import Values

PATH = "/api/analytics"
ROOT, BO = "ImspTQPwCqd", "O6uvpzGd5pu"
ANC1, PENTA3 = "fbfJHSPpUQD", "n6aMJNLdvep"
PLAIN = {"dimension": [f"dx:{ANC1}", "ou:LEVEL-2", "pe:2025"]}


def ask(client, *dimensions, filters=(), **query):
    answer = client.get(PATH, params={"dimension": list(dimensions), "filter": list(filters), **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("aggregation", "sql"),
    [
        ("SUM", "sum(value)"),
        ("AVERAGE", "avg(value)"),
        ("COUNT", "count(value)"),
        ("MIN", "min(value)"),
        ("MAX", "max(value)"),
        ("STDDEV", "stddev_samp(value)"),
        ("VARIANCE", "var_samp(value)"),
    ],
)
def test_values_are_aggregated_as_the_request_wants(client, oracle, aggregation, sql):
    body = ask(client, *PLAIN["dimension"], aggregationType=aggregation)
    expected = oracle.execute(
        f"SELECT ou, {sql} FROM fact WHERE de = '{ANC1}' AND level = 2 AND period LIKE '2025__' GROUP BY ou"
    ).fetchall()
    found = {row[1]: float(row[-1]) for row in body["rows"]}
    assert found == {ou: pytest.approx(value, abs=0.00501) for ou, value in expected}


@pytest.mark.parametrize(
    ("aggregation", "of_units", "order"),
    [
        ("LAST", "sum", "max"),
        ("LAST_IN_PERIOD", "sum", "max"),
        ("LAST_AVERAGE_ORG_UNIT", "avg", "max"),
        ("FIRST", "sum", "min"),
        ("FIRST_AVERAGE_ORG_UNIT", "avg", "min"),
    ],
)
def test_the_last_or_first_value_of_each_unit_may_count(client, oracle, aggregation, of_units, order):
    body = ask(client, f"dx:{ANC1}", "ou:LEVEL-2", "pe:2024S2", aggregationType=aggregation)
    expected = oracle.execute(
        f"""WITH part AS (SELECT * FROM fact WHERE de = '{ANC1}' AND level = 2
                           AND period BETWEEN '202407' AND '202412'),
                 chosen AS (SELECT ou, unit, cell, arg_{order}(value, period) AS v FROM part GROUP BY ALL)
            SELECT ou, {of_units}(v) FROM chosen GROUP BY ou"""
    ).fetchall()
    found = {row[1]: float(row[-1]) for row in body["rows"]}
    assert found == {ou: pytest.approx(value, abs=0.00501) for ou, value in expected}


@pytest.mark.parametrize(("aggregation", "sql"), [("MIN_SUM_ORG_UNIT", "min"), ("MAX_SUM_ORG_UNIT", "max")])
def test_the_least_or_greatest_sum_over_units_may_count(client, oracle, aggregation, sql):
    (row,) = ask(client, f"dx:{ANC1}", f"ou:{BO}", "pe:2025", aggregationType=aggregation)["rows"]
    (expected,) = oracle.execute(
        f"""SELECT {sql}(total) FROM (SELECT sum(value) AS total FROM fact WHERE de = '{ANC1}' AND ou = '{BO}'
                                      AND period LIKE '2025__' GROUP BY period)"""
    ).fetchone()
    assert float(row[-1]) == expected


@pytest.mark.parametrize(("order", "reverse"), [("ASC", False), ("DESC", True), ("desc", True)])
def test_rows_come_in_the_order_of_their_values(client, order, reverse):
    found = [float(row[-1]) for row in ask(client, *PLAIN["dimension"], order=order)["rows"]]
    assert found == sorted(found, reverse=reverse)


def test_measure_criteria_keep_the_numbers_that_fulfil_them(client):
    every = ask(client, *PLAIN["dimension"])["rows"]
    found = ask(client, *PLAIN["dimension"], measureCriteria="GE:9000;LT:11500")["rows"]
    assert found == [row for row in every if 9000 <= float(row[-1]) < 11500]
    assert 0 < len(found) < len(every)


def test_criteria_before_the_aggregation_keep_the_values_that_fulfil_them(client, oracle):
    (row,) = ask(client, f"dx:{ANC1}", f"ou:{BO}", "pe:2025", preAggregationMeasureCriteria="GT:5")["rows"]
    (expected,) = oracle.execute(
        f"SELECT sum(value) FROM fact WHERE de = '{ANC1}' AND ou = '{BO}' AND period LIKE '2025__' AND value > 5"
    ).fetchone()
    assert float(row[-1]) == expected


def test_without_rounding_a_whole_number_keeps_its_point(client):
    (rounded,) = ask(client, f"dx:{ANC1}", f"ou:{BO}", "pe:2025")["rows"]
    (exact,) = ask(client, f"dx:{ANC1}", f"ou:{BO}", "pe:2025", skipRounding="true")["rows"]
    assert exact[-1] == rounded[-1] + ".0"


def test_numerators_are_empty_where_there_are_none(client):
    body = ask(client, f"dx:{ANC1};BfMAe6Itzgt.REPORTING_RATE", f"ou:{BO}", "pe:202601", includeNumDen="true")
    names = [header["name"] for header in body["headers"]]
    assert names[3:] == ["value", "numerator", "denominator", "factor", "multiplier", "divisor"]
    element, rate = sorted(body["rows"], key=lambda row: row[0] != ANC1)
    assert element[4:] == [""] * 5
    assert (rate[6:], rate[4][-2:]) == (["100", "", ""], ".0")


def test_the_limit_is_the_system_setting(today, values):
    app = build_app(today=today, settings={"keyAnalyticsMaxLimit": 5})
    app.site.values = values
    client = TestClient(serve_app(app), base_url="http://127.0.0.1:8043")
    client.auth = ("admin", "district")
    answer = client.get(PATH, params=PLAIN)
    assert (answer.status_code, answer.json()["message"]) == (409, "Query result set exceeded max limit: `5`")


def test_as_many_rows_as_the_limit_are_fine(metadata, values, today):
    query = parse_query(metadata, PLAIN, today=today)
    with pytest.raises(AnalyticsRefusal) as error:
        aggregate_grid(Tables(metadata, values), query, limit=12)
    assert (error.value.code, error.value.message) == ("E7128", "Query result set exceeded max limit: `12`")
    assert aggregate_grid(Tables(metadata, values), query, limit=13).rows.height == 13
    ignored = parse_query(metadata, {**PLAIN, "ignoreLimit": ["true"]}, today=today)
    assert aggregate_grid(Tables(metadata, values), ignored, limit=12).rows.height == 13


@pytest.mark.parametrize(
    ("dimensions", "filters", "query", "code"),
    [
        ([f"dx:{ANC1}", "pe:2025"], [], {"startDate": "2025-01-01", "endDate": "2025-02-01"}, "E7105"),
        ([f"dx:{ANC1}"], [], {"startDate": "2025-02-01", "endDate": "2025-01-01"}, "E7106"),
        ([f"dx:{ANC1}"], [], {"startDate": "2025-02-01"}, "E7104"),
        (["dx:BfMAe6Itzgt.REPORTING_RATE"], [], {"startDate": "2025-01-01", "endDate": "2025-02-01"}, "E7107"),
        (["pe:2025"], [f"dx:SdPenta3Cov;{ANC1}"], {}, "E7108"),
        (["pe:2025"], ["dx:BfMAe6Itzgt.REPORTING_RATE;QX4ZTUbOt3a.REPORTING_RATE"], {}, "E7109"),
        ([f"dx:{ANC1}", "pe:2025"], ["co"], {}, "E7110"),
        (["dx:SdPenta3Cov", "pe:2025", "co"], [], {}, "E7113"),
        ([f"dx:SdPenta3Cov;{ANC1}", "pe:2025", "co"], [], {}, "E7114"),
        ([f"dx:{ANC1}", "pe:2025", "GLevLNI9wkl"], [], {}, "E7125"),
        ([f"dx:{ANC1}", "pe:2025", "J5jldMd8OHv:notThere123"], [], {}, "E7124"),
        ([f"dx:{ANC1}", "pe:2025"], [], {"columns": "ou"}, "E7126"),
        ([f"dx:{ANC1}", "pe:2025"], [], {"rows": "ou"}, "E7127"),
        ([f"dx:{ANC1}", "pe:2025"], [], {"approvalLevel": "notThere123"}, "E7122"),
        ([f"dx:{ANC1}", "pe:LAST_13_MONTHS"], [], {}, "E7611"),
        ([f"dx:{ANC1}", "pe:20250301_20250201"], [], {}, "E7611"),
    ],
)
def test_what_the_server_refuses_is_409_with_its_code(client, dimensions, filters, query, code):
    answer = client.get(PATH, params={"dimension": dimensions, "filter": filters, **query})
    assert (answer.status_code, answer.json()["errorCode"]) == (409, code)


@pytest.mark.parametrize(
    "query",
    [
        {"order": "up"},
        {"skipMeta": "maybe"},
        {"relativePeriodDate": "soon"},
        {"aggregationType": "SOME"},
        {"measureCriteria": "OVER:10"},
        {"measureCriteria": "GT:ten"},
        {"outputIdScheme": "PASSPORT"},
        {"startDate": "2025-13-01", "endDate": "2025-12-01"},
    ],
)
def test_what_is_no_value_of_a_parameter_is_400(client, query):
    answer = client.get(PATH, params={**PLAIN, **query})
    assert (answer.status_code, answer.json()["httpStatus"]) == (400, "Bad Request")


def test_elements_whose_combos_have_no_total_are_refused_without_them(today):
    metadata = Metadata({"categoryCombos": {"dzjKKQq0cSO": {"skipTotal": True}}})
    dimensions = [f"dx:{PENTA3}", "ou:LEVEL-2", "pe:2025"]
    with pytest.raises(AnalyticsRefusal) as error:
        parse_query(metadata, {"dimension": dimensions}, today=today)
    assert error.value.code == "E7134"
    assert parse_query(metadata, {"dimension": [*dimensions, "co"]}, today=today).columns == ("dx", "ou", "pe", "co")


ITEMS = st.lists(
    st.sampled_from(
        [
            *("dx:", f"dx:{ANC1}", "dx:SdPenta3Cov", "dx:BfMAe6Itzgt.REPORTING_RATE", f"dx:{PENTA3}.Prlt0C1RF0s"),
            *("pe:2025", "pe:LAST_4_QUARTERS", "pe:2026W5", "pe:20250101_20250331", "pe:0001Oct", "pe:9999"),
            *("ou:LEVEL-2", "ou:USER_ORGUNIT;LEVEL-3", "ou:OU_GROUP-CXw2yu5fodb", "co", "ao", "J5jldMd8OHv"),
            *("YNZyaJHiHYq", "jp826jAJHUc", "zz:1", ":", "", ";", "dx:..", "pe:é", "ou:LEVEL-", "pe:99999999"),
        ]
    )
    | st.text(max_size=12),
    max_size=4,
)
PARAMETERS = st.dictionaries(
    st.sampled_from(
        ["startDate", "endDate", "order", "columns", "rows", "measureCriteria", "aggregationType", "outputIdScheme",
         "inputIdScheme", "userOrgUnit", "relativePeriodDate", "includeNumDen", "skipMeta", "hierarchyMeta",
         "showHierarchy", "includeMetadataDetails", "skipRounding", "displayProperty"]
    ),
    st.sampled_from(["true", "2025-01-01", "9999-12-31", "0001-01-01", "dx", "dx;pe", "ou", "LAST", "AVERAGE", "CODE",
                     "ATTRIBUTE:x", "GT:1", "EQ:nan", "DESC", "SHORTNAME", "O6uvpzGd5pu"])
    | st.text(max_size=8),
    max_size=4,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    dimensions=ITEMS, filters=ITEMS, query=PARAMETERS, suffix=st.sampled_from(["", ".json", ".csv", ".xml", ".html"])
)
def test_any_request_is_answered_or_refused_with_an_envelope(client, dimensions, filters, query, suffix):
    answer = client.get(PATH + suffix, params={"dimension": dimensions, "filter": filters, **query})
    assert answer.status_code in (200, 400, 409)
    if answer.status_code != 200:
        assert answer.json()["status"] == "ERROR"


CHUNKED = {
    "dx": [ANC1, f"{PENTA3}.Prlt0C1RF0s", "SdPenta3Cov", "SdAnc14Drop", "WUg3MYWQ7pt", "QX4ZTUbOt3a.REPORTING_RATE"],
    "pe": ["202601", "2025Q4", "2025Oct", "2026W3"],
    "ou": [ROOT, BO, "YuQRtpLP10I", "DiszpKrYNg8"],
}


@pytest.fixture(scope="module")
def tables(metadata, values) -> Tables:
    return Tables(metadata, values)


@pytest.mark.timeout(30)
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_the_rows_of_any_chunks_are_the_rows_of_the_whole(tables, data):
    wanted = {name: data.draw(st.lists(st.sampled_from(CHUNKED[name]), min_size=1, unique=True)) for name in CHUNKED}
    cuts = {name: data.draw(st.integers(1, len(items))) for name, items in wanted.items()}
    chunks = [
        {"dx": dx, "pe": pe, "ou": ou}
        for dx in (wanted["dx"][: cuts["dx"]], wanted["dx"][cuts["dx"] :])
        for pe in (wanted["pe"][: cuts["pe"]], wanted["pe"][cuts["pe"] :])
        for ou in (wanted["ou"][: cuts["ou"]], wanted["ou"][cuts["ou"] :])
        if dx and pe and ou
    ]
    parts = [rows_of(tables, chunk) for chunk in chunks]
    assert sorted(row for part in parts for row in part) == sorted(rows_of(tables, wanted))


def rows_of(tables, wanted):
    dimensions = [f"{name}:{';'.join(items)}" for name, items in wanted.items()]
    query = parse_query(tables.metadata, {"dimension": dimensions}, today=date(2026, 7, 15))
    return aggregate_grid(tables, query, limit=0).rows.rows()


def test_values_that_are_not_in_the_tables_yet_do_not_count(metadata, values):
    last, before = values.months[-1], values.months[-2]
    stale = Tables(metadata, values, until=last.start)
    assert [row[2] for row in rows_of(stale, {"dx": [ANC1], "ou": [BO], "pe": [before.iso, last.iso]})] == [before.iso]


def test_a_scaled_server_has_as_many_times_the_people(values, today):
    metadata = Metadata(None, scale=3)
    once, thrice = values, Values(today=today, scale=3)
    assert len(thrice.units) == 3 * (len(once.units) - 1) + 1
    month = once.months[-1]
    small = once.frame(month)
    assert thrice.frame(month).filter(pl.col("unit") < len(once.units)).equals(small)
    copies = set(thrice.units[len(once.units) :])
    assert copies <= set(metadata.collections["organisationUnits"])
    assert all(metadata.collections["organisationUnits"][uid]["path"] == thrice.paths[uid] for uid in copies)


def test_refusals_name_their_arguments():
    with pytest.raises(Refusal) as error:
        parse_query(Metadata(), {"dimension": ["zz", "pe:2025"]}, today=date(2026, 7, 15))
    assert error.value.message == "Dimension identifier does not reference any dimension: `zz`"
