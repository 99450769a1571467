"""DHIS2 indicator expressions: parsed once, then evaluated for one set of values or compiled for a whole frame.

The grammar is the server's, 2.40 to 2.43: all items, operators, functions and modifiers of an indicator, and also the
organisation unit tests of validation rules and the sample functions of predictors.

The rules are the server's, too: a missing item counts as 0 unless all of them are missing, then there is no result; it
stays missing inside `isNull`, `isNotNull` and `firstNonNull`; a division by zero has no result; neither has anything
that is not a finite number.
"""

from prefect_patterns.analytics.expressions.facts import (
    Constant,
    Context,
    Fact,
    OrgUnitFact,
    OrgUnitGroup,
    PeriodFact,
)
from prefect_patterns.analytics.expressions.grammar import parse
from prefect_patterns.analytics.expressions.items import (
    DataElementGroup,
    DataItem,
    Indicator,
    Item,
    Modifiers,
    Operand,
    ProgramAttribute,
    ProgramDataElement,
    ProgramIndicator,
    ReportingRate,
    Sample,
    SubExpression,
)
from prefect_patterns.analytics.expressions.model import Described, Expression
from prefect_patterns.analytics.expressions.reading import MAX_DEPTH, MAX_STEPS
from prefect_patterns.analytics.expressions.steps import Call, Text

__all__ = [
    "MAX_DEPTH",
    "MAX_STEPS",
    "Call",
    "Constant",
    "Context",
    "DataElementGroup",
    "DataItem",
    "Described",
    "Expression",
    "Fact",
    "Indicator",
    "Item",
    "Modifiers",
    "Operand",
    "OrgUnitFact",
    "OrgUnitGroup",
    "PeriodFact",
    "ProgramAttribute",
    "ProgramDataElement",
    "ProgramIndicator",
    "ReportingRate",
    "Sample",
    "SubExpression",
    "Text",
    "parse",
]
