"""Items: DHIS2's notation of each, what a method asks of it, and its label for people."""

import pickle
from datetime import date

import pytest

from prefect_patterns.analytics.expressions import (
    Constant,
    DataElementGroup,
    Indicator,
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
    parse,
)

A, B, C = "fbfJHSPpUQD", "cYeuwXTCPkU", "Jtf34kNZhzP"
NAMES = {A: "Penta1 doses given", B: "Fixed, <1y", C: "Outreach"}


@pytest.mark.parametrize(
    ("text", "item", "label"),
    [
        (f"#{{{A}}}", Operand(A), "Penta1 doses given"),
        (f"#{{{A}.{B}}}", Operand(A, B), "Penta1 doses given (Fixed, <1y)"),
        (f"#{{{A}.{B}.{C}}}", Operand(A, B, C), "Penta1 doses given (Fixed, <1y; Outreach)"),
        (f"#{{{A}.*.{C}}}", Operand(A, None, C), "Penta1 doses given (Outreach)"),
        (f"#{{{A}.co:{B}}}", Operand(A, category_options=(B,)), "Penta1 doses given (Fixed, <1y)"),
        (
            f"#{{{A}.coGroup:{B}&{C}}}",
            Operand(A, category_option_groups=(B, C)),
            "Penta1 doses given (Fixed, <1y and Outreach)",
        ),
        (f"#{{deGroup:{A}}}", DataElementGroup(A), "Penta1 doses given"),
        (
            f"#{{deGroup:{A}.coGroup:{B}.{C}}}",
            DataElementGroup(A, None, C, category_option_groups=(B,)),
            "Penta1 doses given (Fixed, <1y; Outreach)",
        ),
        (f"D{{{C}.{A}}}", ProgramDataElement(C, A), "Penta1 doses given (Outreach)"),
        (f"A{{{C}.{A}}}", ProgramAttribute(C, A), "Penta1 doses given (Outreach)"),
        (f"I{{{A}}}", ProgramIndicator(A), "Penta1 doses given"),
        (f"N{{{A}}}", Indicator(A), "Penta1 doses given"),
        (
            f"R{{{C}.REPORTING_RATE_ON_TIME}}",
            ReportingRate(C, "REPORTING_RATE_ON_TIME"),
            "Outreach (reporting rate on time)",
        ),
        (f"C{{{C}}}", Constant(C), "Outreach"),
        (f"OUG{{{C}}}", OrgUnitGroup(C), "organisation units in Outreach"),
        ("[days]", PeriodFact("days"), "[days]"),
        ("[yearlyPeriodCount]", PeriodFact("yearlyPeriodCount"), "[yearlyPeriodCount]"),
        (f"orgUnit.group({B}, {C})", OrgUnitFact("group", (B, C)), "orgUnit.group(Fixed, <1y, Outreach)"),
        (
            f"subExpression(if(#{{{A}}} > 10, 1, 0)).aggregationType(SUM)",
            SubExpression(parse(f"if(#{{{A}}} > 10, 1, 0)"), modifiers=Modifiers("SUM")),
            "subExpression(if(Penta1 doses given > 10, 1, 0)).aggregationType(SUM)",
        ),
        (
            f"percentileCont(0.5, #{{{A}}})",
            Sample("percentileCont", (parse("0.5"), parse(f"#{{{A}}}"))),
            "percentileCont(0.5, Penta1 doses given)",
        ),
    ],
)
def test_an_item_has_a_notation_and_a_label(text, item, label):
    expression = parse(text)
    assert expression.items == (item,)
    assert str(item) == text
    assert expression.describe(NAMES.get).text == label
    assert pickle.loads(pickle.dumps(item)) == item


@pytest.mark.parametrize(
    ("methods", "modifiers"),
    [
        (".aggregationType(LAST)", Modifiers(aggregation_type="LAST")),
        (".periodOffset(-1)", Modifiers(period_offset=-1)),
        (".periodOffset(+1)", Modifiers(period_offset=1)),
        (".periodOffset(1).periodOffset(-3)", Modifiers(period_offset=-2)),
        (".periodOffset(1).periodOffset(-1)", Modifiers()),
        (".yearToDate()", Modifiers(year_to_date=True)),
        (".minDate(2021-1-1)", Modifiers(min_date=date(2021, 1, 1))),
        (
            ".minDate(2021-01-01)\n .maxDate( 2021-6-30 )",
            Modifiers(min_date=date(2021, 1, 1), max_date=date(2021, 6, 30)),
        ),
        (".aggregationType(MIN).aggregationType(MAX)", Modifiers(aggregation_type="MIN")),
    ],
)
def test_methods_are_carried_by_the_item(methods, modifiers):
    item = Operand(A, B, modifiers=modifiers)
    assert parse(f"#{{{A}.{B}}}{methods}").items == (item,)
    assert parse(str(item)).items == (item,)


def test_methods_after_a_bracket_hold_for_every_item_in_it_and_offsets_add_up():
    expression = parse(f"(#{{{A}}}.periodOffset(-1) + #{{{A}}} / [periodInYear] * [days] + C{{{C}}}).periodOffset(-1)")
    assert [str(item) for item in expression.items] == [
        f"#{{{A}}}.periodOffset(-2)",
        f"#{{{A}}}.periodOffset(-1)",
        "[periodInYear].periodOffset(-1)",
        "[days]",
        f"C{{{C}}}",
    ]


def test_a_method_binds_closer_than_any_operator():
    assert parse(f"-#{{{A}}} ^ #{{{B}}}.periodOffset(-1)").items == (
        Operand(A),
        Operand(B, modifiers=Modifiers(period_offset=-1)),
    )


def test_a_method_after_a_sub_expression_leaves_its_inside_alone():
    (item,) = parse(f"(1 + subExpression(#{{{A}}}.yearToDate())).periodOffset(-1)").items
    assert item == SubExpression(parse(f"#{{{A}}}.yearToDate()"), modifiers=Modifiers(period_offset=-1))


def test_operands_are_also_those_of_sub_expressions_and_samples():
    expression = parse(f"subExpression(if(#{{{A}}} > 1, #{{{A}}}, 0)) + avg(#{{{B}}}) + #{{{C}}} + N{{{A}}}")
    assert expression.operands == (Operand(A), Operand(B), Operand(C))
    assert [type(item) for item in expression.items] == [SubExpression, Sample, Operand, Indicator]
    values = dict(zip(expression.items, [1, 2, 3, 4], strict=True))
    assert expression.evaluate(values) == 10


def test_what_has_no_name_stays_in_the_description_and_is_listed_once():
    described = parse(f"#{{{A}.{C}}} / (#{{{B}}} + #{{{C}}}) * 100").describe({A: "Given", B: ""}.get)
    assert described.text == f"Given ({C}) / ({B} + {C}) * 100"
    assert described.unresolved == (C, B)
