"""How numbers are rounded and spelled, against `decimal`."""

from decimal import ROUND_HALF_UP, Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.sandbox.dhis2.analytics.numbers import as_double, as_whole


def rounded(value, decimals):
    return Decimal(repr(value)).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


@given(
    value=st.decimals(-10_000_000, 10_000_000, places=4).map(float),
    decimals=st.sampled_from([0, 1, 2, 4, 10]),
)
def test_numbers_are_rounded_half_up_as_the_decimal_one_reads(value, decimals):
    expected = rounded(value, decimals)
    (double,) = as_double(pl.Series([value]), decimals)
    (whole,) = as_whole(pl.Series([value]), decimals)
    assert Decimal(double) == Decimal(whole) == expected
    assert not whole.endswith((".", ".0"))
    assert not whole.startswith("-0.0") or expected


@pytest.mark.parametrize(
    ("value", "double"),
    [
        (0.0, "0.0"),
        (-0.001, "0.0"),
        (46.0, "46.0"),
        (1.005, "1.01"),
        (9_999_999.994, "9999999.99"),
        (9_999_999.999, "1.0E7"),
        (123_456_789.12, "1.2345678912E8"),
        (-25_000_000.0, "-2.5E7"),
        (1e300, "1.0E300"),
        (None, None),
    ],
)
def test_a_double_is_spelled_as_java_spells_it(value, double):
    assert as_double(pl.Series([value], dtype=pl.Float64), 2).to_list() == [double]


def test_small_doubles_have_an_exponent_too():
    assert as_double(pl.Series([0.00012345, 0.001]), 10).to_list() == ["1.2345E-4", "0.001"]


def test_there_may_be_nothing_to_round():
    assert as_double(pl.Series([], dtype=pl.Float64), 2).to_list() == []
    assert as_whole(pl.Series([None], dtype=pl.Float64), 2).to_list() == [None]
