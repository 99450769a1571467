"""DHIS2 indicator expressions: parsed once, then evaluated for one set of values or compiled for a whole frame.

Understood are data element operands `#{de}`, `#{de.coc}`, `#{de.coc.aoc}` (a `*` stands for all), constants `C{uid}`,
numbers, `+ - * /` and parentheses. Any other item of DHIS2's grammar is refused by name.

The rules are the server's: a missing operand counts as 0 unless all of them are missing, then there is no result; a
division by zero has no result; neither has anything that is not a finite number.
"""

from prefect_patterns.analytics.expressions.grammar import MAX_DEPTH, MAX_STEPS, parse
from prefect_patterns.analytics.expressions.model import Constant, Expression, Operand

__all__ = ["MAX_DEPTH", "MAX_STEPS", "Constant", "Expression", "Operand", "parse"]
