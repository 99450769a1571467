import json

import duckdb
import polars as pl
import pytest

from prefect_patterns.dhis2.checks import CELL, Verdict, check_snapshot, check_values
from prefect_patterns.dhis2.snapshot import ENDPOINTS, Snapshot

NOTHING = {endpoint: [] for endpoint in ENDPOINTS}
ELEMENT = "aaaaaaaaaaa"
SOUND = {
    **NOTHING,
    "organisationUnits": [
        {"id": "r", "name": "Land", "level": 1},
        {"id": "d", "name": "District", "level": 2, "parent": {"id": "r"}},
    ],
    "dataElements": [{"id": ELEMENT, "name": "Doses"}],
    "dataSets": [{"id": "s", "name": "Monthly", "dataSetElements": [{"dataElement": {"id": ELEMENT}}]}],
    "categoryOptionCombos": [{"id": "c", "name": "default"}],
    "indicators": [{"id": "i", "name": "Rate", "numerator": f"#{{{ELEMENT}}}", "denominator": "1"}],
}


def snapshot(**lists):
    return Snapshot.of({**SOUND, **lists})


def units(*rows):
    return snapshot(organisationUnits=[*SOUND["organisationUnits"], *rows])


def values(*rows):
    """Frame of (value, what differs from a sound cell)."""
    cell = {
        "data_element": ELEMENT,
        "org_unit": "d",
        "category_option_combo": "c",
        "attribute_option_combo": "c",
        "data_set": "s",
    }
    cells = [
        {**cell, "period": f"2024{number:02}", "value": value, **other} for number, (value, other) in enumerate(rows)
    ]
    schema = {**dict.fromkeys([*CELL, "data_set"], pl.String), "value": pl.Float64}
    return pl.DataFrame(cells, schema=schema)


def failing(results):
    return dict(results.filter(pl.col("failing") > 0).select("rule", "failing").iter_rows())


def verdict(known, *rows, highest=100.0):
    return check_snapshot(known).also("values", check_values(values(*rows), known, highest=highest))


def test_sound_data_keeps_all_eleven_rules():
    found = verdict(snapshot(), (1.0, {}))
    assert (found.results.height, found.failed_rules, found.score, found.light) == (11, 0, 1.0, "green")
    assert found.sentence == "1.00: 11 of 11 rules hold; no row set aside"
    assert found.set_aside.schema == {"data": pl.String, "reasons": pl.List(pl.String), "row": pl.String}


@pytest.mark.parametrize(
    ("unit", "rules"),
    [
        ({"id": "x", "level": 2, "parent": {"id": "r"}}, {"org unit has a name": 1}),
        ({"id": "x", "name": "X", "level": 2}, {"org unit reaches the root": 1}),
        ({"id": "x", "name": "X", "level": 2, "parent": {"id": "gone"}}, {"org unit reaches the root": 1}),
        ({"id": "x", "name": "X", "level": 2, "parent": {"id": "x"}}, {"org unit reaches the root": 1}),
        ({"id": "d", "name": "Twice"}, {"org unit id unique": 2}),
        ({"id": "x", "name": "A second root", "level": 1}, {}),
        ({"id": "x", "name": "<script>\u202e'\";--" + "n" * 300, "level": 2, "parent": {"id": "r"}}, {}),
    ],
    ids=["no name", "lost", "orphan", "its own parent", "twice", "second root", "odd name"],
)
def test_a_unit_fails_exactly_these_rules(unit, rules):
    assert failing(check_snapshot(units(unit)).results) == rules


def test_everything_below_a_cycle_is_set_aside_with_its_problem():
    below = [
        {"id": name, "name": name, "level": 3, "parent": {"id": parent}}
        for name, parent in [("a", "b"), ("b", "a"), ("c", "a"), ("e", "c")]
    ]
    failures = check_snapshot(units(*below)).checks["org units"].failures
    assert dict(failures.select("id", "problem").iter_rows()) == {
        "a": "cycle",
        "b": "cycle",
        "c": "below a problem",
        "e": "below a problem",
    }


@pytest.mark.parametrize(
    ("numerator", "rules"),
    [
        ("#{bbbbbbbbbbb}", {"indicator operand known": 1}),
        (f"#{{bbbbbbbbbbb}}+#{{{ELEMENT}}}/#{{bbbbbbbbbbb.ccccccccccc}}", {"indicator operand known": 2}),
        ("if(1 > 0, #{bbbbbbbbbbb}, 2)", {"indicator operand known": 1}),
        ("nonsense(#{bbbbbbbbbbb})", {}),
        ("R{bbbbbbbbbbb.REPORTING_RATE}", {}),
        ("#{", {}),
        ("", {}),
        (None, {}),
        ("(" * 3000 + "1" + ")" * 3000, {}),
    ],
)
def test_only_operands_that_can_be_read_and_are_not_there_fail(numerator, rules):
    known = snapshot(indicators=[{"id": "i", "numerator": numerator, "denominator": "1"}])
    assert failing(check_snapshot(known).results) == rules


def test_a_member_of_a_data_set_that_is_no_data_element_fails():
    sets = [{"id": "s", "dataSetElements": [{"dataElement": {"id": "gone"}}, {"dataElement": None}, {}]}]
    assert failing(check_snapshot(snapshot(dataSets=sets)).results) == {"data set member known": 1}


@pytest.mark.parametrize(
    ("value", "other", "rules"),
    [
        (None, {}, {"value is a number"}),
        (float("nan"), {}, {"value is a number", "value in 0 to 100"}),
        (float("inf"), {}, {"value in 0 to 100"}),
        (-0.001, {}, {"value in 0 to 100"}),
        (100.001, {}, {"value in 0 to 100"}),
        (0.0, {}, set()),
        (100.0, {}, set()),
        (1.0, {"org_unit": "x"}, {"org unit known"}),
        (1.0, {"data_element": "x"}, {"data element known"}),
        (1.0, {"category_option_combo": "x"}, {"option combo known"}),
        (-1.0, {"org_unit": "x", "data_element": "x"}, {"value in 0 to 100", "org unit known", "data element known"}),
    ],
)
def test_a_value_fails_exactly_these_rules(value, other, rules):
    checked = check_values(values((value, other)), snapshot(), highest=100.0)
    assert set(failing(checked.results)) == rules
    assert checked.failures.height == bool(rules)


def test_two_values_of_one_cell_are_both_set_aside():
    twice = check_values(values((1.0, {"period": "x"}), (2.0, {"period": "x"})), snapshot(), highest=9)
    assert failing(twice.results) == {"one value per cell": 2}


@pytest.mark.parametrize(
    ("highest", "name"), [(10_000, "10,000"), (1.0, "1"), (0.5, "0.5"), (1234.25, "1,234.25"), (2e6, "2,000,000")]
)
def test_the_highest_value_is_named_as_it_was_given(highest, name):
    rules = check_values(values(), snapshot(), highest=highest).results["rule"]
    assert f"value in 0 to {name}" in rules


def test_duckdb_finds_the_same_values():
    known = units({"id": "f", "name": "Facility", "level": 2, "parent": {"id": "r"}})
    rows = [
        (float(number * 7 % 130 - 5), {"org_unit": "dfx"[number % 3], "period": str(number % 60)})
        for number in range(90)
    ]
    checked, frame = check_values(values(*rows), known, highest=100), values(*rows)
    with duckdb.connect() as database:
        database.execute("create table v (e text, p text, u text, c text, a text, s text, value double)")
        database.executemany("insert into v values (?, ?, ?, ?, ?, ?, ?)", frame.rows())
        counts = database.execute(
            "select count(*) filter (value not between 0 and 100), count(*) filter (n > 1),"
            " count(*) filter (u not in ('r', 'd', 'f')),"
            " count(*) filter (value between 0 and 100 and n = 1 and u in ('r', 'd', 'f'))"
            " from (select *, count(*) over (partition by e, p, u, c, a) n from v)"
        ).fetchone()
    found = failing(checked.results)
    names = ("value in 0 to 100", "one value per cell", "org unit known")
    assert (*(found.get(name, 0) for name in names), checked.valid.height) == counts
    assert checked.valid.height + checked.failures.height == 90


def test_a_verdict_says_how_many_rows_of_how_many_reasons():
    found = verdict(snapshot(), *[(1.0, {})] * 20, (-1.0, {}))
    assert found.sentence == "0.91: 10 of 11 rules hold; 1 row set aside (1 reason)"
    two = verdict(snapshot(), *[(1.0, {})] * 20, (-1.0, {"org_unit": "x"}))
    assert two.sentence == "0.82: 9 of 11 rules hold; 1 row set aside (2 reasons)"


def test_rows_set_aside_keep_their_reasons_and_all_their_columns():
    row = verdict(snapshot(), (-1.0, {"org_unit": "x"})).set_aside.row(0, named=True)
    assert (row["data"], row["reasons"]) == ("values", ["value in 0 to 100", "org unit known"])
    assert json.loads(row["row"]) == values((-1.0, {"org_unit": "x"})).row(0, named=True)


@pytest.mark.parametrize(("bad", "light"), [(0, "green"), (2, "green"), (3, "red"), (20, "red")])
def test_more_than_a_tenth_of_the_values_set_aside_is_red_whatever_the_score(bad, light):
    found = verdict(snapshot(), *[(1.0, {})] * (20 - bad), *[(-1.0, {})] * bad)
    assert (found.light, found.score >= 0.9) == (light, True)
    assert bool(found.lost) == (light == "red")
    assert ("of the values set aside" in found.sentence) == (light == "red")


def test_a_country_that_hangs_in_a_cycle_is_red():
    loop = [{**SOUND["organisationUnits"][0], "parent": {"id": "d"}}, SOUND["organisationUnits"][1]]
    found = verdict(snapshot(organisationUnits=loop), (1.0, {}))
    assert (found.light, found.lost) == ("red", ["100\xa0% of the org units set aside"])


def test_nothing_at_all_is_red_and_said():
    found = verdict(Snapshot.of(NOTHING))
    assert (found.score, found.light) == (1.0, "red")
    assert found.sentence.endswith("no row set aside; there are no org units; there are no values")


def test_a_part_of_the_checks_is_judged_too():
    known = snapshot()
    assert Verdict({"values": check_values(values((1.0, {})), known, highest=9)}).light == "green"
    assert Verdict({"indicators": check_snapshot(known).checks["indicators"]}).light == "green"


def test_the_summary_lists_every_rule():
    lines = verdict(snapshot(), *[(1.0, {})] * 20, (-1.0, {})).markdown.splitlines()
    assert lines[0] == "# green 0.91: 10 of 11 rules hold; 1 row set aside (1 reason)"
    assert "| value in 0 to 100 | values | 1 | no |" in lines
    assert len(lines) == 4 + 11
