"""Numbers as the server writes them: rounded half up, and as Java spells a long or a double."""

from decimal import Decimal

import polars as pl

__all__ = ["DEFAULT_DECIMALS", "UNROUNDED", "as_double", "as_whole"]

DEFAULT_DECIMALS = 2
UNROUNDED = 10
"""The decimals of `skipRounding`."""

_MANY = 1e7  # from here on, Java writes a double with an exponent
_FEW = 1e-3
_EXACT = 1e15


def as_whole(values: pl.Series, decimals: int) -> pl.Series:
    """Return values of data elements: a whole number has no point.

    >>> as_whole(pl.Series([46.0, 0.125, -0.001, None]), 2).to_list()
    ['46', '0.13', '0', None]
    """
    return _shown(values, _rounded(decimals).str.strip_suffix(".0"))


def as_double(values: pl.Series, decimals: int) -> pl.Series:
    """Return values as a double: `90.0`, `101.47`, and from ten millions on `1.25E7`; without decimals a long.

    >>> as_double(pl.Series([90.0, 101.466, 12_500_000.0]), 2).to_list()
    ['90.0', '101.47', '1.25E7']
    >>> as_double(pl.Series([90.4]), 0).to_list()
    ['90']
    """
    if decimals == 0:
        return as_whole(values, 0)
    text = _shown(values, _rounded(decimals))
    rounded = text.cast(pl.Float64)
    odd = (rounded.abs() >= _MANY) | ((rounded.abs() < _FEW) & (rounded != 0))
    if not odd.any():
        return text
    spelled = pl.Series([_scientific(value) for value in text.filter(odd)], dtype=pl.String)
    shown: pl.Series = text.scatter(odd.arg_true(), spelled)
    return shown


def _shown(values: pl.Series, text: pl.Expr) -> pl.Series:
    return values.cast(pl.Float64).alias("value").to_frame().select(text.alias(values.name)).to_series()


def _rounded(decimals: int) -> pl.Expr:
    """Round half up, as of the decimal number one reads; there is always a digit behind the point."""
    value = pl.col("value")
    units = (value.abs() * 10**decimals).round(max(9 - decimals, 0))
    digits = (units + 0.5).floor().cast(pl.Int128).cast(pl.String).str.zfill(decimals + 1)  # no float can blur these
    before = digits.str.head(-decimals) if decimals else digits
    after = digits.str.tail(decimals).str.strip_chars_end("0") if decimals else pl.lit("")
    sign = pl.when((value < 0) & (digits.str.strip_chars("0") != "")).then(pl.lit("-")).otherwise(pl.lit(""))
    text = pl.concat_str(sign, before, pl.lit("."), pl.when(after == "").then(pl.lit("0")).otherwise(after))
    # A large number has no ten decimals: its shortest form is what can be said of it.
    has_digits_left = value.abs() * 10.0**decimals < _EXACT
    return pl.when(has_digits_left).then(text).otherwise(value.cast(pl.String))


def _scientific(text: str) -> str:
    """Return a decimal number as `Double.toString` spells it: 1.25E7."""
    sign, number = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, _, fraction = f"{Decimal(number):f}".partition(".")
    digits = (whole + fraction).lstrip("0").rstrip("0")
    exponent = len(whole) - 1 if whole.strip("0") else -(len(fraction) - len(fraction.lstrip("0")) + 1)
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"
