"""The values themselves: pinned, complete where they should be, plausible."""

from datetime import date
from hashlib import sha256

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.analytics.periods import Period
from prefect_patterns.sandbox.dhis2.defects import DEFECTS, NEW_FACILITY
from prefect_patterns.sandbox.dhis2.mixing import keys, mix, unit_interval
from prefect_patterns.sandbox.dhis2.values import ELEMENTS, POPULATION, Values


@pytest.fixture(scope="session")
def table(values):
    """All values with their names, and the district of each unit."""
    cells = pl.DataFrame(
        [(index, cell.data_element, cell.combo, cell.data_set) for index, cell in enumerate(values.cells)],
        schema={"cell": pl.Int32, "element": pl.String, "combo": pl.String, "data_set": pl.String},
        orient="row",
    )
    units = pl.DataFrame(
        {
            "unit": range(len(values.units)),
            "uid": values.units,
            "district": [p.split("/")[2] for p in values.paths.values()],
        },
        schema_overrides={"unit": pl.Int32},
    )
    frames = [values.frame(period).with_columns(period=pl.lit(period.iso)) for period in values.periods]
    return pl.concat(frames).join(cells, on="cell").join(units, on="unit")


def one(table, uid, element, combo, period):
    return table.filter(uid=uid, element=element, combo=combo, period=period)["value"].to_list()


def test_some_values_are_pinned(table):
    assert one(table, "Rp268JB6Ne4", "n6aMJNLdvep", "Prlt0C1RF0s", "202606") == [PINNED["penta3"]]
    assert one(table, "DiszpKrYNg8", "fbfJHSPpUQD", "pq2XI5kz2BY", "202501") == [PINNED["anc1"]]
    assert one(table, "DiszpKrYNg8", "WUg3MYWQ7pt", "HllvX50cXC0", "2025") == [PINNED["people"]]


def test_all_values_have_a_pinned_checksum(values):
    names = [*values.units, *(f"{cell.data_element} {cell.combo}" for cell in values.cells)]
    found = sha256("\n".join(names).encode())
    for period in values.periods:
        found.update(period.iso.encode())
        for column in values.frame(period).iter_columns():
            found.update(column.to_numpy().astype("<i4").tobytes())
    assert found.hexdigest()[:16] == PINNED["checksum"]


def test_a_value_does_not_depend_on_the_day(values):
    later = Values(today=date(2026, 11, 1))
    month = Period.parse("202512")
    clean = [index for index, uid in enumerate(values.units) if uid not in {defect.where for defect in DEFECTS}]
    frames = [each.frame(month).filter(pl.col("unit").is_in(clean)) for each in (values, later)]
    assert frames[0].equals(frames[1])


def test_another_seed_gives_other_values(values, today):
    month = values.months[-1]
    assert not Values(today=today, seed=1).frame(month).equals(values.frame(month))


def test_the_sixteen_elements_and_the_population_have_values_in_every_period(table, values):
    found = table.group_by("element").agg(pl.col("period").n_unique())
    assert dict(found.rows()) == {**dict.fromkeys(ELEMENTS, 24), **dict.fromkeys(POPULATION, len(values.years))}


def test_each_facility_fills_in_60_to_95_percent_of_its_cells(table, values):
    monthly = table.filter(pl.col("period").str.len_chars() == 6, pl.col("uid") != NEW_FACILITY)
    cells = {"BfMAe6Itzgt": 36, "QX4ZTUbOt3a": 36}
    for months in (values.months, values.months[12:], values.months[:12]):
        part = monthly.filter(pl.col("period").is_in([month.iso for month in months]))
        sets = part.select("uid", "data_set").unique()
        due = sets.group_by("uid").agg(pl.col("data_set").replace_strict(cells).sum() * len(months))
        share = part.group_by("uid").len().join(due, on="uid").select(pl.col("len") / pl.col("data_set")).to_series()
        assert len(share) == 1154
        assert share.min() >= 0.60
        assert share.max() <= 0.95


def test_some_facilities_miss_whole_months(table):
    monthly = table.filter(pl.col("period").str.len_chars() == 6, pl.col("uid") != NEW_FACILITY)
    months = monthly.group_by("uid").agg(pl.col("period").n_unique())["period"]
    assert 100 < (months < 24).sum() < 500


def test_a_year_has_several_hundred_thousand_values(values):
    assert 400_000 <= sum(values.frame(month).height for month in values.months[12:]) <= 800_000


def test_only_the_assigned_facilities_report(table, metadata):
    for data_set in ("BfMAe6Itzgt", "QX4ZTUbOt3a", "aLpVgfXiz0f"):
        assigned = {each["id"] for each in metadata.collections["dataSets"][data_set]["organisationUnits"]}
        reporting = set(table.filter(data_set=data_set)["uid"]) - {NEW_FACILITY}
        assert reporting <= assigned
        units = metadata.collections["organisationUnits"]
        assert all(units[uid]["level"] == 4 and "closedDate" not in units[uid] for uid in reporting)


def test_population_stays_within_the_range_that_values_may_have(table):
    people = table.filter(element="WUg3MYWQ7pt")["value"]
    assert people.min() > 500
    assert people.max() < 10_000


def test_penta_3_coverage_differs_by_district_and_stays_plausible(table, values):
    infants = table.filter(element="DTVRnCGamkV", period="2026").group_by("district").agg(pl.col("value").sum())
    doses = table.filter(pl.col("combo").is_in(["Prlt0C1RF0s", "V6L425pT3A0"]), element="n6aMJNLdvep")
    year = doses.filter(pl.col("period").is_in([month.iso for month in values.months[12:]]))
    given_ = year.group_by("district").agg(pl.col("value").sum())
    rates = given_.join(infants, on="district").select(pl.col("value") * 100 / pl.col("value_right")).to_series()
    assert len(rates) == 13
    assert 35 < rates.min() < 60
    assert 95 < rates.max() < 115
    assert rates.sort().diff().max() < 25


@pytest.mark.parametrize(("district", "rises"), [("Vth0fbpFcsO", False), ("jmIPBj66vD6", True)])
def test_one_district_falls_and_one_rises(table, values, district, rises):
    doses = table.filter(district=district, element="n6aMJNLdvep")
    halves = [
        doses.filter(pl.col("period").is_in([m.iso for m in half]))["value"].sum()
        for half in (values.months[:12], values.months[12:])
    ]
    assert (halves[1] > halves[0] * 1.1) if rises else (halves[1] < halves[0] * 0.9)


def test_the_rainy_season_shows(table):
    months = table.filter(element="n6aMJNLdvep").group_by("period").agg(pl.col("value").sum())
    by_month = dict(months.rows())
    assert by_month["202508"] < 0.9 * by_month["202503"]


def test_the_defects_are_where_the_table_says_and_nowhere_else(table, values, metadata):
    known = set(metadata.collections["organisationUnits"])
    wrong = table.filter((pl.col("value") < 0) | (pl.col("value") > 10_000))
    strange = table.filter(~pl.col("uid").is_in(known))
    for rule, found in (("value in range", wrong), ("org unit known", strange)):
        listed = {
            (defect.where, values.months[defect.month].iso): defect.count for defect in DEFECTS if defect.rule == rule
        }
        assert {(uid, period): n for uid, period, n in found.group_by("uid", "period").len().rows()} == listed


def test_the_last_year_has_between_100_and_500_wrong_values():
    assert 100 <= sum(defect.count for defect in DEFECTS if defect.month and defect.month >= -12) <= 500
    assert any(defect.month and defect.month < -12 for defect in DEFECTS)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=20, unique=True))
def test_parts_of_mixed_bits_are_in_the_unit_interval(names):
    bits = mix(keys(*names), keys("seed"))
    for part in range(3):
        numbers = unit_interval(bits, part=part)
        assert ((numbers >= 0) & (numbers < 1)).all()


def test_mixed_bits_are_uniform():
    numbers = unit_interval(mix(keys(*map(str, range(20_000))), keys("seed")), part=0)
    counts = pl.Series(numbers * 10).cast(pl.Int32).value_counts()["count"]
    assert counts.min() > 1_850
    assert counts.max() < 2_150


PINNED = {"penta3": 5, "anc1": 15, "people": 7054, "checksum": "30baf7477dd8f9fe"}
