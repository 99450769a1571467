import html
import re
from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
import pytest

from prefect_patterns.dhis2.checks import CELL, check_snapshot, check_values
from prefect_patterns.dhis2.coverage import Indicator, Rates
from prefect_patterns.dhis2.dashboard import dashboard
from prefect_patterns.dhis2.snapshot import ENDPOINTS, Snapshot
from prefect_patterns.dhis2.source import Source
from prefect_patterns.testing import FakeClock

CLOCK = FakeClock(datetime(2026, 3, 10, 8, 5, tzinfo=UTC))
INFO = {"systemName": "Demo", "version": "2.43.1", "serverDate": "2026-03-10"}
RATES = {"dx": pl.String, "ou": pl.String, "pe": pl.String, "value": pl.Float64}
P3, BCG = Indicator("p3", "Penta 3 coverage", 100), Indicator("bcg", "BCG coverage", 100, wanted=False)
UNITS = [
    {"id": "r", "name": "Land", "level": 1},
    {"id": "d1", "name": "North", "level": 2, "parent": {"id": "r"}},
    {"id": "d2", "name": "South", "level": 2, "parent": {"id": "r"}},
    *({"id": f"c{i}", "name": f"Chiefdom {i}", "level": 3, "parent": {"id": "d1"}} for i in range(12)),
]
LEVELS = [{"id": str(i), "level": i, "name": name} for i, name in enumerate(["Country", "District", "Chiefdom"], 1)]
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}


def snapshot(units=UNITS, levels=LEVELS):
    lists = {
        **{endpoint: [] for endpoint in ENDPOINTS},
        "organisationUnits": units,
        "organisationUnitLevels": levels,
        "dataElements": [{"id": "e", "name": "Doses given"}],
        "categoryOptionCombos": [{"id": "c", "name": "under 1"}],
        "indicators": [{"id": "i", "name": "Births", "numerator": "#{bbbbbbbbbbb}"}],
    }
    return Snapshot.of(lists)


def grid(*rows):
    return pl.DataFrame(rows, schema=RATES, orient="row")


def rates(*indicators, **other):
    made = Rates(
        indicators or (P3, BCG),
        [{"id": "d1", "geometry": SQUARE}],
        series=grid(*((each.id, "r", pe, 80.0) for each in (P3, BCG) for pe in ("202601", "202602"))),
        areas=grid(("p3", "d1", None, 71.5)),
        places=grid(*(("p3", f"c{i}", None, 10.0 * i) for i in range(12))),
        places_by_month=grid(),
    )
    return replace(made, **other)


def values(*numbers, **other):
    cell = {**dict.fromkeys(CELL, "c"), "data_element": "e", "org_unit": "c0", **other, "data_set": "s"}
    rows = [{**cell, "value": float(number), "period": f"2026{place:02}"} for place, number in enumerate(numbers, 1)]
    return pl.DataFrame(rows, schema={**dict.fromkeys([*CELL, "data_set"], pl.String), "value": pl.Float64})


def page(known=None, drawn=None, data=None, months=2, parameters=None):
    """Return the page as HTML, and its text without drawings."""
    known = known or snapshot()
    data = values(*[1] * 20, -1) if data is None else data
    verdict = check_snapshot(known).also("values", check_values(data, known, highest=100))
    source = Source.of(INFO, {"username": "admin"}, "http://h", months=months, clock=CLOCK)
    counts = {**known.counts, "values": 21}
    written = dashboard(source, counts, verdict, drawn or rates(), known, parameters=parameters or {}).html()
    body = re.sub(r"<(style|svg|nav)\b.*?</\1>", "", written, flags=re.DOTALL)
    return written, re.sub(r"[ \n]+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))


def headings(written):
    return [html.unescape(found) for found in re.findall(r"<h2[^>]*>(.*?)</h2>", written)]


def test_the_page_has_everything_in_the_order_a_reader_asks_for_it():
    written, text = page()
    assert headings(written) == [
        "Can this data be trusted?",
        "Where is Penta 3 coverage low?",
        "How does it change?",
        "The ten lowest places",
        "What was set aside?",
        "All rules",
        "How to run it again",
    ]
    start = text.index("Period")
    for fact in ("January 2026 to February 2026", "http://h as admin", "DHIS2 2.43.1", "21 values", "10 March 2026"):
        assert start < (start := text.index(fact, start))
    assert set(re.findall(r"https?://[^/\s\"<]+", written)) == {"http://h", "http://www.w3.org"}  # it fetches nothing


def test_the_light_says_how_many_of_how_many_fail():
    _, text = page()
    assert "Green: fit for use 0.91" not in text
    assert "Amber: use with care 0.82" in text
    assert "indicator operand known: 1 of 1 indicator operands fails" in text
    assert "value in 0 to 100: 1 of 21 values fails" in text
    assert "value in 0 to 100: 2 of 42 values fail" in page(data=values(*[1] * 40, -1, -1))[1]


def test_too_much_set_aside_is_said_beside_the_red_light():
    _, text = page(data=values(1, -1))
    assert "Red: not fit for use" in text
    assert "50\N{NO-BREAK SPACE}% of the values set aside, which is red whatever the score" in text


def test_no_values_at_all_are_red():
    assert "there are no values, which is red whatever the score" in page(data=values())[1]


def test_rows_set_aside_are_shown_with_names_by_rule_and_counted_in_words():
    _, text = page(data=values(*[1] * 20, -1.5, org_unit="c3"))
    assert "value in 0 to 100: 1 value Values set aside: value in 0 to 100" in text
    assert "Chiefdom 3 Doses given under 1 202621 \N{MINUS SIGN}1.50" in text
    assert "indicator operand known: 1 indicator operand Indicator operands set aside" in text
    assert "Births numerator #{bbbbbbbbbbb} bbbbbbbbbbb" in text


def test_an_id_that_has_no_name_stays_and_a_month_is_written_out():
    unknown = values(*[1] * 20, 7).with_columns(org_unit=pl.when(value=7).then(pl.lit("nowhere")).otherwise("org_unit"))
    _, text = page(data=unknown.with_columns(period=pl.lit("202602") + pl.lit("")).unique(maintain_order=True))
    assert "org unit known: 1 value" in text
    assert "nowhere Doses given under 1 February 2026 7" in text


def test_text_in_place_of_a_number_is_shown():
    data = values(*[1] * 20, 7).with_columns(text=pl.when(value=7).then(pl.lit("seven")))
    data = data.with_columns(value=pl.when(pl.col("value") != 7).then("value"))
    _, text = page(data=data)
    assert "value is a number: 1 value" in text
    assert "202621 \N{EN DASH} seven" in text
    assert "Text instead" not in page(data=values(*[1] * 20, -1))[1]


def test_more_than_five_rows_are_a_sample():
    _, text = page(data=values(*[1] * 80, *[-1] * 7))
    assert "value in 0 to 100: 7 values" in text
    assert "and 2 more" in text


def test_nothing_set_aside_is_said():
    known = replace(snapshot(), indicators=snapshot().indicators.clear())
    _, text = page(known, data=values(1))
    assert "No row was set aside." in text
    assert "All 11 rules hold." in text


EVIL = "<script>alert(1)</script>\"'&amp;{{7*7}}\u202e"


def test_a_name_from_outside_is_text_wherever_it_stands():
    units = [{**unit, "name": EVIL} for unit in UNITS]
    levels = [{**level, "name": EVIL} for level in LEVELS]
    written, text = page(
        snapshot(units, levels), rates(Indicator("p3", EVIL + "coverage", 100)), parameters={EVIL: EVIL}
    )
    assert "<script" not in written
    assert "49" not in re.findall(r"alert\(1\).{0,60}", text)[0]
    assert "\u202e" not in written


@pytest.mark.parametrize(
    ("name", "shown"),
    [("District", "district"), ("PHU", "PHU"), ("Level 2", "level 2"), ("  ", "level 2"), ("x" * 99, "x" * 39)],
)
def test_a_level_is_named_within_a_sentence(name, shown):
    levels = [LEVELS[0], {**LEVELS[1], "name": name}, LEVELS[2]]
    assert f"Penta 3 coverage by {shown}" in page(snapshot(levels=levels))[1]


def test_levels_without_names_have_numbers():
    _, text = page(snapshot(levels=[]))
    assert "Penta 3 coverage by level 2" in text
    assert "The lowest Penta 3 coverage by level 3" in text


def test_a_long_name_is_cut_in_headings():
    written, _ = page(drawn=rates(replace(P3, name="Coverage " * 40)))
    assert max(map(len, headings(written))) < 110


def test_the_ten_lowest_come_lowest_first_and_the_rest_without_a_value_are_counted():
    few = rates(places=grid(*(("p3", f"c{i}", None, 90.0 - i) for i in range(11))))
    _, text = page(drawn=few)
    lowest = text[text.index("The lowest Penta 3") : text.index("What was set aside")]
    assert re.findall(r"Chiefdom (\d+)", lowest) == ["10", "9", "8", "7", "6", "5", "4", "3", "2", "1", "11"]
    assert "Without a value: 1 (Chiefdom 11)." in lowest


def test_fewer_than_ten_places_are_not_called_ten():
    written, text = page(drawn=rates(places=grid(("p3", "c1", None, 5.0))))
    assert "The lowest places" in headings(written)
    assert "Without a value: 11 (Chiefdom 0, Chiefdom 2, Chiefdom 3, Chiefdom 4, Chiefdom 5 and others)." in text


def test_a_country_of_two_levels_has_no_places_below():
    written, text = page(snapshot([unit for unit in UNITS if unit["level"] < 3]))
    assert not [heading for heading in headings(written) if "lowest" in heading]
    assert "No rows" not in text


def test_one_month_says_nothing_about_reporting():
    assert "Reported" in page(months=2)[1].replace("Reported health data", "")
    assert "Reported" not in page(months=1)[1].replace("Reported health data", "")


def test_a_rate_that_is_no_coverage_has_its_own_unit_and_no_judgement():
    mortality = Indicator("p3", "Maternal deaths", 100_000)
    written, text = page(drawn=rates(mortality, BCG))
    assert "71.5\N{NO-BREAK SPACE}per 100,000" in text
    assert "Above 100" not in text
    assert "Likely reason" not in text
    assert "Where is Maternal deaths high or low?" in headings(written)
    assert "BCG" not in text  # another unit, so not on this axis


def test_another_indicator_than_the_one_asked_for_is_said():
    _, text = page(drawn=rates(replace(P3, wanted=False)), parameters={"map_indicator": "Nope"})
    assert "There is no indicator called 'Nope'; mapped is Penta 3 coverage." in text


def test_a_server_without_indicators_has_a_page_all_the_same():
    nothing = replace(rates(), indicators=(), shapes=[], series=grid(), areas=grid(), places=grid())
    written, text = page(drawn=nothing)
    assert "This server has no coverage indicator to show." in text
    assert len(headings(written)) == 5


def test_no_rates_and_no_shapes_leave_the_names():
    empty = replace(rates(), shapes=[], series=grid(), areas=grid(), places=grid())
    _, text = page(drawn=empty)
    assert "No shapes" in text
    assert "2 without a shape on the map: North, South" in text


def test_each_of_several_countries_has_its_line():
    units = [*UNITS, {"id": "r2", "name": "Other land", "level": 1}, {"id": "r3", "name": "Land", "level": 1}]
    points = [("p3", ou, "202601", value) for ou, value in (("r", 80.0), ("r2", 20.0), ("r3", 50.0))]
    _, text = page(snapshot(units), rates(series=grid(*points)))
    assert "Penta 3 coverage by country" in text
    for name, value in (("Land (r)", "80.0"), ("Other land", "20.0"), ("Land (r3)", "50.0")):
        assert name in text
        assert value in text


def test_indicators_of_one_name_are_told_apart():
    twin = Indicator("bcg", P3.name, 100)
    _, text = page(drawn=rates(P3, twin))
    assert "Penta 3 coverage (p3)" in text
    assert "Penta 3 coverage (bcg)" in text


def test_the_command_runs_it_again_with_what_was_given():
    given = {"months": 24, "map_indicator": "Penta 3; rm -rf ~", "highest_value": 10_000.0}
    _, text = page(parameters=given)
    assert (
        "patterns run 108 --param months=24 --param 'map_indicator=Penta 3; rm -rf ~' --param highest_value=10000"
    ) in text
