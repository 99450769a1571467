"""Indicator expressions: DHIS2's rules, the same for one set of values and for a frame."""

import gzip
import json
import math
import re
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_patterns.analytics.expressions import MAX_DEPTH, MAX_STEPS, Constant, Expression, Operand, parse
from prefect_patterns.errors import UsageError

A, B, C = "fbfJHSPpUQD", "cYeuwXTCPkU", "Jtf34kNZhzP"
OPERANDS = (Operand(A), Operand(B, C), Operand(C, None, A), Operand(A, B, C))
CONSTANT = "Gfd3ppDfq8E"


def column(operand: Operand) -> pl.Expr:
    return pl.col(str(operand))


def compiled(expression: Expression, values: dict[Operand, float | None], **constants: float) -> float | None:
    schema = dict.fromkeys(map(str, OPERANDS), pl.Float64)
    frame = pl.DataFrame({str(op): [values.get(op)] for op in OPERANDS}, schema=schema)
    return frame.select(expression.compile(column, constants)).to_series().item()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 4 - 3", 3),
        ("16 / 4 / 2", 2),
        ("-2 * -(3 - 5)", -4),
        ("+3", 3),
        ("1.5e2 + .5 + 1.", 151.5),
        ("\n2\t*\r 2 ", 4),
        ("/* half */ 1/2/* of\n*one* */ * /**/ 4", 2),
        ("1 / 0", None),
        ("1 / (2 - 2) + 5", None),
        ("1 / (1 / 0)", None),
        ("1e300 * 1e300", None),
    ],
)
def test_numbers_follow_the_usual_rules(text, expected):
    assert parse(text).evaluate({}) == expected
    assert compiled(parse(text), {}) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({A: 3, B: 4}, 7),
        ({A: 3}, 3),
        ({A: 3, B: None}, 3),
        ({A: 0}, 0),
        ({A: None, B: None}, None),
        ({}, None),
        ({A: math.nan, B: 4}, None),
        ({A: math.inf, B: 4}, None),
    ],
)
def test_a_missing_operand_counts_as_0_unless_all_are_missing(values, expected):
    expression = parse(f"#{{{A}}} + #{{{B}}}")
    given_values = {Operand(uid): value for uid, value in values.items()}
    assert expression.evaluate(given_values) == expected
    frame = pl.DataFrame({uid: [values.get(uid)] for uid in (A, B)}, schema={A: pl.Float64, B: pl.Float64})
    assert frame.select(expression.compile(lambda operand: pl.col(operand.data_element))).item() == expected


@pytest.mark.parametrize(
    ("text", "operand", "canonical"),
    [
        (f"#{{{A}}}", Operand(A), f"#{{{A}}}"),
        (f"#{{{A}.{B}}}", Operand(A, B), f"#{{{A}.{B}}}"),
        (f"#{{{A}.{B}.{C}}}", Operand(A, B, C), f"#{{{A}.{B}.{C}}}"),
        (f"#{{{A}.*.{C}}}", Operand(A, None, C), f"#{{{A}.*.{C}}}"),
        (f"#{{ {A}.{B}.* }}", Operand(A, B), f"#{{{A}.{B}}}"),
        (f"#{{{A}.*}}", Operand(A), f"#{{{A}}}"),
    ],
)
def test_an_operand_names_a_data_element_and_option_combos(text, operand, canonical):
    assert parse(text).operands == (operand,)
    assert str(parse(text)) == canonical


def test_operands_and_constants_come_once_in_order_of_first_appearance():
    expression = parse(f"C{{{CONSTANT}}} * #{{{B}}} + #{{{A}}} / #{{{B}}} - C{{{CONSTANT}}}")
    assert expression.operands == (Operand(B), Operand(A))
    assert expression.constants == (CONSTANT,)


def test_constants_are_given_by_uid():
    expression = parse(f"C{{{CONSTANT}}} * 2")
    assert expression.evaluate({}, {CONSTANT: 21}) == 42
    assert compiled(expression, {}, **{CONSTANT: 21}) == 42


@pytest.mark.parametrize("use", [lambda e: e.evaluate({}), lambda e: e.compile(column)])
def test_a_constant_that_was_not_given_is_named(use):
    with pytest.raises(UsageError, match=CONSTANT):
        use(parse(f"C{{{CONSTANT}}} + 1"))


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("", 1, "it is empty"),
        ("  ", 1, "it is empty"),
        ("1 +", 4, "it ends too early"),
        ("(1", 3, "it ends too early"),
        ("1)", 2, ") is not expected here, no bracket is open"),
        ("1 2", 3, "2 is not expected here"),
        (f"1 + #{{{A}}} #{{{B}}}", 20, f"#{{{B}}} is not expected here"),
        ("1.2.3", 4, ".3 is not expected here"),
        ("#{abc}", 1, "#{abc} does not hold uids"),
        (f"#{{{A}.{B}.{C}.{A}}}", 1, "does not hold uids"),
        (f"#{{deGroup:{A}&{B}}}", 1, "does not hold uids"),
        (f"#{{{A}.co:}}", 1, "does not hold uids"),
        ("C{x}", 1, "C{x} does not hold uids"),
        (f"N{{{A}.{B}}}", 1, "does not hold uids of 11 letters and digits, 1 of them"),
        (f"A{{{A}}}", 1, "does not hold uids of 11 letters and digits, 2 of them"),
        (f"R{{{A}.REPORTINGRATE}}", 1, "(did you mean REPORTING_RATE?)"),
        (f"R{{{A}}}", 1, "does not hold the uid of a data set and a metric"),
        (f"OU{{{A}}}", 1, "is not supported"),
        ("V{event_count}", 1, "V{event_count} is not supported, it belongs to program indicators"),
        ("d2:daysBetween(1, 2)", 3, ": is not supported"),
        (f"1 + #{{{A}", 5, f"#{{{A} is not supported"),
        ("2 * [day]", 5, "[day] is not supported (did you mean days?)"),
        (f"orgUnit.groups({A})", 1, "(did you mean group?)"),
        ("orgUnit.group(x)", 1, "does not hold uids"),
        ("orgUnit.group()", 1, "does not hold uids"),
        ("isNul(1)", 1, "isNul( is not a function of DHIS2's expressions (did you mean isNull?)"),
        ("1 + AVG(1)", 5, "(did you mean avg?)"),
        ("frobnicate(1)", 1, "frobnicate( is not a function"),
        ("negate(1)", 1, "negate( is not a function"),
        ("True", 1, "True is not supported (did you mean true?)"),
        ("if(1, 2)", 1, "if( takes 3 arguments, not 2"),
        ("log(1, 2, 3)", 1, "log( takes 1 to 2 arguments, not 3"),
        ("greatest()", 1, "greatest( takes 1 or more arguments, not 0"),
        ("avg()", 1, "avg( takes 1 argument, not 0"),
        ("is(1, 2)", 1, "is( is written with `in`"),
        ("greatest(1 in 2)", 1, "is( is written with `in`"),
        ("if(1, 2, 3", 11, "it ends too early, the bracket at character 3 is not closed"),
        ("greatest(')', (1)", 18, "the bracket at character 9 is not closed"),
        (f"#{{{A}}}.periodOffset(x)", 15, "does not hold a whole number"),
        (f"#{{{A}}}.periodOfset(-1)", 15, "(did you mean periodOffset?)"),
        (f"#{{{A}}}.stageOffset(-1)", 15, "is not supported"),
        (f"#{{{A}}}.yearToDate(1)", 15, "takes no argument"),
        (f"#{{{A}}}.minDate(2021-02-30)", 15, "does not hold a date as 2021-01-31"),
        (f"#{{{A}}}.maxDate()", 15, "does not hold a date"),
        (f"#{{{A}}}.aggregationType(MEAN)", 15, "does not name an aggregation type"),
        (f"#{{{A}}}.periodOffset", 15, ".periodOffset is not"),
        ("'abc", 1, "is not supported"),
        (r"'\ud800' == 'a'", 1, "half a character"),
        ("1 = 1", 3, "= is not supported"),
        ("1 & 1", 3, "& is not supported"),
        ("notisNull(1)", 1, "notisNull( is not a function"),
        ("1 /* two", 4, "* is not expected here"),
        ("\u0661", 1, "\u0661 is not supported"),
        ("1e999", 1, "the number 1e999 is too large"),
        ("1 + " * 60 + "?", 241, "? is not supported"),
    ],
)
def test_a_text_that_cannot_be_read_is_refused_with_its_item_and_position(text, position, said):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert f"at character {position}:" in caught.value.what
    assert said in caught.value.what
    assert len(caught.value.what) < 250
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "1" + "+1" * MAX_STEPS,
        "-" * (MAX_DEPTH + 1) + "1",
        "1/(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH,
        "1" + "*1" * MAX_DEPTH,
        "#" * 1_000_000,
    ],
    ids=["long", "negations", "divisions", "product", "characters"],
)
def test_an_expression_that_is_too_large_is_refused(text):
    with pytest.raises(UsageError, match="split") as caught:
        parse(text)
    assert len(caught.value.what) < 250


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+".join([f"#{{{A}}}"] * (MAX_STEPS // 2)), 2.0 * (MAX_STEPS // 2)),
        ("(" * 5_000 + "1" + ")" * 5_000, 1.0),
        ("1/(1+" * 49 + f"#{{{A}}}" + ")" * 49, (5**0.5 - 1) / 2),
        ("-" * (MAX_DEPTH - 1) + f"#{{{A}}}", -2.0),
    ],
    ids=["long sum", "parentheses", "continued fraction", "negations"],
)
def test_the_largest_expressions_still_work(text, expected):
    expression = parse(text)
    assert expression.evaluate({Operand(A): 2}) == pytest.approx(expected)
    assert compiled(expression, {Operand(A): 2}) == pytest.approx(expected)
    assert parse(str(expression)) == expression


NUMBERS = st.one_of(
    st.integers(0, 1_000).map(float), st.floats(0.001, 1e6), st.sampled_from([1e15, 1e16, 1e-7, 5e-324])
)


def rendered(*leaves: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Random trees, written with every pair of parentheses."""
    return st.recursive(
        st.one_of(*leaves),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda parts: f"({' '.join(parts)})"),
            inner.map(lambda text: f"-({text})"),
        ),
        max_leaves=20,
    )


EXPRESSIONS = rendered(NUMBERS.map(repr), st.sampled_from(OPERANDS).map(str), st.just(f"C{{{CONSTANT}}}")).map(parse)


@settings(max_examples=50)
@given(rendered(st.integers(1, 9).map(str)))
def test_python_computes_the_same_numbers(text):
    try:
        expected = eval(text)
    except (ZeroDivisionError, OverflowError):
        expected = None
    assert parse(text).evaluate({}) == (pytest.approx(expected) if expected is not None else None)


@settings(max_examples=50)
@given(EXPRESSIONS, st.fixed_dictionaries(dict.fromkeys(OPERANDS, st.floats(0.5, 100))))
def test_python_computes_the_same_from_values_that_are_all_present(expression, values):
    text = str(expression).replace(f"C{{{CONSTANT}}}", "3.5")
    for operand, value in values.items():
        text = text.replace(str(operand), repr(value))
    try:
        expected = eval(text)
    except (ZeroDivisionError, OverflowError):
        expected = None
    result = expression.evaluate(values, {CONSTANT: 3.5})
    assert result == expected or (result is None and not math.isfinite(expected))


def test_integer_columns_are_computed_as_floats():
    frame = pl.DataFrame({A: [7], B: [2]}, schema={A: pl.Int8, B: pl.UInt8})
    expression = parse(f"#{{{A}}} / #{{{B}}} - #{{{B}}} * 4 * 40")
    assert frame.select(expression.compile(lambda operand: pl.col(operand.data_element))).item() == 3.5 - 320


@pytest.mark.parametrize("text", [None, 1, b"1", ["1"]])
def test_what_is_no_text_is_no_expression(text):
    with pytest.raises(UsageError, match="is not the text of an expression"):
        parse(text)


def test_many_threads_may_read_at_once():
    texts = [f"#{{{A}}} * {number}" for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: str(parse(text)), texts)) == texts


def test_an_expression_is_a_value():
    assert parse("1+2") == parse(" 1 + 2 ") == Expression((1.0, 2.0, "+"))
    assert len({parse(f"C{{{CONSTANT}}}"), Expression((Constant(CONSTANT),))}) == 1


RECORDED = json.loads((Path(__file__).parents[1] / "data/dhis2/expressions.json").read_text())


@pytest.mark.parametrize("text", RECORDED["readable"])
def test_expressions_of_a_real_metadata_package_can_be_read(text):
    expression = parse(text)
    assert [str(operand) for operand in expression.operands] == list(dict.fromkeys(re.findall(r"#\{.*?\}", text)))
    assert expression.evaluate(dict.fromkeys(expression.operands, 2.0)) == (2 * text.count("#") or float(text))
    assert parse(str(expression)) == expression


@pytest.mark.parametrize("text", RECORDED["broken"])
def test_a_broken_expression_of_a_real_metadata_package_is_refused_where_it_breaks(text):
    with pytest.raises(UsageError, match=rf"at character {text.index('#jty') + 1}: # is not supported"):
        parse(text)


def test_the_demo_indicators_of_the_sandbox_can_be_read():
    packed = resources.files("prefect_patterns.sandbox.dhis2") / "data" / "indicators.ndjson.gz"
    rows = [json.loads(line) for line in gzip.decompress(packed.read_bytes()).splitlines()]
    assert rows
    for row in rows:
        assert len(parse(row["numerator"]).operands) == row["numerator"].count("#")
        assert parse(row["denominator"]).evaluate({}) == 1
