"""What can be asked of rows. Each rule becomes a predicate on a row alone, so that any part of a frame can be judged.

A null passes every rule but `NotNull`. A NaN is a value, and a bad one: it fails `NotNull` and `Range`.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Literal

import polars as pl
from typing_extensions import override

from prefect_patterns.errors import UsageError
from prefect_patterns.quality import columns as c

__all__ = ["ForeignKey", "NotNull", "Range", "Rule", "Severity", "Tolerance", "Unique"]

Severity = Literal["error", "warning"]
_DOCS = "docs/quality.md#rules"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How many rows may fail a rule that still holds: the larger of a count and a share of all rows.

    Args:
        count: Rows.
        share: From 0 to 1; nothing is rounded, one row in a million is more than none.

    Raises:
        UsageError: A value is out of its range.

    >>> Tolerance(count=2, share=0.1).rows(50)
    5
    """

    count: int = 0
    share: float = 0.0

    def __post_init__(self) -> None:
        if self.count < 0 or not 0 <= self.share <= 1:
            raise UsageError(
                f"a tolerance of count {self.count} and share {self.share:g} is not possible",
                hint="use count >= 0 and a share from 0 to 1",
                docs=_DOCS,
            )

    def rows(self, total: int) -> int:
        """Return how many of *total* rows may fail."""
        allowed = math.floor(self.share * total)
        # The product is rounded (0.29 * 100 < 29), the quotient that users compute is not.
        if total and allowed < total and (allowed + 1) / total <= self.share:
            allowed += 1
        return max(self.count, allowed)


@dataclass(frozen=True, slots=True)
class Rule(ABC):
    """What all rules have; use a subclass.

    Args:
        name: What results and reasons call it; made from its arguments unless given.
        severity: A row that fails an `error` is set aside; one that fails a `warning` is only counted.
        weight: Its part in the score; 1 for an error and 0.5 for a warning unless given.
        tolerance: How many rows may fail while the rule holds. They are set aside all the same.

    Raises:
        UsageError: An argument is not possible.
    """

    _: KW_ONLY
    name: str = ""
    severity: Severity = "error"
    weight: float | None = None
    tolerance: Tolerance = Tolerance()

    def __post_init__(self) -> None:
        if self.severity not in ("error", "warning"):
            raise _refused(self, f"severity {self.severity!r} is neither 'error' nor 'warning'")
        if self.weight is not None and not 0 <= self.weight < math.inf:
            raise _refused(self, f"weight {self.weight:g} is not a number from 0")
        if not isinstance(self.tolerance, Tolerance):
            raise _refused(self, f"tolerance {self.tolerance!r} is not a Tolerance(count=..., share=...)")
        object.__setattr__(self, "name", self.name or self._default_name())
        if self.weight is None:
            object.__setattr__(self, "weight", 1.0 if self.severity == "error" else 0.5)

    @property
    @abstractmethod
    def reads(self) -> tuple[str, ...]:
        """The columns that the rule reads."""

    @abstractmethod
    def problems(self, schema: c.Schema) -> Iterator[str]:
        """Yield why the rule cannot be asked of a frame with this schema, which has the rule's columns."""

    @abstractmethod
    def failing(self, frame: c.Frame, schema: c.Schema) -> pl.Expr:
        """Return the predicate of the rows of *frame* that fail; it holds for any subset of them, null means pass."""

    @abstractmethod
    def _default_name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class NotNull(Rule):
    """The column has a value: neither null nor NaN.

    >>> NotNull("value").name
    'value not null'
    """

    column: str

    @property
    @override
    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    @override
    def problems(self, schema: c.Schema) -> Iterator[str]:
        return iter(())

    @override
    def failing(self, frame: c.Frame, schema: c.Schema) -> pl.Expr:
        column = c.column(self.column)
        return column.is_null() | column.is_nan() if schema[self.column].is_float() else column.is_null()

    @override
    def _default_name(self) -> str:
        return f"{self.column} not null"


@dataclass(frozen=True, slots=True)
class Range(Rule):
    """The value lies between two bounds, both included; either may be left out. A null passes, a NaN fails.

    Args:
        column: A column of numbers, dates, times or durations.
        low: The least value.
        high: The greatest value.

    >>> Range("value", 0, 10_000).name
    'value in 0..10000'
    """

    column: str
    low: c.Bound | None = None
    high: c.Bound | None = None

    def __post_init__(self) -> None:
        bounds = [bound for bound in (self.low, self.high) if bound is not None]
        if not bounds:
            raise _refused(self, f"the range of {self.column!r} has no bound", "give `low`, `high` or both")
        if any(not isinstance(bound, c.Bound) for bound in bounds):
            raise _refused(self, f"{bounds!r} are not numbers, dates, times or durations")
        if len({c.kind_of_bound(bound) for bound in bounds}) > 1:
            raise _refused(self, f"the bounds {self.low!r} and {self.high!r} are of two types")
        if not bounds[0] <= bounds[-1]:  # type: ignore[operator]  # the comparison is false for NaN
            raise _refused(self, f"no value of {self.column!r} lies in {self.low}..{self.high}")
        Rule.__post_init__(self)

    @property
    @override
    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    @override
    def problems(self, schema: c.Schema) -> Iterator[str]:
        kind = c.kind_of_bound(self.low if self.low is not None else self.high)
        if (found := c.kind_of_column(schema[self.column])) not in (kind, "null"):
            yield f"{self.column!r} is {schema[self.column]} ({found}), its bounds are of the type {kind}"

    @override
    def failing(self, frame: c.Frame, schema: c.Schema) -> pl.Expr:
        dtype = schema[self.column]
        column = c.precise(c.column(self.column), dtype)
        outside = [column < c.literal(self.low, dtype)] if self.low is not None else []
        outside += [column > c.literal(self.high, dtype)] if self.high is not None else []
        outside += [column.is_nan()] if dtype.is_float() else []
        return pl.any_horizontal(outside)

    @override
    def _default_name(self) -> str:
        if self.high is None:
            return f"{self.column} at least {self.low}"
        return f"{self.column} at most {self.high}" if self.low is None else f"{self.column} in {self.low}..{self.high}"


@dataclass(frozen=True, slots=True)
class Unique(Rule):
    """No other row has the same values in these columns; all rows of a group of duplicates fail.

    A row with a null in any of the columns passes, as in SQL. NaN equals NaN.

    Args:
        columns: One column or several, whose combination must be unique.

    >>> Unique(["org_unit", "period"]).name
    'org_unit, period unique'
    """

    columns: str | Sequence[str]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", _names(self, self.columns))
        Rule.__post_init__(self)

    @property
    @override
    def reads(self) -> tuple[str, ...]:
        return tuple(self.columns)

    @override
    def problems(self, schema: c.Schema) -> Iterator[str]:
        return c.not_keys(self.reads, schema)

    @override
    def failing(self, frame: c.Frame, schema: c.Schema) -> pl.Expr:
        duplicates = c.duplicates(frame, self.reads, schema)
        return c.complete(self.reads) & c.key(self.reads, schema).is_in(duplicates.implode())

    @override
    def _default_name(self) -> str:
        return f"{', '.join(self.columns)} unique"


@dataclass(frozen=True, slots=True, eq=False)
class ForeignKey(Rule):
    """The columns' values are the key of a row in another frame. A row with a null in any of them passes, as in SQL.

    Args:
        columns: One column or several.
        frame: The frame that is referred to.
        keys: Its columns, in the order of *columns*; the same names unless given.

    >>> ForeignKey("org_unit", pl.DataFrame({"id": ["a"]}), "id").name
    'org_unit known'
    """

    columns: str | Sequence[str]
    frame: c.Frame
    keys: str | Sequence[str] | None = None

    # Frames compare by value into frames: a rule that holds one is equal to itself only.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __post_init__(self) -> None:
        columns = _names(self, self.columns)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "keys", columns if self.keys is None else _names(self, self.keys))
        if not isinstance(self.frame, pl.DataFrame | pl.LazyFrame):
            raise _refused(self, f"the frame referred to is a {type(self.frame).__name__}, not a Polars frame")
        if len(columns) != len(self._keys):
            raise _refused(self, f"{len(columns)} columns cannot refer to {len(self._keys)} keys")
        Rule.__post_init__(self)

    @property
    @override
    def reads(self) -> tuple[str, ...]:
        return tuple(self.columns)

    @property
    def _keys(self) -> tuple[str, ...]:
        return tuple(self.keys or ())

    @override
    def problems(self, schema: c.Schema) -> Iterator[str]:
        yield from c.not_keys(self.reads, schema)
        theirs = self.frame.collect_schema()
        for column, key in zip(self.reads, self._keys, strict=True):
            if key not in theirs:
                yield f"the frame referred to has no column {key!r}; it has {', '.join(map(repr, theirs))}"
            elif not c.comparable(schema[column], theirs[key]):
                yield f"{column!r} is {schema[column]} and cannot equal the key {key!r}, which is {theirs[key]}"

    @override
    def failing(self, frame: c.Frame, schema: c.Schema) -> pl.Expr:
        known = c.known(self.frame, self._keys, [schema[column] for column in self.reads])
        return c.complete(self.reads) & ~c.key(self.reads, schema).is_in(known.implode())

    @override
    def _default_name(self) -> str:
        return f"{', '.join(self.columns)} known"


def _names(rule: Rule, names: str | Sequence[str]) -> tuple[str, ...]:
    columns = (names,) if isinstance(names, str) else tuple(names)
    if not columns or len(set(columns)) < len(columns):
        raise _refused(rule, f"{list(columns)!r} are not one or several different columns")
    return columns


def _refused(rule: Rule, what: str, hint: str = "correct the rule's arguments") -> UsageError:
    return UsageError(f"{type(rule).__name__}: {what}", hint=hint, docs=_DOCS)
