"""Metadata rows as typed frames: a field that the server leaves out is null, never an error."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

__all__ = [
    "category_option_combos",
    "data_elements",
    "data_set_elements",
    "data_sets",
    "indicators",
    "level_names",
    "operands",
    "org_units",
]

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Column:
    """Where a column comes from: a path of keys into the row, and its type."""

    name: str
    path: str
    dtype: pl.DataType | type[pl.DataType] = pl.String


_ORG_UNIT = (
    _Column("id", "id"),
    _Column("code", "code"),
    _Column("name", "name"),
    _Column("level", "level", pl.Int32),
    _Column("parent", "parent.id"),
    _Column("opening_date", "openingDate"),
    _Column("closed_date", "closedDate"),
)
_DATA_ELEMENT = (
    _Column("id", "id"),
    _Column("code", "code"),
    _Column("name", "name"),
    _Column("value_type", "valueType"),
    _Column("aggregation_type", "aggregationType"),
    _Column("category_combo", "categoryCombo.id"),
)
_DATA_SET = (
    _Column("id", "id"),
    _Column("code", "code"),
    _Column("name", "name"),
    _Column("period_type", "periodType"),
)
_CATEGORY_OPTION_COMBO = (
    _Column("id", "id"),
    _Column("code", "code"),
    _Column("name", "name"),
    _Column("category_combo", "categoryCombo.id"),
)
_INDICATOR = (
    _Column("id", "id"),
    _Column("name", "name"),
    _Column("numerator", "numerator"),
    _Column("denominator", "denominator"),
    _Column("factor", "indicatorType.factor", pl.Float64),
    _Column("annualized", "annualized", pl.Boolean),
)


def org_units(rows: Iterable[Row]) -> pl.DataFrame:
    """Return id, code, name, level, parent, opening_date and closed_date (dates) of organisation units.

    >>> org_units([{"id": "a", "parent": {"id": "b"}}]).row(0)
    ('a', None, None, None, 'b', None, None)
    """
    days = pl.col("opening_date", "closed_date").str.head(10).str.to_date(strict=False)
    return _frame(rows, _ORG_UNIT).with_columns(days)


def data_elements(rows: Iterable[Row]) -> pl.DataFrame:
    """Return id, code, name, value_type, aggregation_type and category_combo of data elements."""
    return _frame(rows, _DATA_ELEMENT)


def data_sets(rows: Iterable[Row]) -> pl.DataFrame:
    """Return id, code, name and period_type of data sets."""
    return _frame(rows, _DATA_SET)


def data_set_elements(rows: Iterable[Row]) -> pl.DataFrame:
    """Return one row for each data element of each data set: data_set, data_element.

    >>> data_set_elements([{"id": "s", "dataSetElements": [{"dataElement": {"id": "e"}}]}]).row(0)
    ('s', 'e')
    """
    pairs = [
        (row.get("id"), _dig(element, "dataElement.id"))
        for row in rows
        for element in _list(row.get("dataSetElements"))
        if isinstance(element, Mapping)
    ]
    return pl.DataFrame(pairs, schema={"data_set": pl.String, "data_element": pl.String}, orient="row")


def category_option_combos(rows: Iterable[Row]) -> pl.DataFrame:
    """Return id, code, name and category_combo of category option combinations."""
    return _frame(rows, _CATEGORY_OPTION_COMBO)


def indicators(rows: Iterable[Row]) -> pl.DataFrame:
    """Return id, name, numerator, denominator, factor and annualized of indicators."""
    return _frame(rows, _INDICATOR)


def level_names(rows: Iterable[Row]) -> dict[int, str]:
    """Return the names of organisation unit levels by their number, from 1.

    >>> level_names([{"level": 2, "name": "District"}, {"id": "nothing else"}])
    {2: 'District'}
    """
    return {
        level: name
        for row in rows
        if isinstance(level := row.get("level"), int) and isinstance(name := row.get("name"), str) and name.strip()
    }


def operands(indicator_frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Return the data elements that indicators name, and the indicators with an expression that cannot be read.

    Those of sub-expressions and in programs (`D{program.data element}`) are among them. What stands for data elements
    without naming them is not: groups of them, other indicators, reporting rates.

    Args:
        indicator_frame: As `indicators` gives it.

    Returns:
        A frame of indicator, name, side (numerator or denominator), operand (in DHIS2's notation, with its methods)
        and data_element, one row an operand; and the ids of the indicators whose numerator or denominator breaks the
        grammar, so that this side has no rows.
    """
    from prefect_patterns.analytics import parse
    from prefect_patterns.analytics.expressions import Operand, ProgramDataElement
    from prefect_patterns.errors import UsageError

    found: list[tuple[str, str | None, str, str, str]] = []
    unread: dict[str, None] = {}
    for row in indicator_frame.iter_rows(named=True):
        for side in ("numerator", "denominator"):
            if not row[side]:
                continue
            try:
                expression = parse(row[side])
            except UsageError:
                unread[row["id"]] = None
                continue
            found.extend(
                (row["id"], row["name"], side, str(each), each.data_element)
                for each in expression.leaves
                if isinstance(each, Operand | ProgramDataElement)
            )
    names = ("indicator", "name", "side", "operand", "data_element")
    return pl.DataFrame(found, schema=dict.fromkeys(names, pl.String), orient="row"), list(unread)


def _frame(rows: Iterable[Row], columns: Sequence[_Column]) -> pl.DataFrame:
    listed = list(rows)
    return pl.DataFrame(
        [
            pl.Series(column.name, [_dig(row, column.path) for row in listed], dtype=column.dtype, strict=False)
            for column in columns
        ]
    )


def _dig(row: object, path: str) -> object:
    for key in path.split("."):
        if not isinstance(row, Mapping):
            return None
        row = row.get(key)
    return None if isinstance(row, Mapping | list) else row


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
