"""Why a star schema cannot be built from what was given."""

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from prefect_patterns.analytics.star_schema.model import Dimension, Fact, Reference, column_names
from prefect_patterns.errors import UsageError

__all__ = ["is_text", "refuse_problems"]


def is_text(dtype: pl.DataType) -> bool:
    """Return whether the type holds text."""
    return dtype in (pl.String, pl.Categorical, pl.Enum)


def refuse_problems(facts: Sequence[Fact], dimensions: Sequence[Dimension]) -> None:
    """Raise a `UsageError` that names every problem, if there is one."""
    problems = [
        f"dimension {dimension.name!r} {problem}" for dimension in dimensions for problem in _in_members(dimension)
    ]
    by_name = {dimension.name: dimension for dimension in dimensions}
    problems += [f"fact {fact.name!r} {problem}" for fact in facts for problem in _in_facts(fact, by_name)]
    for kind, tables in (("dimensions", dimensions), ("facts", facts)):
        names = [table.name for table in tables]
        problems += [
            f"two {kind} are called {name!r}" for name in sorted({name for name in names if names.count(name) > 1})
        ]
    if problems:
        raise UsageError(
            f"cannot build the star schema: {'; '.join(problems)}",
            hint="check the frames first, and set aside what is wrong",
            docs="docs/analytics.md#star-schema",
        )


def _in_members(dimension: Dimension) -> Iterator[str]:
    key, schema = column_names(dimension.key), dimension.rows.schema
    wanted = key + list(dimension.attributes or ())
    if absent := [name for name in wanted if name not in schema]:
        yield f"has no column {', '.join(map(repr, absent))}"
        return
    if not key:
        yield "has no key"
        return
    if f"{dimension.name}_key" in (wanted if dimension.attributes is not None else schema):
        yield f"has a column {dimension.name + '_key'!r}, which is its surrogate key's name"
    for name in key:
        if not _can_be_key(schema[name]):
            yield f"has the key {name!r} of type {schema[name]}: text, integers, dates and booleans can be keys"
            return
    natural = dimension.rows.select(key)
    if nulls := natural.select(pl.any_horizontal(pl.all().is_null()).sum()).item():
        yield f"has rows without key: {nulls}"
    twice = natural.filter(natural.is_duplicated()).unique(maintain_order=True)
    if twice.height:
        yield f"has keys more than once: {twice.height}, such as {twice.row(0)}"


def _in_facts(fact: Fact, dimensions: Mapping[str, Dimension]) -> Iterator[str]:
    named = [reference.column for reference in fact.references] + list(fact.measures)
    for name in sorted({name for name in named if named.count(name) > 1}):
        yield f"would have two columns {name!r}: give a reference a `role`"
    if not named:
        yield "has neither references nor measures"
    for reference in fact.references:
        if dimension := dimensions.get(reference.dimension):
            yield from _in_reference(fact, reference, dimension)
        else:
            yield f"refers to {reference.dimension!r}, which is no dimension"
    for name, dtype in fact.measures.items():
        if name not in fact.rows.columns:
            yield f"has no column {name!r}"
            continue
        values = fact.rows[name]
        try:
            lost = values.cast(dtype, strict=False).is_null() & values.is_not_null()
        except pl.exceptions.PolarsError:
            yield f"has the measure {name!r} of type {values.dtype}, which cannot become {dtype}"
            continue
        if lost.any():
            yield f"has values in {name!r} that are no {dtype}: {lost.sum()}, such as {values.filter(lost)[0]!r}"


def _in_reference(fact: Fact, reference: Reference, dimension: Dimension) -> Iterator[str]:
    mine, theirs = column_names(reference.columns), column_names(dimension.key)
    if len(mine) != len(theirs):
        yield f"refers to {dimension.name!r} by {len(mine)} columns, its key has {len(theirs)}"
        return
    for column, key in zip(mine, theirs, strict=True):
        if column not in fact.rows.columns:
            yield f"has no column {column!r}"
        elif key in dimension.rows.columns and not _comparable(fact.rows.schema[column], dimension.rows.schema[key]):
            one, other = fact.rows.schema[column], dimension.rows.schema[key]
            yield f"has {column!r} of type {one}, which cannot equal {dimension.name}.{key} of type {other}"


def _can_be_key(dtype: pl.DataType) -> bool:
    # Types whose text is the same in every version of Polars.
    return is_text(dtype) or dtype.is_integer() or dtype in (pl.Date, pl.Boolean)


def _comparable(one: pl.DataType, other: pl.DataType) -> bool:
    return one in (other, pl.Null) or (is_text(one) and is_text(other)) or (one.is_integer() and other.is_integer())
