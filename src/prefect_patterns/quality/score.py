"""One number for how well data keeps its rules, and its traffic light."""

import math
from typing import Literal

import polars as pl

from prefect_patterns.errors import UsageError

__all__ = ["Light", "light", "score"]

Light = Literal["green", "amber", "red"]


def score(results: pl.DataFrame) -> float:
    """Return the weight of the rules that hold, as a share of the weight of all; 1 when nothing has a weight.

    Args:
        results: `Checked.results`, or those of several frames concatenated.

    Raises:
        UsageError: *results* lacks the columns `holds` and `weight`.

    >>> score(pl.DataFrame({"holds": [True, True, False], "weight": [1.0, 0.5, 0.5]}))
    0.75
    """
    if missing := [name for name in ("holds", "weight") if name not in results.columns]:
        raise UsageError(
            f"cannot score a frame without {' and '.join(missing)}",
            hint="give `Checked.results`",
            docs="docs/quality.md",
        )
    total = math.fsum(results["weight"])
    return math.fsum(results.filter("holds")["weight"]) / total if total else 1.0


def light(score: float, *, green: float = 0.9, amber: float = 0.7) -> Light:
    """Return the traffic light of a score.

    Args:
        score: From 0 to 1.
        green: The least score that is green.
        amber: The least score that is amber; any lower one is red.

    Raises:
        UsageError: The score is not in 0..1, or the thresholds are not in order.

    >>> light(0.9), light(0.73), light(0.2)
    ('green', 'amber', 'red')
    """
    if not 0 <= amber <= green <= 1:
        raise UsageError(f"amber {amber:g} and green {green:g} are not thresholds", hint="use 0 <= amber <= green <= 1")
    if not 0 <= score <= 1:  # also refuses NaN
        raise UsageError(f"{score:g} is not a score", hint="give a number from 0 to 1")
    return "green" if score >= green else "amber" if score >= amber else "red"
