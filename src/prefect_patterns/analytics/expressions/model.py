"""What an expression is once it is parsed: its value for one set of values, its computation over a frame, its text."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import polars as pl

from prefect_patterns.errors import UsageError

__all__ = ["Constant", "Expression", "Operand", "Operator", "Step"]

_NO_CONSTANTS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Operand:
    """The values of one data element: of one option combo, or in all (None).

    >>> str(Operand("fbfJHSPpUQD", attribute_option_combo="HllvX50cXC0"))
    '#{fbfJHSPpUQD.*.HllvX50cXC0}'
    """

    data_element: str
    category_option_combo: str | None = None
    attribute_option_combo: str | None = None

    def __str__(self) -> str:
        parts = [self.data_element]
        if self.category_option_combo or self.attribute_option_combo:
            parts.append(self.category_option_combo or "*")
        if self.attribute_option_combo:
            parts.append(self.attribute_option_combo)
        return f"#{{{'.'.join(parts)}}}"


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant of the server, by its uid."""

    uid: str

    def __str__(self) -> str:
        return f"C{{{self.uid}}}"


Operator = Literal["+", "-", "*", "/", "negate"]
Step = float | Operand | Constant | Operator

_PRECEDENCE: Mapping[Operator, int] = MappingProxyType({"+": 1, "-": 1, "*": 2, "/": 2, "negate": 3})
_ATOM = 4


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression as its steps in postfix order, so that no depth of nesting can exhaust the stack.

    >>> from prefect_patterns.analytics import parse
    >>> coverage = parse("100 * #{fbfJHSPpUQD} / #{cYeuwXTCPkU}")
    >>> coverage.evaluate({Operand("fbfJHSPpUQD"): 30, Operand("cYeuwXTCPkU"): 40})
    75.0
    """

    steps: tuple[Step, ...]

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The operands, each once, in order of first appearance."""
        return tuple(dict.fromkeys(step for step in self.steps if isinstance(step, Operand)))

    @property
    def constants(self) -> tuple[str, ...]:
        """The uids of the constants, each once, in order of first appearance."""
        return tuple(dict.fromkeys(step.uid for step in self.steps if isinstance(step, Constant)))

    def evaluate(
        self, values: Mapping[Operand, float | None], constants: Mapping[str, float] = _NO_CONSTANTS
    ) -> float | None:
        """Return the expression's value, or None where it has none.

        Args:
            values: What is known; an operand that is absent or None is missing.
            constants: The value of each constant, by uid.

        Raises:
            UsageError: A constant of the expression is not in *constants*.

        >>> from prefect_patterns.analytics import parse
        >>> parse("#{fbfJHSPpUQD} + 1").evaluate({}) is None
        True
        """
        self._check_constants(constants)
        operands = self.operands
        if operands and all(values.get(operand) is None for operand in operands):
            return None
        stack: list[float | None] = []
        for step in self.steps:
            if isinstance(step, Operand):
                known = values.get(step)
                stack.append(0.0 if known is None else float(known))
            elif isinstance(step, Constant):
                stack.append(float(constants[step.uid]))
            elif isinstance(step, float):
                stack.append(step)
            else:
                right = stack.pop()
                left = stack.pop() if step != "negate" else 0.0
                stack.append(None if left is None or right is None else _apply(step, left, right))
        (result,) = stack
        return result if result is not None and math.isfinite(result) else None

    def compile(self, column: Callable[[Operand], pl.Expr], constants: Mapping[str, float] = _NO_CONSTANTS) -> pl.Expr:
        """Return the same computation as a Polars expression over a frame.

        Args:
            column: Gives the numeric column that holds an operand's values, null where it is missing.
            constants: The value of each constant, by uid.

        Raises:
            UsageError: A constant of the expression is not in *constants*.

        >>> from prefect_patterns.analytics import parse
        >>> frame = pl.DataFrame({"fbfJHSPpUQD": [30, None], "cYeuwXTCPkU": [40, 0]})
        >>> rate = parse("#{fbfJHSPpUQD} / #{cYeuwXTCPkU}")
        >>> frame.select(rate=rate.compile(lambda operand: pl.col(operand.data_element)))["rate"].to_list()
        [0.75, None]
        """
        self._check_constants(constants)
        columns = {operand: column(operand).cast(pl.Float64) for operand in self.operands}
        # Each entry is a list of addends: Polars plans a thousand nested additions in seconds, one wide sum at once.
        stack: list[list[pl.Expr]] = []
        for step in self.steps:
            if isinstance(step, Operand):
                stack.append([columns[step].fill_null(0.0)])
            elif isinstance(step, Constant):
                stack.append([pl.lit(float(constants[step.uid]))])
            elif isinstance(step, float):
                stack.append([pl.lit(step)])
            else:
                right = stack.pop()
                left = stack.pop() if step != "negate" else []
                stack.append(_combine(step, left, right))
        result = _sum(stack.pop())
        has_value = result.is_finite()
        if columns:
            has_value &= ~pl.all_horizontal(values.is_null() for values in columns.values())
        return pl.when(has_value).then(result)

    def __str__(self) -> str:
        stack: list[tuple[str, int]] = []
        for step in self.steps:
            if isinstance(step, Operand | Constant):
                stack.append((str(step), _ATOM))
            elif isinstance(step, float):
                stack.append((f"{step:.0f}" if step.is_integer() and step < 1e15 else repr(step), _ATOM))
            else:
                level = _PRECEDENCE[step]
                right = _wrapped(*stack.pop(), at_least=level + (step != "negate"))
                left = "" if step == "negate" else f"{_wrapped(*stack.pop(), at_least=level)} {step} "
                stack.append((left + right if left else f"-{right}", level))
        return stack.pop()[0]

    def _check_constants(self, constants: Mapping[str, float]) -> None:
        if missing := [uid for uid in self.constants if uid not in constants]:
            raise UsageError(
                f"the expression needs constants that were not given: {', '.join(missing)}",
                hint="give each one's value in `constants`",
                docs="docs/analytics.md#expressions",
            )


def _apply(operator: Operator, left: float, right: float) -> float | None:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right if right else None
        case "negate":
            return -right


def _combine(operator: Operator, left: list[pl.Expr], right: list[pl.Expr]) -> list[pl.Expr]:
    match operator:
        case "+":
            return left + right
        case "-" | "negate":
            return left + [-addend for addend in right]
        case "*":
            return [_sum(left) * _sum(right)]
        case "/":
            # `replace` names the divisor once; a `when` would name it twice and double the work with each nested level.
            return [_sum(left) / _sum(right).replace(0.0, None)]


def _sum(addends: list[pl.Expr]) -> pl.Expr:
    return addends[0] if len(addends) == 1 else pl.sum_horizontal(addends, ignore_nulls=False)


def _wrapped(text: str, precedence: int, *, at_least: int) -> str:
    return text if precedence >= at_least else f"({text})"
