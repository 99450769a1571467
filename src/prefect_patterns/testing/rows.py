"""Seeded orders with named defects, so that a test knows how many rows are wrong and why."""

from collections.abc import Callable, Mapping
from datetime import datetime

import numpy as np
import polars as pl

from prefect_patterns.errors import UsageError

__all__ = ["DEFECTS", "seeded_rows"]

_COUNTRIES = ("SL", "GH", "LA", "NO", "VN")
_STATUSES = ("new", "paid", "shipped", "returned")

DEFECTS: Mapping[str, Callable[[pl.Expr], pl.Expr]] = {
    "missing email": lambda bad: pl.when(~bad).then(pl.col("email")).alias("email"),
    "negative amount": lambda bad: pl.when(bad).then(-pl.col("amount") - 1).otherwise("amount").alias("amount"),
    "unknown customer": lambda bad: pl.when(bad).then(-pl.col("row") - 1).otherwise("customer_id").alias("customer_id"),
    "unknown status": lambda bad: pl.when(bad).then(pl.lit("?")).otherwise("status").alias("status"),
    "duplicate id": lambda bad: pl.when(bad).then(pl.lit(0)).otherwise("id").alias("id"),
}
"""Each named defect as the column that it spoils; `bad` is true in the rows that get it."""


def seeded_rows(count: int, *, seed: int = 0, defects: Mapping[str, int] | None = None) -> pl.DataFrame:
    """Return *count* orders, the same for the same arguments, in which *defects* rows are wrong.

    No row gets two defects. A `duplicate id` makes its rows share the id of the first row, which keeps it: n of them
    give a group of n + 1 equal ids.

    Args:
        count: How many rows.
        seed: Another seed gives other rows.
        defects: How many rows get each defect, by the names in `DEFECTS`.

    Returns:
        Columns id, customer_id (0 to 99), amount (0 to 1,000), quantity (1 to 9), status, country, email, created_at.

    Raises:
        UsageError: A defect has no such name, or there are fewer rows than defects.

    >>> rows = seeded_rows(100, defects={"missing email": 3})
    >>> rows["email"].null_count()
    3
    """
    wanted = dict(defects or {})
    if unknown := sorted(set(wanted) - set(DEFECTS)):
        raise UsageError(f"no defects named {unknown}", hint=f"choose from {sorted(DEFECTS)}")
    if wanted and sum(wanted.values()) >= max(count, 1):
        raise UsageError(f"{sum(wanted.values())} defects do not fit in {count} rows", hint="ask for more rows")
    dice = np.random.Generator(np.random.PCG64(seed))
    start = np.datetime64(datetime(2026, 1, 1), "us")  # noqa: DTZ001  # NumPy's datetimes have no zone
    customer = dice.integers(0, 100, count)
    frame = pl.DataFrame(
        {
            "row": np.arange(count),
            "id": np.arange(count),
            "customer_id": customer,
            "amount": dice.uniform(0, 1000, count).round(2),
            "quantity": dice.integers(1, 10, count),
            "status": np.array(_STATUSES)[dice.integers(0, len(_STATUSES), count)].astype(object),
            "country": np.array(_COUNTRIES)[dice.integers(0, len(_COUNTRIES), count)].astype(object),
            "email": [f"customer{number}@example.org" for number in customer],
            "created_at": start + dice.integers(0, 86_400 * 365, count) * 1_000_000,
        },
        schema_overrides={"status": pl.String, "country": pl.String, "email": pl.String},
    )
    chosen = iter(1 + dice.permutation(max(count - 1, 0)))  # never the first row: duplicates point at it
    for name, number in wanted.items():
        rows = [int(next(chosen)) for _ in range(number)]
        frame = frame.with_columns(DEFECTS[name](pl.col("row").is_in(rows)))
    return frame.drop("row")
