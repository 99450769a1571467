"""Indicators by the full expression grammar and reporting rates, against numbers worked out by hand."""

import polars as pl
import pytest

from prefect_patterns.sandbox.dhis2.analytics import Tables, aggregate_grid, parse_query
from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.metadata import Metadata

BO, ROOT, NGELEHUN = "O6uvpzGd5pu", "ImspTQPwCqd", "DiszpKrYNg8"
ANC1, ANC2, PENTA3, PEOPLE = "fbfJHSPpUQD", "cYeuwXTCPkU", "n6aMJNLdvep", "WUg3MYWQ7pt"
PER_CENT, NUMBER = "hmSnCXmLYwt", "kHy61PbChXr"


@pytest.fixture(scope="module")
def compute(values, today):
    """Give a function that gives the rows for a numerator, with a denominator of 1 unless it is said."""

    tables = Tables(Metadata(), values)
    known = tables.metadata.collections["indicators"]

    def rows(numerator, *, denominator="1", pe="202601", ou=BO, others=(), filters=(), indicator=None, **parameters):
        tested = {"name": "Tested", "numerator": numerator, "denominator": denominator}
        tested |= {"indicatorType": {"id": NUMBER}, **(indicator or {})}
        for uid, each in {"Tstndicator": tested, **dict(others)}.items():
            known[uid] = {"id": uid, "displayName": each.get("name", uid), **each}
        dimensions = ["dx:Tstndicator", *([f"pe:{pe}"] if pe else []), f"ou:{ou}"]
        asked = {"dimension": dimensions, "filter": list(filters), **{key: [text] for key, text in parameters.items()}}
        query = parse_query(tables.metadata, asked, today=today)
        return aggregate_grid(tables, query, limit=100_000).rows.rows()

    return rows


@pytest.fixture(scope="module")
def total(oracle):
    """Give a function that gives the sum of an element's values: of a unit, and of periods of the data."""

    def of(element, *periods, ou=BO):
        marks = ", ".join("?" for _ in periods)
        found = oracle.execute(
            f"SELECT sum(value) FROM fact WHERE de = ? AND ou = ? AND period IN ({marks})", [element, ou, *periods]
        ).fetchone()
        return found[0]

    return of


def the(rows):
    (row,) = rows
    return float(row[-1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#{fbfJHSPpUQD} + #{cYeuwXTCPkU}", lambda a, b: a + b),
        ("#{fbfJHSPpUQD} % 7 + 2 ^ 3", lambda a, b: a % 7 + 8),
        ("if(#{fbfJHSPpUQD} > #{cYeuwXTCPkU}, #{fbfJHSPpUQD}, #{cYeuwXTCPkU})", max),
        ("greatest(#{fbfJHSPpUQD}, #{cYeuwXTCPkU}) - least(#{fbfJHSPpUQD}, #{cYeuwXTCPkU})", lambda a, b: abs(a - b)),
        ("firstNonNull(#{Wm4IronFOld}, #{cYeuwXTCPkU})", lambda a, b: b),
        ("if(isNull(#{Wm4IronFOld}), #{fbfJHSPpUQD}, 0)", lambda a, b: a),
        ("#{fbfJHSPpUQD} * C{bCqvfPR02Im}", lambda a, b: round(a * 3.14, 2)),
        ("#{fbfJHSPpUQD} / [days] * 31", lambda a, b: a),
        ("D{IpHINAT79UW.fbfJHSPpUQD} + #{fbfJHSPpUQD}", lambda a, b: a),
    ],
)
def test_operators_functions_and_items_are_computed(compute, total, text, expected):
    assert the(compute(text)) == pytest.approx(expected(total(ANC1, "202601"), total(ANC2, "202601")))


def test_items_may_ask_for_the_period_before(compute, total):
    found = the(compute("#{fbfJHSPpUQD} - #{fbfJHSPpUQD}.periodOffset(-1)"))
    assert found == total(ANC1, "202601") - total(ANC1, "202512")


def test_items_may_ask_for_the_year_to_date(compute, total):
    months = [f"20250{month}" for month in range(1, 5)]
    assert the(compute("#{fbfJHSPpUQD}.yearToDate()", pe="202504")) == total(ANC1, *months)


def test_items_may_ask_for_another_aggregation(compute, values):
    cells = [number for number, cell in enumerate(values.cells) if cell.data_element == ANC1]
    unit = values.units.index(NGELEHUN)
    own = values.frame(values.months[-6]).filter(pl.col("unit") == unit, pl.col("cell").is_in(cells))["value"]
    assert the(compute("#{fbfJHSPpUQD}.aggregationType(MAX)", ou=NGELEHUN)) == own.max()


def test_an_offset_is_refused_where_the_period_is_a_filter(compute):
    with pytest.raises(Refusal) as error:
        compute("#{fbfJHSPpUQD}.periodOffset(-1)", pe=None, filters=["pe:202601"])
    assert error.value.code == "E7152"


def test_a_group_of_units_counts_its_members_below_the_unit(compute, metadata):
    units, group = metadata.collections["organisationUnits"], "CXw2yu5fodb"
    members = metadata.collections["organisationUnitGroups"][group]["organisationUnits"]
    below = [each for each in members if BO in units[each["id"]]["path"]]
    assert the(compute(f"OUG{{{group}}}")) == len(below) > 5


def test_a_sub_expression_is_computed_for_each_unit_before_it_adds_up(compute, oracle):
    (busy,) = oracle.execute(
        "SELECT count(*) FROM (SELECT unit FROM fact WHERE de = ? AND ou = ? AND period = '202601' GROUP BY unit "
        "HAVING sum(value) > 20)",
        [ANC1, BO],
    ).fetchone()
    assert the(compute("subExpression(if(#{fbfJHSPpUQD} > 20, 1, 0))")) == busy > 0


def test_a_nested_indicator_is_written_out(compute, total):
    inner = {"name": "Inner", "numerator": f"#{{{ANC2}}}", "denominator": f"#{{{ANC1}}}"}
    found = compute("N{InnerNested}", others={"InnerNested": {**inner, "indicatorType": {"id": PER_CENT}}}.items())
    assert the(found) == pytest.approx(total(ANC2, "202601") / total(ANC1, "202601") * 100, abs=0.00501)


def test_indicators_that_contain_themselves_are_refused(compute):
    with pytest.raises(Refusal) as error:
        compute("N{Tstndicator} + 1")
    assert error.value.code == "E7116"


def test_an_indicator_without_data_has_a_value_everywhere(compute):
    rows = compute("OUG{CXw2yu5fodb} * 0 + 6 / 4", pe="202601;209901", ou=f"{BO};{ROOT}")
    assert [row[-1] for row in rows] == ["1.5"] * 4


@pytest.mark.parametrize("denominator", ["0", "#{Wm4IronFOld}", "#{fbfJHSPpUQD} - #{fbfJHSPpUQD}"])
def test_without_a_denominator_there_is_no_row(compute, denominator):
    assert compute("#{fbfJHSPpUQD}", denominator=denominator) == []


@pytest.mark.parametrize(("decimals", "text"), [(None, "0.67"), (0, "1"), (1, "0.7"), (4, "0.6667")])
def test_an_indicator_is_rounded_to_its_own_decimals(compute, decimals, text):
    (row,) = compute("2", denominator="3", indicator={"decimals": decimals})
    assert row[-1] == text


@pytest.mark.parametrize(("numerator", "text"), [("12500000", "1.25E7"), ("9999999", "9999999.0"), ("0 - 12", "-12.0")])
def test_a_double_is_spelled_as_java_spells_it(compute, numerator, text):
    assert compute(numerator)[0][-1] == text


def test_numerator_and_denominator_are_told_on_request(compute, total):
    indicator = {"annualized": True, "indicatorType": {"id": PER_CENT}}
    (row,) = compute(f"#{{{PENTA3}}}", denominator=f"#{{{PEOPLE}}}", indicator=indicator, pe="2026Q1",
                     includeNumDen="true")  # fmt: skip
    doses, people = total(PENTA3, "202601", "202602", "202603"), total(PEOPLE, "2026")
    factor = 100 * 365 / 90
    assert row[3:] == (
        f"{round(doses / people * factor, 2)}",
        f"{doses:.1f}",
        f"{people:.1f}",
        f"{round(factor, 2)}",
        "36500",
        "90",
    )


def test_rates_can_be_part_of_an_indicator(compute, client):
    plain = client.get("/api/analytics", params={"dimension": ["dx:QX4ZTUbOt3a.ACTUAL_REPORTS", f"ou:{BO}", "pe:2025"]})
    assert the(compute("R{QX4ZTUbOt3a.ACTUAL_REPORTS} * 2", pe="2025")) == 2 * float(plain.json()["rows"][0][-1])


def rates(client, metric, *dimensions, **query):
    dx = f"dx:QX4ZTUbOt3a.{metric}"
    answer = client.get("/api/analytics", params={"dimension": [dx, *dimensions], "skipMeta": "true", **query})
    assert answer.status_code == 200, answer.text
    return {tuple(row[1:3]): float(row[3]) for row in answer.json()["rows"]}


def test_a_form_is_expected_of_each_assigned_unit_in_each_period(client, metadata):
    expected = rates(client, "EXPECTED_REPORTS", "ou:LEVEL-2", "pe:202601;2025")
    units = metadata.collections["organisationUnits"]
    assigned = [each["id"] for each in metadata.collections["dataSets"]["QX4ZTUbOt3a"]["organisationUnits"]]
    here = [uid for uid in assigned if BO in units[uid]["path"] and "closedDate" not in units[uid]]
    assert expected[BO, "202601"] == len(here)
    assert expected[BO, "2025"] == 12 * len(here)


def test_a_form_came_in_if_the_unit_has_any_value_of_it(client, oracle, values):
    found = rates(client, "ACTUAL_REPORTS", "ou:LEVEL-2", "pe:202601;2025")
    elements = {cell.data_element for cell in values.cells if cell.data_set == "QX4ZTUbOt3a"}
    names = ", ".join(f"'{uid}'" for uid in elements)
    months = {"202601": "period = '202601'", "2025": "period LIKE '2025__'"}
    for pe, condition in months.items():
        counts = oracle.execute(
            f"SELECT ou, count(DISTINCT (unit, period)) FROM fact WHERE level = 2 AND de IN ({names}) AND {condition} "
            "GROUP BY ou"
        ).fetchall()
        assert {ou: count for (ou, when), count in found.items() if when == pe} == dict(counts)


def test_the_rate_is_a_percentage_of_what_was_expected(client):
    actual, expected, rate = (
        rates(client, metric, "ou:LEVEL-2", "pe:202601")
        for metric in ("ACTUAL_REPORTS", "EXPECTED_REPORTS", "REPORTING_RATE")
    )
    for key, value in rate.items():
        assert value == pytest.approx(min(actual[key] / expected[key], 1) * 100, abs=0.00501)


def test_a_form_on_time_came_in_within_the_data_sets_days(client, metadata):
    late = rates(client, "ACTUAL_REPORTS", "ou:LEVEL-1", "pe:202601")[ROOT, "202601"]
    timely = rates(client, "ACTUAL_REPORTS_ON_TIME", "ou:LEVEL-1", "pe:202601")[ROOT, "202601"]
    days = metadata.collections["dataSets"]["QX4ZTUbOt3a"]["timelyDays"]
    assert timely <= late
    assert (timely == late) == (days >= 10)


@pytest.mark.parametrize(("extra", "code"), [("ao", "E7112"), ("jp826jAJHUc", "E7112"), ("co", "E7112")])
def test_rates_go_with_units_and_periods_only(client, extra, code):
    dimensions = ["dx:QX4ZTUbOt3a.REPORTING_RATE", "ou:LEVEL-2", "pe:2025", extra]
    answer = client.get("/api/analytics", params={"dimension": dimensions})
    assert (answer.status_code, answer.json()["errorCode"]) == (409, code)
