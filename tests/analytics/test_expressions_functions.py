"""Operators and functions, calculated by hand, for one set of values and for a frame."""

import math

import polars as pl
import pytest

from prefect_patterns.analytics.expressions import MAX_DEPTH, Context, Operand, OrgUnitFact, PeriodFact, parse
from prefect_patterns.errors import UsageError

A, B, C = "fbfJHSPpUQD", "cYeuwXTCPkU", "Jtf34kNZhzP"
a, b = f"#{{{A}}}", f"#{{{B}}}"


def compiled(text: str, values: dict[Operand, float | None]) -> float | None:
    frame = pl.DataFrame({uid: [values.get(Operand(uid))] for uid in (A, B)}, schema={A: pl.Float64, B: pl.Float64})
    return frame.select(parse(text).compile(lambda item: pl.col(item.data_element))).item()


def both(text: str, **values: float | None) -> float | None:
    """The value of *text*, after a look at whether a frame gives the same."""
    known = {Operand(A): values.get("a"), Operand(B): values.get("b")}
    result = parse(text).evaluate(known)
    assert compiled(text, known) == (pytest.approx(result) if result is not None else None)
    return result


@pytest.mark.parametrize(
    ("text", "brackets"),
    [
        ("-2 ^ 2", "-(2 ^ 2)"),
        ("2 ^ -1 ^ 2", "2 ^ (-(1 ^ 2))"),
        ("2 ^ 3 ^ 2", "2 ^ (3 ^ 2)"),
        ("2 ^ -3 * 4", "(2 ^ (-3)) * 4"),
        ("-7 % 4 * 2", "((-7) % 4) * 2"),
        ("8 / 4 % 3", "(8 / 4) % 3"),
        ("7 - 4 - 2", "(7 - 4) - 2"),
        ("if(1 + 1 > 1 * 2, 1, 2)", "if((1 + 1) > (1 * 2), 1, 2)"),
        ("if(1 < 2 == 3 > 2, 1, 2)", "if((1 < 2) == (3 > 2), 1, 2)"),
        ("if(true || false && false, 1, 2)", "if(true || (false && false), 1, 2)"),
        ("if(1 == 1 && 2 != 3, 1, 2)", "if((1 == 1) && (2 != 3), 1, 2)"),
        ("if(!false == true, 1, 2)", "if((!false) == true, 1, 2)"),
        ("if(not true or true, 1, 2)", "if((not true) or true, 1, 2)"),
        ("if(!isNull(1) and not isNull(2), 1, 2)", "if((!isNull(1)) && (!(isNull(2))), 1, 2)"),
    ],
)
def test_operators_bind_as_in_dhis2(text, brackets):
    assert parse(text) == parse(brackets)
    assert parse(text).evaluate({}) is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 ^ 10", 1024),
        ("2 ^ -2", 0.25),
        ("2 ^ 3 ^ 2", 512),
        ("-2 ^ 2", -4),
        ("0 ^ 0", 1),
        ("0 ^ -1", None),
        ("(-8) ^ (1 / 3)", None),
        ("10 ^ 400", None),
        ("(-10) ^ 309", None),
        ("5 % 3", 2),
        ("-5 % 3", -2),
        ("5 % -3", 2),
        ("1.5 % 1", 0.5),
        ("5 % 0", None),
        ("2 + (3 % 0)", None),
        ("log(1)", 0),
        ("log(8, 2)", 3),
        ("log(256, 16)", 2),
        ("log(8, 1)", None),
        ("log(0)", None),
        ("log(-1)", None),
        ("log10(1000)", 3),
        ("log10(0)", None),
        ("greatest(1, 3, 2)", 3),
        ("greatest(null, -1)", -1),
        ("greatest(null)", None),
        ("greatest(1 / 0, -1)", -1),
        ("least(4)", 4),
        ("least(3, 1 / 2, 2)", 0.5),
        ("firstNonNull(null, 1 / 0, 4, 5)", 4),
        ("firstNonNull(null)", None),
        ("removeZeros(3)", 3),
        ("removeZeros(1 - 1)", None),
        ("1 + removeZeros(0)", None),
        ("null", None),
        ("null + 1", None),
        ("if(1 > 2, 3, 4)", 4),
        ("if(2, 3, 4)", 3),
        ("if(0, 3, 4)", 4),
        ("if(null, 3, 4)", 4),
        ("if(1 / 0 > 1, 3, 4)", 4),
        ("if(0 * (1e300 * 1e300), 3, 4)", 4),
        ("if(true, 3, null)", 3),
        ("if(false, 3, null)", None),
        ("if(null && false, 1, 2)", 2),
        ("if(null || true, 1, 2)", 1),
        ("if(!(null && false), 1, 2)", 1),
        ("if(null || false, 1, 2)", 2),
        ("if('a' == \"a\", 1, 2)", 1),
        ("if('a' < 'b', 1, 2)", 1),
        ("if('a' == null, 1, 2)", 2),
        (r"if('it\'s' == 'it\u0027s', 1, 2)", 1),
        ("if(2 == '2', 1, 2)", 1),
        ("if('10' > 9, 1, 2)", 1),
        ("if('10' > '9', 1, 2)", 2),
        ("if('007' == '7', 1, 2)", 2),
        ("1 + '2.50'", 3.5),
        ("if(true, '1e3', 2)", 1000),
        ("greatest(1, '-3', '2.')", 2),
        ("if(true > 0, 1, 2)", 1),
        ("if(1 > 2 == 0, 1, 2)", 1),
        ("if(7 == true, 1, 2)", 1),
        ("if(1 / 0 == true, 1, 2)", 2),
        ("if(contains('abcd', 'ab', 'bc'), 1, 2)", 1),
        ("if(contains('abcd', 'ac'), 1, 2)", 2),
        ("if(contains('abcd', 'AB'), 1, 2)", 2),
        ("if(containsItems('ab,cd', 'ab', 'cd'), 1, 2)", 1),
        ("if(containsItems('abcd', 'b'), 1, 2)", 2),
        ("if(is(3 in 1, 2, 3), 1, 2)", 1),
        ("if(is(3 in 1, 2), 1, 2)", 2),
        ("if(is('x' in 'x'), 1, 2)", 1),
        ("if(is(1 in null, 1), 1, 2)", 1),
        ("if(!is(1 in null, 2), 1, 2)", 2),
        ("if(!is(null in 1), 1, 2)", 2),
    ],
)
def test_functions_of_literals_give_what_a_hand_calculation_gives(text, expected):
    assert both(text) == (pytest.approx(expected) if expected is not None else None)


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        (f"{a} ^ 2 - {b} % 4", {"a": 3, "b": 7}, 6),
        (f"{b} % {a}", {"a": 3, "b": -7}, -1),
        (f"log({a}, {b})", {"a": 9, "b": 3}, 2),
        (f"log10({a})", {"a": 100}, 2),
        (f"greatest({a}, {b}, 2)", {"a": 1, "b": 3}, 3),
        (f"least({a}, {b})", {"a": 1}, 0),
        (f"removeZeros({a}) + 1", {"a": 0}, None),
        (f"firstNonNull({a}, {b}, 7)", {"b": 2}, 2),
        (f"if({a} > 1 && {b} <= 2, {a}, {b})", {"a": 2, "b": 2}, 2),
        (f"if({a} > 1 || {b} <= 2, 5, 6)", {"a": 0, "b": 3}, 6),
        (f"if({a}, 5, 6)", {"a": 0}, 6),
        (f"if(is({a} in 1, {b}), 5, 6)", {"a": 4, "b": 4}, 5),
        (f"if(contains(if({a} > 1, 'many', 'few'), 'an'), 5, 6)", {"a": 2}, 5),
        (f"if(firstNonNull(if({a} > 1, 'x', null), 'y') == 'y', 5, 6)", {"a": 0}, 5),
        (f"if({a} < 0, null, 1)", {"a": -1}, None),
        (f"if({a} < 0, null, null)", {"a": -1}, None),
    ],
)
def test_functions_of_items_give_what_a_hand_calculation_gives(text, values, expected):
    assert both(text, **values) == expected


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        (f"if(isNull({a}), 1, 2)", {}, 1),
        (f"if(isNull({a}), 1, 2)", {"a": 0}, 2),
        (f"if(isNotNull({a}), 1, 2)", {}, 2),
        (f"if(isNull({a} + {b}), 1, 2)", {"a": 3}, 1),
        (f"if(isNull(1 / {a}), 1, 2)", {"a": 0}, 1),
        (f"firstNonNull({a} + {b}, 7)", {"a": 3}, 7),
        (f"if(isNull({a}), 0, {a})", {}, 0),
        (f"if(isNull({a}), {b}, {a})", {}, None),
        (f"if(isNull({a}), {b}, {a})", {"b": 4}, 4),
        (f"if(isNull({a}), {b}, {a})", {"a": 4}, 4),
        (f"if(isNull({a}), 5, 6) + {b}", {"a": 4}, None),
        (f"if({a} > 0, 5, 6)", {}, None),
        (f"if({a} > 0, 5, {b})", {"b": 1}, 1),
        (f"firstNonNull({a}, 3) + {b}", {"a": 4}, None),
        (f"isNull({a}) * 1", {}, UsageError),
    ],
)
def test_null_is_0_but_inside_a_function_that_asks_for_it_and_counts_only_where_it_is_looked_at(text, values, expected):
    if expected is UsageError:
        with pytest.raises(UsageError, match="a number is due here"):
            parse(text)
    else:
        assert both(text, **values) == expected


@pytest.mark.parametrize(
    ("text", "position", "due"),
    [
        ("1 + true", 5, "a number is due"),
        ("1 + 'a'", 5, "a number is due"),
        ("1 + (2 > 1) * 3", 6, "a number is due"),
        ("true == 'a'", 9, "true or false is due"),
        ("'a' == 1", 8, "a text is due"),
        ("1 == 'a'", 6, "a number is due"),
        ("is(true in 1)", 12, "true or false is due"),
        ("if('a', 1, 2)", 4, "true or false is due"),
        ("if(true, 1, 'a')", 13, "a number is due"),
        ("greatest(1, 2, false)", 16, "a number is due"),
        ("contains('a', 1)", 15, "a text is due"),
        ("!'a'", 2, "true or false is due"),
    ],
)
def test_an_argument_of_the_wrong_type_is_refused_where_it_stands(text, position, due):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert f"at character {position}: {due} here" in caught.value.what


@pytest.mark.parametrize("use", [lambda e: e.evaluate({Operand(A): 1}), lambda e: e.compile(lambda item: pl.col(A))])
@pytest.mark.parametrize(
    ("text", "said"),
    [("1 < 2", "true or false"), ("'a'", "a text"), (f"if({a} == 'yes', 1, 0)", "== needs a number as argument 2")],
)
def test_what_has_no_number_as_its_value_can_be_read_but_not_computed(text, said, use):
    expression = parse(text)
    with pytest.raises(UsageError, match="no numeric value") as caught:
        use(expression)
    assert said in caught.value.what


@pytest.mark.parametrize(
    "text",
    [
        f"if({a} > 1, " * (MAX_DEPTH - 2) + a + ", 2)" * (MAX_DEPTH - 2),
        "if(" * 48 + f"{a} > 1" + ", 1, 2) > 1" * 47 + ", 1, 2)",
        "(7 % " * (MAX_DEPTH - 1) + a + ")" * (MAX_DEPTH - 1),
        "if(is(" * 45 + a + " in 1, 2, 3), 1, 2)" * 45,
        "greatest(" * (MAX_DEPTH - 1) + a + ", 1)" * (MAX_DEPTH - 1),
        "subExpression(" * (MAX_DEPTH - 1) + a + ")" * (MAX_DEPTH - 1),
        f"greatest({', '.join([a] * 1_900)})",
    ],
    ids=["branches", "conditions", "remainders", "memberships", "greatest", "sub-expressions", "many arguments"],
)
def test_the_deepest_expressions_still_work(text):
    expression = parse(text)
    assert parse(str(expression)) == expression
    known = dict.fromkeys(expression.items, 2.0)
    frame = pl.DataFrame({"x": [2.0, None]})
    result = frame.select(expression.compile(lambda item: pl.col("x"))).to_series().to_list()
    assert result == [pytest.approx(expression.evaluate(known)), expression.evaluate({})]


def test_facts_come_from_the_context_or_from_the_values():
    expression = parse(f"{a} / [days] * [periodInYear] / [yearlyPeriodCount] + OUG{{{C}}}")
    context = Context(days=31, period_in_year=3, yearly_period_count=12, group_counts={C: 2})
    assert expression.evaluate({Operand(A): 124}, context=context) == 3
    assert expression.evaluate({Operand(A): 124, PeriodFact("days"): 62}, context=context) == 2.5
    frame = pl.DataFrame({A: [124], "[days]": [62]})
    known = Context(period_in_year=3, yearly_period_count=12, group_counts={C: 2})
    column = expression.compile(lambda item: pl.col(A if item == Operand(A) else str(item)), context=known)
    assert frame.select(column).item() == 2.5


@pytest.mark.parametrize(
    ("relation", "context"),
    [
        ("ancestor", Context(ancestors=[A])),
        ("dataSet", Context(data_sets={A: 1})),
        ("group", Context(groups={A, "x"})),
        ("program", Context(programs=(A,))),
    ],
)
def test_organisation_unit_tests_hold_for_any_of_their_uids(relation, context):
    assert parse(f"if(orgUnit.{relation}({B}, {A}), 1, 2)").evaluate({}, context=context) == 1
    assert parse(f"if(orgUnit.{relation}({B}), 1, 2)").evaluate({}, context=context) == 2


def test_organisation_unit_tests_can_differ_between_rows():
    frame = pl.DataFrame({"member": [True, False]})
    expression = parse(f"if(orgUnit.group({A}), 1, 2)")
    assert expression.items == (OrgUnitFact("group", (A,)),)
    assert frame.select(expression.compile(lambda item: pl.col("member"))).to_series().to_list() == [1, 2]


def test_everything_that_is_not_known_is_named_at_once():
    text = f"C{{{A}}} + OUG{{{B}}} * [days] + [periodInYear].periodOffset(-1) + if(orgUnit.group({C}), 1, 0)"
    with pytest.raises(UsageError) as caught:
        parse(text).evaluate({}, context=Context(period_in_year=1))
    for item in (f"C{{{A}}}", f"OUG{{{B}}}", "[days]", "[periodInYear].periodOffset(-1)", f"orgUnit.group({C})"):
        assert item in caught.value.what


def test_expressions_compute_inside_an_aggregation_and_in_a_stream():
    frame = pl.DataFrame({"ou": ["x", "x", "y"], A: [5.0, 6.0, 7.0]})
    expression = parse(f"{a} % 4 + if({a} > 8, 10, 20)")
    summed = frame.group_by("ou", maintain_order=True).agg(value=expression.compile(lambda item: pl.col(A).sum()))
    assert summed["value"].to_list() == [13, 23]
    streamed = frame.lazy().select(expression.compile(lambda item: pl.col(A))).collect(engine="streaming")
    assert streamed.to_series().to_list() == [21, 22, 23]


def test_a_value_that_is_not_a_number_has_no_result_but_where_another_is_asked_for():
    assert parse(f"firstNonNull({a}, 3) + 0 * {b}").evaluate({Operand(A): math.nan, Operand(B): 1}) == 3
