from datetime import date
from random import Random

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_patterns.analytics import UNKNOWN, Period, check_foreign_keys, months_before
from prefect_patterns.dhis2.checks import CELL, check_snapshot, check_values
from prefect_patterns.dhis2.snapshot import ENDPOINTS, Snapshot
from prefect_patterns.dhis2.warehouse import describe, star_schema

MONTHS = months_before(date(2024, 3, 1), 2)
UNITS = [
    {"id": "r", "name": "Land", "level": 1},
    {"id": "d", "name": "District", "level": 2, "parent": {"id": "r"}, "code": "D1"},
    {"id": "f", "name": "Facility", "level": 3, "parent": {"id": "d"}, "openingDate": "1990-02-01T00:00:00.000"},
    {"id": "lost", "name": "Lost", "level": 2},
]
LISTS = {
    **{endpoint: [] for endpoint in ENDPOINTS},
    "organisationUnits": UNITS,
    "dataElements": [{"id": "e", "name": "Doses"}, {"id": "e", "name": "Doses again"}],
    "dataSets": [{"id": "s", "name": "Monthly"}],
    "categoryOptionCombos": [{"id": "c", "name": "under 1"}, {"id": "a", "name": "default"}],
}


def star(*rows, lists=LISTS):
    """Build the schema of (unit, period, value) rows."""
    known = Snapshot.of(lists)
    cells = [("e", period, unit, "c", "a", "s", value) for unit, period, value in rows]
    schema = {**dict.fromkeys([*CELL, "data_set"], pl.String), "value": pl.Float64}
    values = pl.DataFrame(cells, schema=schema, orient="row")
    verdict = check_snapshot(known).also("values", check_values(values, known, highest=1e6))
    return star_schema(known, verdict, MONTHS)


def test_each_value_is_found_with_its_names(tmp_path):
    star(("f", "202401", 3.0), ("f", "202402", 4.0), ("d", "202402", 5.0)).write_duckdb(tmp_path / "w.duckdb")
    with duckdb.connect(tmp_path / "w.duckdb", read_only=True) as database:
        rows = database.execute(
            "select u.level_2_name, u.level_3_name, e.name, p.name, p.last_day, c.name, a.name, s.name, v.value"
            " from fact_value v join dim_org_unit u using (org_unit_key)"
            " join dim_data_element e using (data_element_key)"
            " join dim_period p using (period_key) join dim_category_option_combo c using (category_option_combo_key)"
            " join dim_category_option_combo a on a.category_option_combo_key = v.attribute_option_combo_key"
            " join dim_data_set s using (data_set_key) order by v.value"
        ).fetchall()
    common = ("Doses", "under 1", "default", "Monthly")
    assert [(*row[:2], *row[3:5], row[8]) for row in rows] == [
        ("District", "Facility", "January 2024", date(2024, 1, 31), 3.0),
        ("District", "Facility", "February 2024", date(2024, 2, 29), 4.0),
        ("District", None, "February 2024", date(2024, 2, 29), 5.0),
    ]
    assert {(row[2], *row[5:8]) for row in rows} == {common}


def test_a_unit_has_the_units_above_it_by_level():
    units = star().dimensions["org_unit"]
    facility = units.filter(id="f").row(0, named=True)
    assert [facility[f"level_{level}_id"] for level in (1, 2, 3)] == ["r", "d", "f"]
    assert [facility[f"level_{level}_name"] for level in (1, 2, 3)] == ["Land", "District", "Facility"]
    assert facility["opening_date"] == date(1990, 2, 1)
    root = units.filter(id="r").row(0, named=True)
    assert (root["level_1_id"], root["level_2_id"], root["level_3_name"]) == ("r", None, None)


def test_a_value_of_a_unit_set_aside_or_of_another_period_is_kept_with_the_unknown_member():
    fact = star(("lost", "202401", 1.0), ("f", "2024W05", 2.0), ("f", "202401", 3.0)).facts["value"]
    assert fact.select(pl.col("org_unit_key", "period_key") == UNKNOWN, "value").rows() == [
        (True, False, 1.0),
        (False, True, 2.0),
        (False, False, 3.0),
    ]


def test_a_member_that_comes_twice_is_taken_once():
    assert star().dimensions["data_element"]["name"].to_list() == ["Unknown", "Doses"]


def test_a_server_without_metadata_gives_a_schema_of_unknown_members(tmp_path):
    made = star(lists={endpoint: [] for endpoint in ENDPOINTS})
    assert describe(made) == "1 fact, 5 dimensions, foreign keys hold"
    heights = {name: table.height for name, table in made.dimensions.items()}
    assert heights == {"org_unit": 1, "data_element": 1, "period": 3, "category_option_combo": 1, "data_set": 1}
    made.write_duckdb(tmp_path / "empty.duckdb")


def test_keys_are_the_same_whatever_else_the_server_has():
    more = {
        **LISTS,
        "organisationUnits": [{"id": "new", "name": "New", "level": 2, "parent": {"id": "r"}}, *UNITS[::-1]],
    }
    one, other = (made.dimensions["org_unit"].select("id", "org_unit_key") for made in (star(), star(lists=more)))
    assert one.join(other, on=["id", "org_unit_key"]).height == one.height


ROWS = st.lists(
    st.tuples(st.sampled_from(["r", "d", "f", "lost"]), st.sampled_from([*(m.iso for m in MONTHS), "2024"])),
    unique=True,
)


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_no_value_that_passed_is_lost_and_foreign_keys_hold(cells):
    made = star(*[(unit, period, float(number)) for number, (unit, period) in enumerate(cells)])
    assert made.facts["value"]["value"].to_list() == [float(number) for number in range(len(cells))]
    assert check_foreign_keys(made)["holds"].all()
    unknown = dict(check_foreign_keys(made).select("column", "unknown").iter_rows())
    assert unknown["org_unit_key"] == sum(unit == "lost" for unit, _ in cells)
    assert unknown["period_key"] == sum(period == "2024" for _, period in cells)


@pytest.mark.parametrize("seed", range(3))
def test_levels_are_what_a_recursive_query_finds(seed):
    random = Random(seed)
    parents = [None, *(random.choice([None, *(f"u{place}" for place in range(40))]) for _ in range(39))]
    rows = [
        {"id": f"u{place}", "name": f"U{place}", **({"parent": {"id": parent}} if parent else {"level": 1})}
        for place, parent in enumerate(parents)
    ]
    units = (
        star(lists={**LISTS, "organisationUnits": rows})
        .dimensions["org_unit"]
        .filter(pl.col("org_unit_key") != UNKNOWN)
    )
    with duckdb.connect() as database:
        database.execute("create table units (id text, parent text)")
        database.executemany("insert into units values (?, ?)", [(f"u{i}", parent) for i, parent in enumerate(parents)])
        paths = database.execute(
            "with recursive t as (select id, [id] path from units where parent is null union all"
            " select units.id, list_append(t.path, units.id) from units join t on units.parent = t.id) select * from t"
        ).fetchall()
    levels = [name for name in units.columns if name.startswith("level_") and name.endswith("_id")]
    found = {row["id"]: [row[level] for level in levels if row[level]] for row in units.iter_rows(named=True)}
    assert found == dict(paths)


@pytest.mark.parametrize("month", ["202402", "202312"])
def test_a_period_is_described_by_its_days(month):
    period = Period.parse(month)
    known = Snapshot.of(LISTS)
    empty = pl.DataFrame(schema={**dict.fromkeys([*CELL, "data_set"], pl.String), "value": pl.Float64})
    verdict = check_snapshot(known).also("values", check_values(empty, known, highest=1))
    row = star_schema(known, verdict, [period]).dimensions["period"].filter(iso=month).row(0, named=True)
    assert (row["year"], row["month"], row["first_day"], row["last_day"]) == (
        int(month[:4]),
        int(month[4:]),
        period.start,
        period.end,
    )
