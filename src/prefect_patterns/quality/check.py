"""Split a frame into the rows that keep the rules and those that do not, with reasons."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Generic, TypeVar

import polars as pl

from prefect_patterns.errors import UsageError
from prefect_patterns.quality.columns import Schema, engine
from prefect_patterns.quality.rules import Rule
from prefect_patterns.quality.score import Light, light, score

__all__ = ["REASONS", "Checked", "check"]

REASONS = "_reasons"
"""The column of `Checked.failures` that lists the names of the rules that a row fails."""

_DOCS = "docs/quality.md"
_RESULTS = {
    "rule": pl.String,
    "column": pl.String,
    "severity": pl.String,
    "failing": pl.Int64,
    "share": pl.Float64,
    "tolerance": pl.Int64,
    "holds": pl.Boolean,
    "weight": pl.Float64,
}

FrameT = TypeVar("FrameT", pl.DataFrame, pl.LazyFrame)


@dataclass(frozen=True, slots=True)
class Checked(Generic[FrameT]):
    """What `check` found. Each row of its input is in *valid* or in *failures*, in the order it came.

    Args:
        valid: The rows that fail no rule of severity `error`; lazy if the input was.
        failures: The other rows, each once, with a column `_reasons`: the names of the `error` rules that it fails.
        results: One row a rule: `rule` (its name), `column`, `severity`, `failing` (rows), `share` (of all rows),
            `tolerance` (rows that may fail), `holds`, `weight`.
        score: The weight of the rules that hold, as a share of the weight of all.
        light: Its traffic light.
    """

    valid: FrameT
    failures: pl.DataFrame
    results: pl.DataFrame
    score: float
    light: Light


def check(frame: FrameT, rules: Sequence[Rule], *, name: str = "") -> Checked[FrameT]:
    """Judge every row of *frame* by every rule.

    A row that fails a rule of severity `error` is set aside, also when the rule holds by its tolerance.

    A lazy frame is read twice here, in bounded memory but for the rows that fail and, for `Unique`, the keys; and again
    when `valid` is collected: its source must not change in between.

    Args:
        frame: A Polars frame, lazy or not.
        rules: Any number of rules with different names.
        name: What the frame holds; it goes before each rule's name, so that the results of several frames can be put
            together and scored as one.

    Raises:
        UsageError: A rule does not fit the frame (a missing column, a wrong type), two rules have one name, or the
            frame has a column `_reasons`. All problems are in the one message.

    >>> from prefect_patterns.quality import NotNull, Range
    >>> rows = pl.DataFrame({"id": ["a", "b", None], "value": [1, 99, 99]})
    >>> checked = check(rows, [NotNull("id"), Range("value", 0, 9)])
    >>> checked.valid.rows(), checked.failures.rows()
    ([('a', 1)], [('b', 99, ['value in 0..9']), (None, 99, ['id not null', 'value in 0..9'])])
    >>> checked.score, checked.light
    (0.0, 'red')
    """
    if not isinstance(frame, pl.DataFrame | pl.LazyFrame):
        raise UsageError(f"check takes a Polars frame, not {type(frame).__name__}", hint="convert it first", docs=_DOCS)
    schema: Schema = frame.collect_schema()
    _refuse(name, list(_problems(rules, schema)))
    labels = [f"{name}: {rule.name}" if name else rule.name for rule in rules]
    failing = {label: rule.failing(frame, schema).fill_null(False) for label, rule in zip(labels, rules, strict=True)}
    errors = {label: failing.pop(label) for label, rule in zip(labels, rules, strict=True) if rule.severity == "error"}

    valid, bad, rows, counts = _split(frame, list(errors.values()), warnings=failing)
    failures, error_counts = _with_reasons(bad, errors)
    counts |= error_counts
    results = pl.DataFrame(
        [_result(label, rule, counts[label], rows) for label, rule in zip(labels, rules, strict=True)],
        schema=_RESULTS,
        orient="row",
    )
    scored = score(results)
    return Checked(valid, failures, results, scored, light(scored))


def _split(
    frame: FrameT, errors: Sequence[pl.Expr], *, warnings: Mapping[str, pl.Expr]
) -> tuple[FrameT, pl.DataFrame, int, dict[str, int]]:
    """Return the good rows, the bad ones, how many there are of both, and how many fail each warning."""
    sums = [failing.sum().alias(str(place)) for place, failing in enumerate(warnings.values())]
    totals = frame.lazy().select(pl.len().alias("rows"), *sums)
    bad = pl.any_horizontal(errors) if errors else pl.lit(False)
    if isinstance(frame, pl.LazyFrame):
        failures, counted = pl.collect_all([frame.filter(bad), totals], engine="streaming")
        valid = frame.filter(~bad) if errors else frame
    else:
        flags = frame.lazy().select(bad.alias("bad") if errors else pl.repeat(False, pl.len()).alias("bad"))
        judged, counted = pl.collect_all([flags, totals], engine=engine(frame))
        mask = judged["bad"]
        failures = frame.filter(mask)
        valid = frame.filter(~mask) if failures.height else frame
    rows, *counts = counted.row(0)
    return valid, failures, rows, dict(zip(warnings, counts, strict=True))


def _with_reasons(bad: pl.DataFrame, errors: Mapping[str, pl.Expr]) -> tuple[pl.DataFrame, dict[str, int]]:
    """Return the bad rows with their reasons, and how many fail each rule."""
    if bad.is_empty():
        return bad.with_columns(pl.Series(REASONS, [], dtype=pl.List(pl.String))), dict.fromkeys(errors, 0)
    flags = bad.select(failing.alias(str(place)) for place, failing in enumerate(errors.values()))
    # Rows fail in few different ways: a list is made for each way, not for each row.
    ways = flags.unique()
    named = [pl.when(pl.col(str(place))).then(pl.lit(label)) for place, label in enumerate(errors)]
    reasons = flags.join(
        ways.with_columns(pl.concat_list(named).list.drop_nulls().alias(REASONS)),
        on=flags.columns,
        how="left",
        maintain_order="left",
    )[REASONS]
    return bad.with_columns(reasons), dict(zip(errors, flags.sum().row(0), strict=True))


def _result(label: str, rule: Rule, failing: int, rows: int) -> tuple[object, ...]:
    allowed = rule.tolerance.rows(rows)
    share = failing / rows if rows else 0.0
    return label, ", ".join(rule.reads), rule.severity, failing, share, allowed, failing <= allowed, rule.weight


def _problems(rules: Sequence[Rule], schema: Schema) -> Iterator[str]:
    if REASONS in schema:
        yield f"it has a column {REASONS!r} already"
    seen: set[str] = set()
    for rule in rules:
        if not isinstance(rule, Rule):
            yield f"{rule!r} is not a rule"
            continue
        if rule.name in seen:
            yield f"two rules are called {rule.name!r}"
        seen.add(rule.name)
        absent = [column for column in rule.reads if column not in schema]
        for column in absent:
            near = get_close_matches(column, list(schema), n=1)
            yield f"{rule.name!r} reads {column!r}, which is no column{f'; is it {near[0]!r}?' if near else ''}"
        if not absent:
            yield from (f"{rule.name!r}: {problem}" for problem in rule.problems(schema))


def _refuse(name: str, problems: Sequence[str]) -> None:
    if problems:
        raise UsageError(
            f"cannot check {name or 'the frame'}: {'; '.join(problems)}",
            hint="correct the rules, or the frame before it is checked",
            docs=_DOCS,
        )
