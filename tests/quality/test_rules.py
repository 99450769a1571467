"""Each rule: what fails it, what it does with nulls and NaN, which arguments it refuses."""

import datetime as dt
import math
from decimal import Decimal

import polars as pl
import pytest

from prefect_patterns.errors import UsageError
from prefect_patterns.quality import ForeignKey, NotNull, Range, Rule, Tolerance, Unique, check

DAY = dt.date(2024, 1, 1)
NOON = dt.datetime(2024, 1, 1, 12)  # noqa: DTZ001, a column without a time zone
TICK = dt.timedelta(microseconds=1)
JST = dt.timezone(dt.timedelta(hours=9))
KEYS = pl.DataFrame({"id": ["a", "b", None], "number": [1, 300, None], "rate": [0.0, math.nan, None]})
NAN = math.nan


def failing(rule: Rule, values: pl.Series) -> list[object]:
    """What fails the rule on a column `x`, the same for an eager and a lazy frame."""
    frame = pl.DataFrame({"x": values})
    eager, lazy = check(frame, [rule]), check(frame.lazy(), [rule])
    assert eager.failures.equals(lazy.failures)
    assert eager.valid.equals(lazy.valid.collect())
    return eager.failures["x"].to_list()


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        (NotNull("x"), pl.Series([1, None]), [None]),
        (NotNull("x"), pl.Series([None, None]), [None, None]),
        (NotNull("x"), pl.Series([[1], None]), [None]),
        (NotNull("x"), pl.Series(["", None]), [None]),
        (Range("x", 0, 9), pl.Series([-1, 0, None, 9, 10]), [-1, 10]),
        (Range("x", low=0), pl.Series([-0.5, -0.0, math.inf]), [-0.5]),
        (Range("x", high=0), pl.Series([0.5, -math.inf]), [0.5]),
        (Range("x", -1000, 1000), pl.Series([-128, 127], dtype=pl.Int8), []),
        (Range("x", -1, 1000), pl.Series([0, 2**64 - 1], dtype=pl.UInt64), [2**64 - 1]),
        (Range("x", 0, 0.5), pl.Series([0, 1]), [1]),
        (Range("x", Decimal("0.1")), pl.Series([Decimal("0.10"), Decimal("0.09")]), [Decimal("0.09")]),
        (Range("x", low=DAY), pl.Series([dt.date(2023, 12, 31), DAY, None]), [dt.date(2023, 12, 31)]),
        (Range("x", high=NOON), pl.Series([NOON, NOON + dt.timedelta(seconds=1)]), [NOON + dt.timedelta(seconds=1)]),
        (Range("x", high=NOON.replace(tzinfo=JST)), pl.Series([NOON]).dt.replace_time_zone("Asia/Tokyo"), []),
        (Range("x", low=NOON.replace(tzinfo=dt.UTC)), pl.Series([NOON]).dt.replace_time_zone("UTC"), []),
        (Range("x", high=dt.timedelta(1)), pl.Series([dt.timedelta(1), dt.timedelta(2)]), [dt.timedelta(2)]),
        (Range("x", high=dt.time(12)), pl.Series([dt.time(12), dt.time(13)]), [dt.time(13)]),
        (Range("x", low=NOON + TICK), pl.Series([NOON], dtype=pl.Datetime("ms")), [NOON]),
        (Range("x", high=NOON + TICK), pl.Series([NOON], dtype=pl.Datetime("ms")), []),
        (Range("x", low=TICK), pl.Series([dt.timedelta(0)], dtype=pl.Duration("ms")), [dt.timedelta(0)]),
        (Range("x", high=NOON.replace(year=9999)), pl.Series([NOON], dtype=pl.Datetime("ns")), []),
        (Unique("x"), pl.Series(["a", "b", "a", None, None, "a"]), ["a", "a", "a"]),
        (Unique("x"), pl.Series([0.0, -0.0, 1.0]), [0.0, -0.0]),
        (Unique("x"), pl.Series(["a", "b", "a"], dtype=pl.Categorical), ["a", "a"]),
        (Unique("x"), pl.Series([DAY, DAY]), [DAY, DAY]),
        (ForeignKey("x", KEYS, "id"), pl.Series(["a", "z", None, ""]), ["z", ""]),
        (ForeignKey("x", KEYS.lazy(), "id"), pl.Series(["b", "z"]), ["z"]),
        (ForeignKey("x", KEYS.clear(), "id"), pl.Series(["b", None]), ["b"]),
        (ForeignKey("x", pl.DataFrame({"id": []}), "id"), pl.Series(["b", None]), ["b"]),
        (ForeignKey("x", KEYS, "id"), pl.Series([None, None]), []),
        (Unique("x"), pl.Series([None, None]), []),
        (Range("x", 0, 1), pl.Series([None, None]), []),
        (Range("x", DAY), pl.Series([None, None]), []),
        (Range("x", NOON.replace(tzinfo=JST)), pl.Series([None, None]), []),
        (ForeignKey("x", KEYS, "id"), pl.Series(["a", "z"], dtype=pl.Categorical), ["z"]),
        (ForeignKey("x", KEYS, "number"), pl.Series([1, 44, None], dtype=pl.Int8), [44]),
        (ForeignKey("x", KEYS, "number"), pl.Series([300, 301], dtype=pl.UInt64), [301]),
        (ForeignKey("x", KEYS, "rate"), pl.Series([-0.0, 1.0], dtype=pl.Float32), [1.0]),
    ],
)
def test_a_rule_fails_exactly_these_values(rule, values, expected):
    assert failing(rule, values) == expected


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        (NotNull("x"), 2),
        (Range("x", 0, 9), 2),
        (Range("x", low=0), 2),
        (Range("x", high=9), 2),
        (Unique("x"), 2),
        (ForeignKey("x", KEYS, "rate"), 0),
        (ForeignKey("x", KEYS.head(1), "rate"), 2),
    ],
)
def test_nan_is_a_value_that_is_missing_and_in_no_range(rule, count):
    assert len(failing(rule, pl.Series([NAN, 0.0, NAN]))) == count


@pytest.mark.parametrize(
    ("rule", "name", "reads"),
    [
        (NotNull("value"), "value not null", ("value",)),
        (Range("value", 0, 10_000), "value in 0..10000", ("value",)),
        (Range("value", low=0.5), "value at least 0.5", ("value",)),
        (Range("day", high=DAY), "day at most 2024-01-01", ("day",)),
        (Unique("id"), "id unique", ("id",)),
        (Unique(["unit", "period"]), "unit, period unique", ("unit", "period")),
        (ForeignKey("org_unit", KEYS, "id"), "org_unit known", ("org_unit",)),
        (ForeignKey(("a", "b"), KEYS, ("id", "number"), name="pair"), "pair", ("a", "b")),
    ],
)
def test_a_rule_has_a_readable_name_unless_it_is_given_one(rule, name, reads):
    assert (rule.name, rule.reads) == (name, reads)


def test_composite_keys_are_judged_as_a_whole_and_pass_with_a_null_part():
    frame = pl.DataFrame({"a": ["x", "x", "y", None, "x"], "b": [1, 1, 1, 1, None]})
    known = pl.DataFrame({"one": ["x", "y"], "two": [1, 2]})
    checked = check(frame, [Unique(("a", "b")), ForeignKey(("a", "b"), known, ("one", "two"))])
    assert checked.results["failing"].to_list() == [2, 1]
    assert checked.valid.rows() == [(None, 1), ("x", None)]


def test_an_error_weighs_1_and_a_warning_half_unless_given():
    weights = [rule.weight for rule in (NotNull("x"), NotNull("x", severity="warning"), NotNull("x", weight=3))]
    assert weights == [1, 0.5, 3]


@pytest.mark.parametrize(
    ("tolerance", "total", "rows"),
    [
        (Tolerance(), 1_000_000, 0),
        (Tolerance(count=3), 2, 3),
        (Tolerance(share=0.29), 100, 29),
        (Tolerance(share=0.1), 30, 3),
        (Tolerance(share=0.1), 29, 2),
        (Tolerance(share=1e-6), 999_999, 0),
        (Tolerance(share=1e-6), 1_000_000, 1),
        (Tolerance(count=1, share=0.5), 10, 5),
        (Tolerance(share=1), 7, 7),
        (Tolerance(share=0.5), 0, 0),
    ],
)
def test_a_tolerance_is_the_larger_of_a_count_and_a_share(tolerance, total, rows):
    assert tolerance.rows(total) == rows


@pytest.mark.parametrize("share", [number / 100 for number in range(101)])
def test_a_share_allows_what_its_quotient_says(share):
    for total in (1, 7, 100, 1_000):
        rows = Tolerance(share=share).rows(total)
        assert rows / total <= share
        assert rows == total or (rows + 1) / total > share


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Range("a"), "no bound"),
        (lambda: Range("a", 2, 1), r"lies in 2\.\.1"),
        (lambda: Range("a", NAN), "lies in nan"),
        (lambda: Range("a", 0, NAN), "lies in"),
        (lambda: Range("a", 1, DAY), "two types"),
        (lambda: Range("a", "b"), "not numbers, dates, times"),
        (lambda: Range("a", DAY, NOON), "two types"),
        (lambda: NotNull("a", severity="fatal"), "'fatal'"),
        (lambda: NotNull("a", weight=-1), "weight -1"),
        (lambda: NotNull("a", weight=NAN), "weight nan"),
        (lambda: NotNull("a", tolerance=3), "tolerance 3"),
        (lambda: Tolerance(count=-1), "count -1"),
        (lambda: Tolerance(share=1.5), "1.5"),
        (lambda: Tolerance(share=NAN), "nan"),
        (lambda: Unique([]), r"\[\]"),
        (lambda: Unique(["a", "a"]), "different columns"),
        (lambda: ForeignKey("a", ["x"]), "list, not a Polars frame"),
        (lambda: ForeignKey(["a", "b"], KEYS, "id"), "2 columns cannot refer to 1 keys"),
    ],
)
def test_impossible_arguments_are_refused_at_once(make, said):
    with pytest.raises(UsageError, match=said):
        make()


def test_rules_are_values_and_a_foreign_key_is_itself():
    assert Range("a", 0) == Range("a", 0) != Range("a", 1)
    assert len({Unique("a"), Unique(["a"]), NotNull("a")}) == 2
    assert ForeignKey("a", KEYS, "id") != ForeignKey("a", KEYS, "number")
