"""What the period ids of a column stand for."""

from datetime import date

import polars as pl

from prefect_patterns.analytics.periods.period import Period
from prefect_patterns.errors import UsageError

__all__ = ["period_bounds"]

_DOCS = "docs/dhis2.md#periods"


def period_bounds(column: pl.Series) -> pl.DataFrame:
    """Return what each period id of a column stands for, in columns `start`, `end`, `type` and `days`.

    Each distinct id is parsed once. A null stays null in all four.

    Raises:
        UsageError: The column is not text, or has ids of no period; the message names up to five of them.

    >>> period_bounds(pl.Series(["202402", None, "2024Q1"])).rows()[2]
    (datetime.date(2024, 1, 1), datetime.date(2024, 3, 31), 'Quarterly', 91)
    """
    if column.dtype not in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        raise UsageError(
            f"a column of {column.dtype} has no period ids", hint="cast it to text: 202401 is an id", docs=_DOCS
        )
    ids = column.cast(pl.String).rename("id")
    known: list[tuple[str, date, date, str, int]] = []
    wrong: list[str] = []
    for text in ids.unique().drop_nulls().sort():
        try:
            period = Period.parse(text)
        except UsageError:
            wrong.append(text)
        else:
            known.append((text, period.start, period.end, period.type, period.days))
    if wrong:
        shown = ", ".join(repr(text)[:60] for text in wrong[:5]) + (", ..." if len(wrong) > 5 else "")
        raise UsageError(
            f"{len(wrong)} of {len(wrong) + len(known)} distinct ids name no period: {shown}",
            hint="write them as DHIS2 does: 2024, 202401, 2024W5, 2024Q1",
            docs=_DOCS,
        )
    schema = {"id": pl.String, "start": pl.Date, "end": pl.Date, "type": pl.String, "days": pl.Int64}
    bounds = pl.DataFrame(known, schema=schema, orient="row")
    return ids.to_frame().join(bounds, on="id", how="left", maintain_order="left").drop("id")
