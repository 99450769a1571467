"""The operators and functions of expressions, for one set of values and for columns."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import polars as pl

from prefect_patterns.analytics.expressions.rules import Function, Type, Value

__all__ = ["FUNCTIONS"]


def _divide(left: float, right: float) -> float | None:
    return left / right if right else None


def _power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except ValueError:  # 0 to a negative power is infinite, a negative base has no root: as IEEE 754 has it
        return math.nan if base else math.inf
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf


def _ln(number: float, log: Callable[[float], float] = math.log) -> float:
    return log(number) if number > 0 else (-math.inf if number == 0 else math.nan)


def _log(number: float, base: float | None = None) -> float | None:
    return _ln(number) if base is None else _divide(_ln(number), _ln(base))


def _logs(number: pl.Expr, base: pl.Expr | None = None) -> pl.Expr:
    return number.log() if base is None else number.log() / base.log().replace(0.0, None)


def _is_in(value: Value, *others: Value) -> bool | None:
    if value is None or value in others:
        return None if value is None else True
    return None if None in others else False


def _remainder(left: float, right: float) -> float | None:
    return math.fmod(left, right) if right and math.isfinite(left) else None


def _both(left: bool | float | None, right: bool | float | None) -> bool | None:
    known = [bool(each) for each in (left, right) if each is not None]
    return all(known) if len(known) == 2 or False in known else None


def _either(left: bool | float | None, right: bool | float | None) -> bool | None:
    known = [bool(each) for each in (left, right) if each is not None]
    return any(known) if len(known) == 2 or True in known else None


def _once(compute: Callable[..., pl.Expr]) -> Callable[..., pl.Expr]:
    """Let *compute* name its arguments more than once, without the work that doubles with each level of nesting."""

    def column(*arguments: pl.Expr) -> pl.Expr:
        return pl.map_batches(
            arguments,
            lambda batches: pl.select(compute(*map(pl.lit, batches))).to_series(),
            return_dtype=pl.Boolean,
            is_elementwise=True,
        )

    return column


def _remainders(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    # Polars gives a remainder the sign of the divisor; in DHIS2, as in C, it has that of the dividend.
    def remainders(batches: Sequence[pl.Series]) -> pl.Series:
        import numpy as np

        with np.errstate(invalid="ignore"):
            exact = np.fmod(*(each.cast(pl.Float64).fill_null(math.nan).to_numpy() for each in batches))
        return pl.Series(exact, dtype=pl.Float64).fill_nan(None)

    return pl.map_batches([left, right], remainders, return_dtype=pl.Float64, is_elementwise=True)


def _arithmetic(count: int, value: Callable[..., Value], column: Callable[..., pl.Expr]) -> Function:
    return Function(("number",), "number", count, count, value, column, carries=True)


def _compare(value: Callable[[Any, Any], Any]) -> Function:
    return Function(("same",), "boolean", 2, 2, value, value, compares=True)


def _literal(gives: Type, value: Value, dtype: type[pl.DataType]) -> Function:
    return Function((), gives, 0, 0, lambda: value, lambda: pl.lit(value, dtype), lenient=True)


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "+": _arithmetic(2, operator.add, operator.add),
        "-": _arithmetic(2, operator.sub, operator.sub),
        "*": _arithmetic(2, operator.mul, operator.mul),
        # `replace` names the divisor once; a `when` would name it twice and double the work with each nested level.
        "/": _arithmetic(2, _divide, lambda left, right: left / right.replace(0.0, None)),
        "%": Function(("number",), "number", 2, 2, _remainder, _remainders),
        "^": _arithmetic(2, _power, lambda base, exponent: base.pow(exponent)),
        "negate": _arithmetic(1, operator.neg, operator.neg),
        "!": Function(("boolean",), "boolean", 1, 1, operator.not_, operator.invert),
        "<": _compare(operator.lt),
        ">": _compare(operator.gt),
        "<=": _compare(operator.le),
        ">=": _compare(operator.ge),
        "==": _compare(operator.eq),
        "!=": _compare(operator.ne),
        "&&": Function(("boolean",), "boolean", 2, 2, _both, operator.and_, lenient=True),
        "||": Function(("boolean",), "boolean", 2, 2, _either, operator.or_, lenient=True),
        "true": _literal("boolean", True, pl.Boolean),
        "false": _literal("boolean", False, pl.Boolean),
        "null": _literal("any", None, pl.Null),
        "contains": Function(
            ("text",),
            "boolean",
            2,
            None,
            lambda text, *parts: all(part in text for part in parts),
            _once(lambda text, *parts: pl.all_horizontal(text.str.contains(part, literal=True) for part in parts)),
        ),
        "containsItems": Function(
            ("text",),
            "boolean",
            2,
            None,
            lambda text, *parts: set(parts) <= set(text.split(",")),
            _once(lambda text, *parts: pl.all_horizontal(text.str.split(",").list.contains(part) for part in parts)),
        ),
        "firstNonNull": Function(
            ("same",),
            "same",
            1,
            None,
            lambda *them: next((each for each in them if each is not None), None),
            lambda *them: pl.coalesce(them),
            lenient=True,
        ),
        "greatest": Function(
            ("number",),
            "number",
            1,
            None,
            lambda *them: max((each for each in them if each is not None), default=None),
            lambda *them: pl.max_horizontal(them),
            lenient=True,
        ),
        "if": Function(
            ("boolean", "same"),
            "same",
            3,
            3,
            lambda test, then, other: then if test else other,
            lambda test, then, other: pl.when(test).then(then).otherwise(other),
            lenient=True,
        ),
        "is": Function(
            ("same",),
            "boolean",
            2,
            None,
            _is_in,
            _once(lambda value, *others: pl.any_horizontal(value == each for each in others)),
            lenient=True,
        ),
        "isNotNull": Function(
            ("any",), "boolean", 1, 1, lambda it: it is not None, lambda it: it.is_not_null(), lenient=True
        ),
        "isNull": Function(("any",), "boolean", 1, 1, lambda it: it is None, lambda it: it.is_null(), lenient=True),
        "least": Function(
            ("number",),
            "number",
            1,
            None,
            lambda *them: min((each for each in them if each is not None), default=None),
            lambda *them: pl.min_horizontal(them),
            lenient=True,
        ),
        "log": Function(("number",), "number", 1, 2, _log, _logs, carries=True),
        "log10": _arithmetic(1, lambda number: _ln(number, math.log10), lambda number: number.log10()),
        "removeZeros": Function(
            ("number",), "number", 1, 1, lambda number: number or None, lambda number: number.replace(0.0, None)
        ),
    }
)
"""Every operator and function by its name; `negate` is the minus of one number."""
