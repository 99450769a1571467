"""A table of a Polars frame, for people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from markupsafe import Markup

from prefect_patterns.errors import UsageError
from prefect_patterns.report.rendering import part
from prefect_patterns.report.text import Format, cell

__all__ = ["Column", "table"]


@dataclass(frozen=True, slots=True)
class Column:
    """How one column of a table is shown.

    Args:
        label: The heading.
        digits: Digits after the point.
        unit: Put behind each number.
        show: Makes a cell from a value, such as `spark`; a result that is not `Markup` is escaped.
    """

    label: str
    digits: int = 1
    unit: str = ""
    show: Callable[[Any], object] | None = None


def table(
    frame: pl.DataFrame,
    *,
    caption: str,
    columns: Mapping[str, str | Column] | None = None,
    rows: int = 20,
    total: int | None = None,
) -> Markup:
    """Return the first *rows* of *frame* as an HTML table; a last line says how many more there are.

    The first column heads each row. Numbers stand to the right with equal digits, null is an en dash.

    Args:
        caption: What the table shows; also its name for a screen reader.
        columns: The columns to show, in order, each with its heading or a `Column`; None shows all as they are.
        total: How many rows there are in all, when *frame* is only a sample of them.

    Raises:
        UsageError: *columns* names a column that *frame* does not have.

    >>> frame = pl.DataFrame({"district": ["Bo", "Kono"], "coverage": [84.25, None]})
    >>> "<td class=number>84.2\\xa0%</td>" in table(frame, caption="Coverage", columns={
    ...     "district": "District", "coverage": Column("Penta 3", unit="%")})
    True
    """
    shown = {name: Column(how) if isinstance(how, str) else how for name, how in (columns or _as_is(frame)).items()}
    if missing := [name for name in shown if name not in frame.columns]:
        raise UsageError(
            f"the table {caption!r} has no column {', '.join(map(repr, missing))}",
            hint=f"use some of {', '.join(map(repr, frame.columns))}",
        )
    head = frame.head(rows)
    numeric = [frame.schema[name].is_numeric() and how.show is None for name, how in shown.items()]
    return part(
        "table",
        caption=caption,
        headings=[(how.label, right) for how, right in zip(shown.values(), numeric, strict=True)],
        rows=[
            [(_cell(value, how), right) for value, how, right in zip(row, shown.values(), numeric, strict=True)]
            for row in head.select(list(shown)).iter_rows()
        ]
        if shown
        else [],
        more=max(total or 0, frame.height) - head.height,
    )


def _as_is(frame: pl.DataFrame) -> dict[str, str | Column]:
    return {name: name for name in frame.columns}


def _cell(value: object, how: Column) -> str:
    shown = value if how.show is None else how.show(value)
    return shown if isinstance(shown, Markup) else cell(shown, Format(how.digits, how.unit))
