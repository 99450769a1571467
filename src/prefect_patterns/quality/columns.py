"""What rules ask about columns: their kinds, whether they can be keys, and which keys occur twice."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Literal

import polars as pl
import polars.selectors as cs

__all__ = [
    "Bound",
    "Frame",
    "Schema",
    "column",
    "comparable",
    "complete",
    "duplicates",
    "engine",
    "key",
    "kind_of_bound",
    "kind_of_column",
    "known",
    "literal",
    "not_keys",
    "precise",
]

Bound = int | float | Decimal | dt.date | dt.datetime | dt.time | dt.timedelta
Frame = pl.DataFrame | pl.LazyFrame
Schema = Mapping[str, pl.DataType]

_LARGE = 200_000  # rows; below it the in-memory engine answers sooner than the streaming one


def engine(frame: Frame) -> Literal["streaming", "in-memory"]:
    """Return the engine that answers soonest about *frame*."""
    return "in-memory" if isinstance(frame, pl.DataFrame) and frame.height <= _LARGE else "streaming"


def column(name: str) -> pl.Expr:
    """Return the column called exactly *name*: `pl.col` reads `*` and `^...$` as patterns."""
    return cs.by_name(name).as_expr()


def key(names: Sequence[str], schema: Schema) -> pl.Expr:
    """Return the columns as one value: a struct when there are several."""
    parts = [_plain(column(name), schema[name]).alias(str(place)) for place, name in enumerate(names)]
    return parts[0] if len(parts) == 1 else pl.struct(parts)


def complete(names: Sequence[str]) -> pl.Expr:
    """Return whether no part of the key is null."""
    return pl.all_horizontal(column(name).is_not_null() for name in names)


def duplicates(frame: Frame, names: Sequence[str], schema: Schema) -> pl.Series:
    """Return the complete keys that occur more than once, each once."""
    keys = frame.lazy().filter(complete(names)).select(key(names, schema).alias("key"))
    if isinstance(frame, pl.DataFrame) and frame.height > _LARGE:
        # A sort of hashes finds duplicates sooner than a grouping, in half the memory.
        ordered = keys.select(pl.col("key").hash()).collect(engine="streaming")["key"].sort()
        suspects = ordered.filter(ordered == ordered.shift(1)).unique()
        if suspects.is_empty():
            return pl.Series("key", [], dtype=keys.collect_schema()["key"])
        # Two keys may share a hash, so the few suspects are grouped by what they really are.
        keys = keys.filter(pl.col("key").hash().is_in(suspects.implode()))
    return keys.group_by("key").len().filter(pl.col("len") > 1).collect(engine=engine(frame))["key"]


def known(frame: Frame, names: Sequence[str], like: Sequence[pl.DataType]) -> pl.Series:
    """Return the complete keys of *frame* as values of the types *like*; those that do not fit are left out."""
    parts = [
        _plain(column(name), dtype).cast(pl.String if _is_text(dtype) else dtype, strict=False).alias(str(place))
        for place, (name, dtype) in enumerate(zip(names, like, strict=True))
    ]
    keys = frame.lazy().select(parts).drop_nulls()
    return keys.select(pl.all() if len(parts) == 1 else pl.struct(pl.all())).collect(engine=engine(frame)).to_series()


def not_keys(names: Sequence[str], schema: Schema) -> Iterator[str]:
    """Yield why a column cannot be part of a key."""
    for name in names:
        if schema[name].is_nested() or schema[name] == pl.Object:
            yield f"{name!r} is {schema[name]}, which cannot be part of a key"


def comparable(one: pl.DataType, other: pl.DataType) -> bool:
    """Return whether equal values of the two types are equal to Polars as well."""
    return (
        one == other
        or pl.Null in (one, other)  # a column that is empty or all null often has no other type
        or (one.is_integer() and other.is_integer())
        or (one.is_float() and other.is_float())
        or (_is_text(one) and _is_text(other))
    )


def _is_text(dtype: pl.DataType) -> bool:
    return dtype in (pl.String, pl.Categorical, pl.Enum)


def _plain(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    # Two categoricals number the same text differently.
    return values.cast(pl.String) if _is_text(dtype) and dtype != pl.String else values


def kind_of_bound(bound: object) -> str:
    """Return the kind of columns that can be compared with *bound*."""
    # A datetime is a date to Python, though not to a column.
    kinds = (
        ("datetime", dt.datetime),
        ("date", dt.date),
        ("time", dt.time),
        ("duration", dt.timedelta),
        ("number", int | float | Decimal),
    )
    kind = next((name for name, types in kinds if isinstance(bound, types)), type(bound).__name__)
    aware = isinstance(bound, dt.datetime) and bound.tzinfo is not None
    return f"{kind} with a time zone" if aware else kind


def kind_of_column(dtype: pl.DataType) -> str:
    """Return the kind of bounds that a column of this type can be compared with."""
    if dtype.is_numeric():
        return "number"
    aware = isinstance(dtype, pl.Datetime) and dtype.time_zone is not None
    return f"{str(dtype.base_type()).lower()}{' with a time zone' if aware else ''}"


def precise(values: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return *values* as they can be compared with a bound: Polars would cut a bound to a column's milliseconds."""
    if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ms":
        return values.cast(pl.Datetime("us", dtype.time_zone))
    if isinstance(dtype, pl.Duration) and dtype.time_unit == "ms":
        return values.cast(pl.Duration("us"))
    return values


def literal(bound: Bound, dtype: pl.DataType) -> pl.Expr:
    """Return *bound* as Polars compares it with a column of this type: moments need the same time zone."""
    if isinstance(dtype, pl.Datetime) and dtype.time_zone and isinstance(bound, dt.datetime):
        return pl.lit(bound.astimezone(dt.UTC)).dt.convert_time_zone(dtype.time_zone)
    return pl.lit(bound)
