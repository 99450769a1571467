"""Analytics: aggregated values as a typed frame."""

from collections.abc import Sequence

import polars as pl

from prefect_patterns.dhis2.connection import Connection
from prefect_patterns.errors import UnexpectedAnswer, UsageError

__all__ = ["ANALYTICS_SCHEMA", "fetch_grid"]

ANALYTICS_SCHEMA: dict[str, pl.DataType] = {
    "dx": pl.String(),
    "ou": pl.String(),
    "pe": pl.String(),
    "value": pl.Float64(),
}
"""The columns of analytics: ids of the data item and the organisation unit, ISO period, aggregated value."""


def fetch_grid(
    connection: Connection, *, dx: Sequence[str], ou: Sequence[str], pe: Sequence[str], filters: Sequence[str]
) -> pl.DataFrame:
    """Return the aggregated values of one request; a dimension that is not asked for is null."""
    dimensions = {"dx": dx, "ou": ou, "pe": pe}
    asked = [f"{name}:{';'.join(_items(items))}" for name, items in dimensions.items() if _items(items)]
    if not asked:
        raise UsageError("analytics need at least one of dx, ou and pe")
    body = connection.get(
        "analytics.json", {"dimension": asked, "filter": _items(filters), "skipMeta": True, "displayProperty": "NAME"}
    )
    try:
        names = [str(header["name"]) for header in body["headers"]]
        grid = pl.DataFrame(body["rows"], schema=dict.fromkeys(names, pl.String), orient="row")
        others = [name for name in names if name not in ANALYTICS_SCHEMA]
        return grid.with_columns(
            (pl.col(name) if name in names else pl.lit(None)).cast(dtype).alias(name)
            for name, dtype in ANALYTICS_SCHEMA.items()
        ).select(*ANALYTICS_SCHEMA, *others)
    except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise UnexpectedAnswer(
            f"{connection.server} sent analytics that cannot be read: {type(error).__name__}",
            hint="ask with fewer dimensions, or look at the answer in a browser",
            method="GET",
            url=f"{connection.server.base_url}/api/analytics.json",
            status=200,
        ) from error


def _items(items: Sequence[str]) -> list[str]:
    return [items] if isinstance(items, str) else [str(item) for item in items]
