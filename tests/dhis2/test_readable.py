import pytest

from prefect_patterns.dhis2 import frames
from prefect_patterns.dhis2.readable import described, read_formulas

ANC1, ANC3, FIXED, POPULATION = "fbfJHSPpUQD", "cYeuwXTCPkU", "pq2XI5kz2BY", "C1C1C1C1C1C"
NAMES = {ANC1: "ANC 1", ANC3: "ANC 3", FIXED: "Fixed"}


def formulas(*rows):
    return read_formulas(frames.indicators(rows))


def row(numerator, denominator="1", **more):
    return {"id": "a", "name": "A", "numerator": numerator, "denominator": denominator, **more}


def test_every_id_is_replaced_by_its_name():
    frame = described(formulas(row(f"#{{{ANC1}.{FIXED}}} * 100", f"#{{{ANC3}}}")), NAMES)
    found = frame.row(0, named=True)
    assert (found["numerator"], found["denominator"]) == ("ANC 1 (Fixed) * 100", "ANC 3")
    assert (found["unresolved"], found["problem"]) == ([], None)


def test_an_id_without_a_name_stays_and_is_listed_once():
    frame = described(formulas(row(f"C{{{POPULATION}}} + C{{{POPULATION}}}", f"#{{{ANC3}}}")), {ANC3: None})
    found = frame.row(0, named=True)
    assert POPULATION in found["numerator"]
    assert found["unresolved"] == [POPULATION, ANC3]


def test_the_ids_of_a_formula_are_those_of_both_sides():
    assert formulas(row(f"#{{{ANC1}.{FIXED}}}", f"#{{{ANC1}}}"))[0].uids == (ANC1, FIXED)


@pytest.mark.parametrize(
    ("numerator", "denominator", "problem"),
    [
        (None, "1", "no numerator"),
        (" ", "", "no numerator; no denominator"),
        ("#{x}", "1", "numerator: cannot read the expression"),
        ("1", "((", "denominator: cannot read the expression"),
    ],
)
def test_what_cannot_be_read_is_a_problem_and_no_error(numerator, denominator, problem):
    (formula,) = formulas(row(numerator, denominator))
    assert formula.problem.startswith(problem)
    assert described([formula], {})["problem"][0].startswith(problem)


def test_an_indicator_of_which_only_the_id_is_known_has_problems_only():
    frame = described(formulas({"id": "a"}), {})
    assert frame.select("id", "name", "numerator", "unresolved").row(0) == ("a", None, None, [])
    assert frame["problem"][0] == "no numerator; no denominator"


def test_no_indicators_are_an_empty_frame_with_all_columns():
    frame = described(formulas(), {})
    assert (frame.height, frame.width) == (0, 8)
