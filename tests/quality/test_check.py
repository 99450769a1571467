"""Checking a frame: no row is lost, each bad row is set aside once with its reasons, results count them."""

import datetime as dt
import math
from collections import Counter

import duckdb
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.errors import UsageError
from prefect_patterns.quality import Checked, ForeignKey, NotNull, Range, Rule, Tolerance, Unique, check

KNOWN = pl.DataFrame({"unit": ["a", "b"], "number": [1, 2]})
SCHEMA = {"unit": pl.String, "number": pl.Int64, "rate": pl.Float64}
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", None]),
        st.sampled_from([0, 1, 2, 3, None]),
        st.sampled_from([0.0, 1.5, 9.0, math.nan, math.inf, None]),
    ),
    max_size=25,
)
RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        NotNull("unit"),
        NotNull("rate"),
        Range("rate", 0, 5),
        Range("number", high=2),
        Unique("number"),
        Unique(["unit", "number"]),
        ForeignKey("unit", KNOWN),
        ForeignKey(["unit", "number"], KNOWN),
    )
}


def by_hand(name: str, row: tuple, rows: list[tuple]) -> bool:
    """Whether *row* fails the rule of that name."""
    unit, number, rate = row
    return {
        "unit not null": unit is None,
        "rate not null": rate is None or math.isnan(rate),
        "rate in 0..5": rate is not None and not 0 <= rate <= 5,
        "number at most 2": number is not None and number > 2,
        "number unique": number is not None and [other[1] for other in rows].count(number) > 1,
        "unit, number unique": None not in (unit, number) and [other[:2] for other in rows].count((unit, number)) > 1,
        "unit known": unit is not None and unit not in ("a", "b"),
        "unit, number known": None not in (unit, number) and (unit, number) not in (("a", 1), ("b", 2)),
    }[name]


def frame_of(rows: list[tuple]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@pytest.mark.parametrize("lazy", [False, True], ids=["eager", "lazy"])
@given(rows=ROWS, chosen=st.lists(st.sampled_from(list(RULES)), unique=True))
def test_rows_are_split_as_by_hand(lazy, rows, chosen):
    frame = frame_of(rows).with_row_index("n")
    rules = [RULES[name] for name in chosen]
    checked = check(frame.lazy(), rules) if lazy else check(frame, rules)
    valid = checked.valid.lazy().collect()
    reasons = [[name for name in chosen if by_hand(name, row, rows)] for row in rows]

    assert valid["n"].to_list() == [n for n, found in enumerate(reasons) if not found]
    assert checked.failures["n"].to_list() == [n for n, found in enumerate(reasons) if found]
    assert checked.failures["_reasons"].to_list() == [found for found in reasons if found]
    assert valid.equals(frame.filter(pl.col("n").is_in(valid["n"].implode())))

    counts = Counter(name for found in reasons for name in found)
    assert checked.results["rule"].to_list() == chosen
    assert checked.results["failing"].to_list() == [counts[name] for name in chosen]
    assert checked.results["holds"].to_list() == [counts[name] == 0 for name in chosen]
    assert checked.score == (sum(counts[name] == 0 for name in chosen) / len(chosen) if chosen else 1)


@given(ROWS, st.sets(st.sampled_from(list(RULES))))
def test_a_warning_counts_rows_and_sets_none_aside(rows, chosen):
    rules = [NotNull("number"), *(with_severity(name, "warning") for name in sorted(chosen))]
    checked = check(frame_of(rows), rules)
    assert checked.failures.height == sum(row[1] is None for row in rows)
    assert set(checked.failures["_reasons"].explode().to_list()) <= {"number not null"}
    expected = [sum(by_hand(name, row, rows) for row in rows) for name in sorted(chosen)]
    assert checked.results["failing"].to_list()[1:] == expected


def with_severity(name: str, severity: str) -> Rule:
    rule = RULES[name]
    match rule:
        case Range():
            return Range(rule.column, rule.low, rule.high, severity=severity)
        case ForeignKey():
            return ForeignKey(rule.columns, rule.frame, severity=severity)
        case Unique():
            return Unique(rule.columns, severity=severity)
        case _:
            return NotNull(rule.reads[0], severity=severity)


def test_results_have_these_columns():
    checked = check(
        frame_of([("a", 1, 9.0), ("z", 2, 1.0)]), [Range("rate", 0, 5), NotNull("unit", severity="warning")]
    )
    assert dict(checked.results.schema) == {
        "rule": pl.String,
        "column": pl.String,
        "severity": pl.String,
        "failing": pl.Int64,
        "share": pl.Float64,
        "tolerance": pl.Int64,
        "holds": pl.Boolean,
        "weight": pl.Float64,
    }
    assert checked.results.rows() == [
        ("rate in 0..5", "rate", "error", 1, 0.5, 0, False, 1.0),
        ("unit not null", "unit", "warning", 0, 0.0, 0, True, 0.5),
    ]
    assert (checked.score, checked.light) == (pytest.approx(1 / 3), "red")


def test_a_tolerated_row_is_set_aside_all_the_same():
    checked = check(frame_of([("a", 1, 9.0), ("b", 2, 1.0)]), [Range("rate", 0, 5, tolerance=Tolerance(share=0.5))])
    assert checked.results.select("failing", "tolerance", "holds").rows() == [(1, 1, True)]
    assert checked.failures["_reasons"].to_list() == [["rate in 0..5"]]
    assert (checked.score, checked.valid.height) == (1.0, 1)


def test_one_bad_row_in_a_million_is_not_rounded_to_none():
    numbers = pl.int_range(1_000_000, eager=True).alias("n")
    checked = check(numbers.to_frame(), [Range("n", low=1)])
    assert checked.results.select("failing", "share", "holds").rows() == [(1, 1e-6, False)]
    assert (checked.failures.height, checked.valid.height) == (1, 999_999)


@pytest.mark.parametrize("keys", ["number", "text"])
def test_duplicates_are_found_in_a_large_frame(keys):
    numbers = pl.int_range(200_001, eager=True).alias("number")
    frame = numbers.to_frame().with_columns(pl.col("number").cast(pl.String).alias("text"), other=0)
    assert check(frame, [Unique(keys)]).light == "green"
    twice = pl.concat([frame, frame[[7, 7, 99_999]]])
    for columns in (keys, [keys, "other"]):
        checked = check(twice, [Unique(columns)])
        assert checked.failures["number"].to_list() == [7, 99_999, 7, 7, 99_999]
        assert checked.valid.height == 200_001 - 2


@pytest.mark.parametrize("rows", [2_000, 210_000])
def test_duckdb_counts_the_same_rows_and_keeps_the_same_rows(rows, tmp_path):
    number = pl.int_range(rows)
    # Multiplied by odd numbers, so that keys come in no order and some of them twice or without a value.
    data = pl.select(
        unit=pl.when(number % 97 > 0).then(pl.format("u{}", number * 7919 % 1009)),
        period=number * 104_729 % (rows // 1_100),
        value=pl.when(number % 89 > 0).then((number * 31 % 1000).cast(pl.Float64)),
    )
    units = pl.select(unit=pl.format("u{}", pl.int_range(0, 1009, 2)))
    rules = [NotNull("value"), Range("value", 10, 900), Unique(["unit", "period"]), ForeignKey("unit", units)]
    checked = check(data, rules)
    data.write_parquet(tmp_path / "data.parquet")
    units.write_parquet(tmp_path / "units.parquet")
    with duckdb.connect() as database:
        expected = database.execute(
            "with judged as (select value is null a, coalesce(value not between 10 and 900, false) b,"
            " unit is not null and count(*) over (partition by unit, period) > 1 c,"
            " unit is not null and unit not in (select unit from read_parquet($units)) d from read_parquet($data))"
            " select count(*) filter (a), count(*) filter (b), count(*) filter (c), count(*) filter (d),"
            " count(*) filter (not (a or b or c or d)) from judged",
            {"data": str(tmp_path / "data.parquet"), "units": str(tmp_path / "units.parquet")},
        ).fetchone()
    assert (*checked.results["failing"], checked.valid.height) == expected
    assert min(expected) > 0
    assert checked.valid.height + checked.failures.height == rows


def test_an_empty_frame_keeps_every_rule():
    checked = check(frame_of([]), list(RULES.values()))
    assert (checked.score, checked.light) == (1.0, "green")
    assert checked.results["share"].to_list() == [0.0] * len(RULES)
    assert dict(checked.failures.schema) == SCHEMA | {"_reasons": pl.List(pl.String)}


@pytest.mark.parametrize("frame", [frame_of([("a", 1, None)]), frame_of([("a", 1, None)]).lazy(), pl.DataFrame()])
def test_no_rules_set_nothing_aside(frame):
    checked = check(frame, [])
    assert checked.valid is frame
    assert checked.failures.is_empty()
    assert (checked.results.height, checked.score, checked.light) == (0, 1.0, "green")


def test_a_frame_without_bad_rows_is_not_copied():
    frame = frame_of([("a", 1, 1.0)])
    assert check(frame, list(RULES.values())).valid is frame


def test_valid_rows_of_a_lazy_frame_are_a_plan(tmp_path):
    frame_of([("a", 1, 1.0), ("z", 1, 1.0), (None, 3, 9.0)]).write_parquet(tmp_path / "rows.parquet")
    checked: Checked[pl.LazyFrame] = check(pl.scan_parquet(tmp_path / "rows.parquet"), [ForeignKey("unit", KNOWN)])
    assert isinstance(checked.valid, pl.LazyFrame)
    assert checked.valid.select("number").collect(engine="streaming")["number"].to_list() == [1, 3]


def test_the_name_of_the_frame_goes_before_the_rules_so_that_results_can_be_put_together():
    units = check(frame_of([(None, 1, 1.0)]), [NotNull("unit")], name="units")
    values = check(frame_of([("a", 1, 1.0)]), [NotNull("unit")], name="values")
    assert pl.concat([units.results, values.results])["rule"].to_list() == [
        "units: unit not null",
        "values: unit not null",
    ]
    assert units.failures["_reasons"].to_list() == [["units: unit not null"]]


def test_more_rules_than_bits_in_a_word_are_told_apart():
    rules = [Range("number", low=low, name=f"at least {low}") for low in range(150)]
    checked = check(frame_of([("a", 140, 1.0), ("a", 150, 1.0)]), rules)
    assert checked.failures["_reasons"].to_list() == [[f"at least {low}" for low in range(141, 150)]]


@pytest.mark.parametrize("column", ["*", "^a.*$", "bad", "0", "rows", "len", "_mask", ""])
def test_column_and_rule_names_are_never_patterns(column):
    frame = pl.DataFrame({column: [1, 2, 2, None], "abc": [0, 0, 0, 0]})
    rules = [NotNull(column, name=column or "x"), Range(column, 1, 1), Unique(column), ForeignKey(column, frame)]
    checked = check(frame, rules)
    assert checked.results["failing"].to_list() == [1, 2, 2, 0]
    assert checked.failures[column].to_list() == [2, 2, None]


@pytest.mark.parametrize("lazy", [False, True], ids=["eager", "lazy"])
def test_all_that_does_not_fit_is_said_at_once(lazy):
    frame = frame_of([]).with_columns(pl.lit(0).alias("_reasons"), pl.Series("list", [], dtype=pl.List(pl.Int8)))
    rules = [
        NotNull("untis"),
        NotNull("unit"),
        NotNull("unit"),
        Range("unit", 0, 1),
        Range("number", high=dt.date(2024, 1, 1)),
        Unique("list"),
        ForeignKey("number", KNOWN, "unit"),
        ForeignKey("rate", KNOWN, "nothing"),
        "unit not null",
    ]
    with pytest.raises(UsageError) as caught:
        check(frame.lazy() if lazy else frame, rules, name="values")
    for said in (
        "cannot check values: it has a column '_reasons' already",
        "reads 'untis', which is no column; is it 'unit'?",
        "two rules are called 'unit not null'",
        "'unit' is String (string), its bounds are of the type number",
        "'number' is Int64 (number), its bounds are of the type date",
        "'list' is List(Int8), which cannot be part of a key",
        "'number' is Int64 and cannot equal the key 'unit', which is String",
        "the frame referred to has no column 'nothing'; it has 'unit', 'number'",
        "'unit not null' is not a rule",
    ):
        assert said in caught.value.what


@pytest.mark.parametrize("frame", [[1], {"a": [1]}, None])
def test_something_else_than_a_polars_frame_is_refused(frame):
    with pytest.raises(UsageError, match="check takes a Polars frame, not"):
        check(frame, [])
