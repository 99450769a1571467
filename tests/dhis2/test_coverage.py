import polars as pl
import pytest

from prefect_patterns.dhis2.coverage import Indicator, not_found, pick_indicators, reporting, worst_places

INDICATORS = pl.DataFrame(
    {
        "id": ["p3", "p3o", "bcg", "anc", "drop", "none"],
        "name": [
            "Penta 3 coverage <1y",
            "Penta 3 coverage <1y, outreach",
            "BCG coverage <1y",
            "ANC 1 Coverage",
            "Penta 1 to 3 drop-out rate",
            None,
        ],
        "factor": [100.0, 100.0, 100.0, 100.0, 100.0, None],
    }
)


@pytest.mark.parametrize(
    ("wanted", "picked"),
    [
        ("penta 3 COVERAGE", ["p3", "anc", "bcg"]),
        ("bcg", ["bcg", "anc", "p3", "p3o"]),
        ("drop", ["drop", "anc", "bcg", "p3"]),
        ("no such thing", ["anc", "bcg", "p3", "p3o"]),
    ],
)
def test_the_wanted_indicator_comes_first_and_coverage_indicators_follow(wanted, picked):
    assert [each.id for each in pick_indicators(INDICATORS, wanted)] == picked


def test_it_is_told_whether_the_wanted_indicator_is_there():
    assert [each.wanted for each in pick_indicators(INDICATORS, "bcg")] == [True, False, False, False]
    assert not any(each.wanted for each in pick_indicators(INDICATORS, "no such thing"))
    assert [each.id for each in pick_indicators(INDICATORS, "")] == ["anc", "bcg", "p3", "p3o"]


def test_an_id_comes_before_a_name_that_contains_it():
    frame = pl.DataFrame({"id": ["x", "bcg"], "name": ["bcg", "Something long"], "factor": [100.0, 1.0]})
    assert [each.id for each in pick_indicators(frame, "bcg")] == ["bcg"]


def test_indicators_of_one_name_are_picked_in_the_same_order_every_time():
    frame = pl.DataFrame({"id": ["c", "a", "b", None], "name": ["Coverage"] * 4, "factor": [100.0] * 4})
    assert [each.id for each in pick_indicators(frame, "nothing")] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("factor", "unit"), [(100, "%"), (1000, "per 1,000"), (100_000.0, "per 100,000"), (1, ""), (0, ""), (None, "")]
)
def test_the_factor_of_an_indicator_is_its_unit(factor, unit):
    assert Indicator("i", "Coverage", factor).unit == unit
    assert Indicator("i", "Coverage", factor).is_coverage == (factor == 100)


@pytest.mark.parametrize(
    ("indicators", "note"),
    [
        ([], ""),
        ([Indicator("i", "BCG coverage")], ""),
        ([Indicator("i", "BCG", wanted=False)], "there is no indicator called 'Nope'; mapped is BCG"),
    ],
)
def test_another_indicator_than_the_wanted_one_is_said(indicators, note):
    assert not_found(indicators, "Nope") == note


def test_a_server_without_coverage_indicators_gives_none():
    assert pick_indicators(INDICATORS.clear(), "penta") == []
    assert pick_indicators(INDICATORS.filter(id="none"), "penta") == []


TREE = pl.DataFrame({"id": ["r", "d", "f1", "f2"], "path": ["/r", "/r/d", "/r/d/f1", "/r/d/f2"]})


def test_reporting_is_the_share_of_facility_months_with_a_value():
    values = pl.DataFrame({"org_unit": ["f1", "f1", "f1", "f2"], "period": ["1", "1", "2", "1"]})
    assert reporting(values, TREE, level=2, months=["1", "2"]).rows() == [("d", 0.75)]


def test_reporting_skips_units_that_hang_nowhere():
    values = pl.DataFrame({"org_unit": ["x", "r"], "period": ["1", "1"]})
    assert reporting(values, TREE, level=2, months=["1", "2"]).rows() == []


def test_values_of_other_periods_are_no_reports_for_a_month():
    values = pl.DataFrame({"org_unit": ["f1"] * 5, "period": ["1", "2", "1W1", "1W2", "1Q1"]})
    assert reporting(values, TREE, level=2, months=["1", "2"]).rows() == [("d", 1.0)]


UNITS = pl.DataFrame({"id": ["a", "b", "d"], "name": ["Alpha", None, "Delta"], "parent": ["d", "d", None]})
MONTHS = ["1", "2", "3", "4", "5", "6"]


def monthly(ou, *values):
    return pl.DataFrame({"ou": [ou] * 6, "pe": MONTHS, "value": values}, schema_overrides={"value": pl.Float64})


def worst(rates, reported=1.0):
    yearly = pl.DataFrame({"ou": ["a", "b"], "value": [50.0, None]})
    share = pl.DataFrame({"ou": ["a"], "reported": [reported]}, schema_overrides={"reported": pl.Float64})
    return worst_places(yearly, rates, share, UNITS, months=MONTHS).row(0, named=True)


@pytest.mark.parametrize(
    ("values", "reported", "reason"),
    [
        ((9, 9, 9, 9, 9, 9), 0.5, "only 50\xa0% of facility months were reported"),
        ((90, 90, 90, 40, 40, 40), 1.0, "fell from 90.0 to 40.0 between the first and the last three months"),
        ((10, 10, 10, 40, 40, 40), 1.0, "low at first, rising from 10.0 to 40.0"),
        ((1.4, 1.4, 1.4, 1.0, 1.0, 1.0), 1.0, "fell from 1.4 to 1.0 between the first and the last three months"),
        ((50, 50, 50, 50, 50, 50), 1.0, "well reported, steadily low"),
        ((-9, -9, -9, -12, -12, -12), 1.0, "well reported, steadily low"),
        ((None, None, None, None, None, None), 1.0, "well reported, steadily low"),
        ((9, 9, 9, 9, 9, 9), None, "no usable values"),
    ],
)
def test_a_low_place_has_its_likely_reason(values, reported, reason):
    found = worst(monthly("a", *values), reported)
    assert (found["place"], found["within"], found["reason"]) == ("Alpha", "Delta", reason)


def test_a_month_without_a_value_is_a_gap_in_the_trend():
    rates = monthly("a", 1, 2, 3, 4, 5, 6).filter(pl.col("pe") != "3")
    assert worst(rates)["trend"] == [1, 2, None, 4, 5, 6]


def test_places_come_worst_first_and_no_more_than_asked():
    yearly = pl.DataFrame({"ou": ["x", "a", "b"], "value": [30.0, 10.0, 20.0]})
    empty = pl.DataFrame(schema={"ou": pl.String, "pe": pl.String, "value": pl.Float64})
    share = pl.DataFrame(schema={"ou": pl.String, "reported": pl.Float64})
    found = worst_places(yearly, empty, share, UNITS, months=MONTHS, count=2)
    assert found["place"].to_list() == ["Alpha", "b"]
    assert found["reported"].to_list() == [None, None]


def test_too_few_months_show_no_trend_to_reason_from():
    yearly = pl.DataFrame({"ou": ["a"], "value": [5.0]})
    rates = monthly("a", 90, 90, 90, 10, 10, 10).head(5)
    share = pl.DataFrame({"ou": ["a"], "reported": [1.0]})
    found = worst_places(yearly, rates, share, UNITS, months=MONTHS[:5])
    assert found["reason"].to_list() == ["well reported, yet low"]


def test_a_unit_that_the_server_lists_twice_is_one_place():
    twice = pl.concat([UNITS, UNITS])
    yearly = pl.DataFrame({"ou": ["a"], "value": [5.0]})
    share = pl.DataFrame({"ou": ["a"], "reported": [1.0]})
    found = worst_places(yearly, monthly("a", 1, 1, 1, 1, 1, 1), share, twice, months=MONTHS)
    assert found.select("place", "within").rows() == [("Alpha", "Delta")]
