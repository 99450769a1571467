"""Indicators that people can read: expressions parsed, every id in them resolved to a name."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from prefect_patterns.analytics import Expression, parse
from prefect_patterns.errors import UsageError

__all__ = ["NAMED_IN_EXPRESSIONS", "Formula", "described", "read_formulas"]

NAMED_IN_EXPRESSIONS = (
    "dataElements",
    "categoryOptionCombos",
    "constants",
    "indicators",
    "organisationUnitGroups",
    "dataSets",
    "dataElementGroups",
    "categoryOptions",
    "categoryOptionGroups",
    "programs",
    "programIndicators",
    "trackedEntityAttributes",
    "organisationUnits",
)
"""The lists whose objects an expression may name, those that most expressions need first."""

_SCHEMA = {
    "id": pl.String(),
    "name": pl.String(),
    "numerator": pl.String(),
    "denominator": pl.String(),
    "factor": pl.Float64(),
    "annualized": pl.Boolean(),
    "unresolved": pl.List(pl.String),
    "problem": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Formula:
    """An indicator with its two expressions; *problem* says what cannot be read, or is not there."""

    id: str | None
    name: str | None
    numerator: Expression | None
    denominator: Expression | None
    factor: float | None
    annualized: bool | None
    problem: str | None = None

    @property
    def uids(self) -> tuple[str, ...]:
        """The ids of all objects that it names, each once."""
        sides = (self.numerator, self.denominator)
        return tuple(dict.fromkeys(uid for side in sides if side for uid in side.describe(lambda _: None).unresolved))


def read_formulas(indicators: pl.DataFrame) -> list[Formula]:
    """Return the formulas of *indicators*, as `frames.indicators` gives them; each is parsed once.

    >>> from prefect_patterns.dhis2 import frames
    >>> rows = [{"id": "a", "numerator": "#{fbfJHSPpUQD}*", "denominator": "1"}]
    >>> read_formulas(frames.indicators(rows))[0].problem
    "numerator: cannot read the expression '#{fbfJHSPpUQD}*' at character 16: it ends too early"
    """
    formulas = []
    for row in indicators.iter_rows(named=True):
        (numerator, no_numerator), (denominator, no_denominator) = (
            _read(side, row[side]) for side in ("numerator", "denominator")
        )
        formulas.append(
            Formula(
                id=row["id"],
                name=row["name"],
                numerator=numerator,
                denominator=denominator,
                factor=row["factor"],
                annualized=row["annualized"],
                problem="; ".join(filter(None, [no_numerator, no_denominator])) or None,
            )
        )
    return formulas


def described(formulas: list[Formula], names: Mapping[str, str | None]) -> pl.DataFrame:
    """Return one row a formula: id, name, numerator and denominator in words, factor, annualized, unresolved, problem.

    Args:
        names: By id; an id without a name stays in the text and is in `unresolved`.

    >>> from prefect_patterns.dhis2 import frames
    >>> rows = [{"id": "a", "numerator": "#{fbfJHSPpUQD}+#{cYeuwXTCPkU}", "denominator": "1"}]
    >>> found = described(read_formulas(frames.indicators(rows)), {"fbfJHSPpUQD": "ANC 1st visit"})
    >>> found.select("numerator", "unresolved").row(0)
    ('ANC 1st visit + cYeuwXTCPkU', ['cYeuwXTCPkU'])
    """
    rows = []
    for formula in formulas:
        sides = [side and side.describe(names.get) for side in (formula.numerator, formula.denominator)]
        unresolved = list(dict.fromkeys(uid for side in sides if side for uid in side.unresolved))
        texts = [side.text if side else None for side in sides]
        rows.append((formula.id, formula.name, *texts, formula.factor, formula.annualized, unresolved, formula.problem))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _read(side: str, text: str | None) -> tuple[Expression | None, str]:
    if not text or not text.strip():
        return None, f"no {side}"
    try:
        return parse(text), ""
    except UsageError as error:
        return None, f"{side}: {error.what}"
