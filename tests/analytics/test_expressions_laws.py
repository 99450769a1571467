"""Laws that hold for every expression of the grammar."""

import re
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_patterns.analytics.expressions import (
    Call,
    Constant,
    DataElementGroup,
    Expression,
    Indicator,
    Item,
    Modifiers,
    Operand,
    OrgUnitFact,
    OrgUnitGroup,
    PeriodFact,
    ProgramAttribute,
    ProgramDataElement,
    ProgramIndicator,
    ReportingRate,
    Sample,
    SubExpression,
    Text,
    parse,
)

A, B, C = "fbfJHSPpUQD", "cYeuwXTCPkU", "Jtf34kNZhzP"
Steps = tuple[object, ...]

UIDS = st.sampled_from([A, B, C])
SOME_UIDS = st.lists(UIDS, min_size=1, max_size=3).map(tuple)
DAYS = st.none() | st.dates(date(1990, 1, 1), date(2030, 12, 31))
AGGREGATIONS = st.sampled_from([None, "SUM", "LAST_IN_PERIOD", "STDDEV"])
MODIFIERS = st.just(Modifiers()) | st.builds(Modifiers, AGGREGATIONS, DAYS, DAYS, st.integers(-99, 99), st.booleans())
NARROWED = st.one_of(
    st.builds(dict),
    st.fixed_dictionaries({"category_option_combo": UIDS}),
    st.fixed_dictionaries({"category_options": SOME_UIDS}),
    st.fixed_dictionaries({"category_option_groups": SOME_UIDS}),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
RATES = st.sampled_from(["REPORTING_RATE", "ACTUAL_REPORTS_ON_TIME", "EXPECTED_REPORTS"])
PLAIN_ITEMS = st.one_of(
    st.builds(
        lambda make, uid, combo, narrowed, modifiers: make(
            uid, attribute_option_combo=combo, modifiers=modifiers, **narrowed
        ),
        st.sampled_from([Operand, DataElementGroup]),
        UIDS,
        st.none() | UIDS,
        NARROWED,
        MODIFIERS,
    ),
    st.builds(ProgramDataElement, UIDS, UIDS, modifiers=MODIFIERS),
    st.builds(ProgramAttribute, UIDS, UIDS, modifiers=MODIFIERS),
    st.builds(ProgramIndicator, UIDS, modifiers=MODIFIERS),
    st.builds(Indicator, UIDS, modifiers=MODIFIERS),
    st.builds(ReportingRate, UIDS, RATES, modifiers=MODIFIERS),
    st.builds(Constant, UIDS),
    st.builds(OrgUnitGroup, UIDS),
    st.builds(PeriodFact, st.just("days")),
    st.builds(PeriodFact, st.sampled_from(["periodInYear", "yearlyPeriodCount"]), st.integers(-9, 9)),
)
TESTS = st.builds(OrgUnitFact, st.sampled_from(["ancestor", "dataSet", "group", "program"]), SOME_UIDS)


def joined(*parts: Steps) -> Steps:
    return tuple(step for part in parts for step in part)


def nested(numbers: st.SearchStrategy[Steps]) -> st.SearchStrategy[Steps]:
    """Every operator and function around *numbers*."""
    texts = st.one_of(TEXTS.map(lambda text: (Text(text),)))
    truths = st.one_of(
        st.sampled_from([(Call("true", 0),), (Call("false", 0),)]),
        TESTS.map(lambda test: (test,)),
        st.builds(
            lambda a, b, op: joined(a, b, (op,)), numbers, numbers, st.sampled_from(["<", ">", "<=", ">=", "==", "!="])
        ),
        st.builds(lambda a, name: joined(a, (Call(name, 1),)), numbers, st.sampled_from(["isNull", "isNotNull"])),
        st.builds(
            lambda a, b, name: joined(a, b, (Call(name, 2),)),
            texts,
            texts,
            st.sampled_from(["contains", "containsItems", "is"]),
        ),
        st.builds(lambda them: joined(*them, (Call("is", len(them)),)), st.lists(numbers, min_size=2, max_size=3)),
    )
    truths = st.one_of(
        truths,
        st.builds(lambda a, b, op: joined(a, b, (op,)), truths, truths, st.sampled_from(["&&", "||", "=="])),
        truths.map(lambda a: (*a, "!")),
    )
    return st.one_of(
        st.builds(
            lambda a, b, op: joined(a, b, (op,)), numbers, numbers, st.sampled_from(["+", "-", "*", "/", "%", "^"])
        ),
        numbers.map(lambda a: (*a, "negate")),
        st.builds(lambda test, a, b: joined(test, a, b, (Call("if", 3),)), truths, numbers, numbers),
        st.builds(
            lambda them, name: joined(*them, (Call(name, len(them)),)),
            st.lists(numbers, min_size=1, max_size=3),
            st.sampled_from(["firstNonNull", "greatest", "least"]),
        ),
        st.builds(
            lambda a, name: joined(a, (Call(name, 1),)), numbers, st.sampled_from(["log", "log10", "removeZeros"])
        ),
        st.builds(lambda a, b: joined(a, b, (Call("log", 2),)), numbers, numbers),
        st.builds(lambda a, modifiers: (SubExpression(Expression(a), modifiers=modifiers),), numbers, MODIFIERS),
        st.builds(lambda a: (Sample("avg", (Expression(a),)),), numbers),
        st.builds(lambda a, b: (Sample("percentileCont", (Expression(a), Expression(b))),), numbers, numbers),
    )


NUMBERS = st.one_of(st.integers(0, 99).map(float), st.floats(0, 1e300), st.sampled_from([1e15, 1e16, 5e-324]))
LEAVES = st.one_of(PLAIN_ITEMS, NUMBERS, st.just(Call("null", 0))).map(lambda step: (step,))
EXPRESSIONS = st.recursive(LEAVES, nested, max_leaves=12).map(Expression)

TOKEN = re.compile(
    r"'(?:[^'\\]|\\.)*'|(?:[A-Z]+|#)\{[^}]*\}|\[\w+\]|orgUnit\.\w+\([^()]*\)|\.[A-Za-z]\w*\([^()]*\)"
    r"|[0-9.]+(?:e[+-]?[0-9]+)?|[A-Za-z]\w*|[<>=!]=|&&|\|\||.",
    re.DOTALL,
)


@given(EXPRESSIONS)
def test_the_text_of_any_expression_is_that_expression(expression):
    assert parse(str(expression)) == expression


@settings(max_examples=40)
@given(EXPRESSIONS, st.lists(st.sampled_from([" ", "\n", "\t \r", "  "]), min_size=1, max_size=5))
def test_white_space_between_tokens_does_not_matter(expression, spaces):
    tokens = [token for token in TOKEN.findall(str(expression)) if not token.isspace()]
    spaced = "".join(token + spaces[index % len(spaces)] for index, token in enumerate(tokens))
    assert parse(spaced) == expression


@settings(max_examples=40)
@given(EXPRESSIONS)
def test_every_item_has_a_label_with_names_and_nothing_else_changes(expression):
    described = expression.describe(lambda uid: f"<{uid}>")
    assert described.unresolved == ()
    assert expression.describe(lambda _: None).unresolved == tuple(
        dict.fromkeys(re.findall(r"<(\w{11})>", described.text))
    )


# Only whole numbers where a tiny difference would change a condition, so that both computations must agree on it.
KNOWN = (Operand(A), Operand(B, modifiers=Modifiers(period_offset=-1)), ReportingRate(A, "ACTUAL_REPORTS"))
FACTS = (PeriodFact("days"), OrgUnitGroup(C))
TRUE_OR_NOT = OrgUnitFact("group", (A, C))
WHOLE_LEAVES = st.one_of(
    st.sampled_from([*KNOWN, *KNOWN, *FACTS]),
    st.integers(0, 3).map(float),
    st.just(Call("null", 0)),
).map(lambda step: (step,))


def whole(numbers: st.SearchStrategy[Steps]) -> st.SearchStrategy[Steps]:
    return st.one_of(
        st.builds(lambda a, b, op: joined(a, b, (op,)), numbers, numbers, st.sampled_from(["+", "-", "*", "%"])),
        numbers.map(lambda a: (*a, "negate")),
        numbers.map(lambda a: (Text("2"), *a, "-")),
        numbers.map(lambda a: (*a, Call("removeZeros", 1))),
        st.builds(lambda test, a, b: joined(test, a, b, (Call("if", 3),)), conditions(numbers), numbers, numbers),
        st.builds(
            lambda them, name: joined(*them, (Call(name, len(them)),)),
            st.lists(numbers, min_size=1, max_size=3),
            st.sampled_from(["firstNonNull", "greatest", "least"]),
        ),
    )


def conditions(numbers: st.SearchStrategy[Steps]) -> st.SearchStrategy[Steps]:
    one = st.one_of(
        st.sampled_from([(Call("true", 0),), (TRUE_OR_NOT,)]),
        numbers,
        st.builds(
            lambda a, b, op: joined(a, b, (op,)), numbers, numbers, st.sampled_from(["<", ">", "<=", ">=", "==", "!="])
        ),
        numbers.map(lambda a: (*a, Text("1"), ">=")),
        st.builds(lambda a, name: joined(a, (Call(name, 1),)), numbers, st.sampled_from(["isNull", "isNotNull"])),
        st.builds(lambda them: joined(*them, (Call("is", len(them)),)), st.lists(numbers, min_size=2, max_size=3)),
    )
    return st.one_of(
        one,
        st.builds(lambda a, b, op: joined(a, b, (op,)), one, one, st.sampled_from(["&&", "||", "==", "!=", "<"])),
        one.map(lambda a: (*a, "!")),
    )


WHOLE = st.recursive(WHOLE_LEAVES, whole, max_leaves=8)
SMOOTH = st.one_of(
    WHOLE,
    st.builds(lambda a, b, op: joined(a, b, (op,)), WHOLE, WHOLE, st.sampled_from(["/", "^"])),
    st.builds(lambda a, b, c: joined(a, b, (Call("log", 2),), c, ("*",)), WHOLE, WHOLE, WHOLE),
    st.builds(
        lambda a, b, name: joined(a, (Call(name, 1),), b, ("+",)), WHOLE, WHOLE, st.sampled_from(["log", "log10"])
    ),
    st.builds(lambda a, b, c: joined(a, b, ("/",), c, (Call("firstNonNull", 2),)), WHOLE, WHOLE, WHOLE),
    st.builds(lambda a, b, c: joined(a, b, ("/",), c, (Call("greatest", 2),)), WHOLE, WHOLE, WHOLE),
)
CELLS = st.none() | st.integers(-3, 3).map(float)
ROWS = st.fixed_dictionaries(
    {
        **dict.fromkeys(KNOWN, CELLS),
        **dict.fromkeys(FACTS, st.integers(-3, 3).map(float)),
        TRUE_OR_NOT: st.booleans(),
    }
)


@settings(max_examples=40)
@given(SMOOTH.map(Expression), st.lists(ROWS, min_size=1, max_size=5))
def test_a_frame_gives_what_each_row_gives(expression, rows):
    def column(item: Item) -> pl.Expr:
        return pl.col(str(item))

    schema = {str(item): pl.Boolean if item == TRUE_OR_NOT else pl.Float64 for item in rows[0]}
    frame = pl.DataFrame({str(item): [row[item] for row in rows] for item in rows[0]}, schema=schema)
    compiled = frame.with_columns(result=expression.compile(column))["result"].to_list()
    expected = [expression.evaluate(row) for row in rows]
    assert [value is None for value in compiled] == [value is None for value in expected]
    assert [value or 0 for value in compiled] == pytest.approx([value or 0 for value in expected], rel=1e-9, abs=1e-9)
