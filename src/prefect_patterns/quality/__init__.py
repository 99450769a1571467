"""Check a frame against rules: the rows to use, the rows to set aside with their reasons, and a score."""

from prefect_patterns.quality.check import Checked, check
from prefect_patterns.quality.rules import ForeignKey, NotNull, Range, Rule, Severity, Tolerance, Unique
from prefect_patterns.quality.score import Light, light, score

__all__ = [
    "Checked",
    "ForeignKey",
    "Light",
    "NotNull",
    "Range",
    "Rule",
    "Severity",
    "Tolerance",
    "Unique",
    "check",
    "light",
    "score",
]
