import polars as pl
import pytest

from prefect_patterns.dhis2.checks import CELL
from prefect_patterns.dhis2.data_values import DATA_VALUE_SCHEMA
from prefect_patterns.dhis2.facts import concat_rates, load_values, write_values

ELEMENTS = pl.DataFrame({"id": ["n", "t", "u"], "value_type": ["NUMBER", "TEXT", None]})


def row(element, value, data_set, unit="o"):
    cell = dict(zip(CELL, [element, "202401", unit, "c", "a"], strict=True))
    return {**dict.fromkeys(DATA_VALUE_SCHEMA), **cell, "value": value, "data_set": data_set}


def part(folder, data_set, *rows):
    frame = pl.DataFrame([row(element, value, data_set) for element, value in rows], schema=DATA_VALUE_SCHEMA)
    return write_values([frame] if rows else [], folder / f"{data_set}.parquet")


def members(**sets):
    pairs = [(name, element) for name, elements in sets.items() for element in elements]
    return pl.DataFrame(pairs, schema={"data_set": pl.String, "data_element": pl.String}, orient="row")


def test_a_value_that_two_data_sets_share_stays_with_the_first(tmp_path):
    parts = [part(tmp_path, "s2", ("n", "1")), part(tmp_path, "s1", ("n", "1"))]
    values = load_values(parts, ELEMENTS, members(s1="n", s2="n"))
    assert values.select("data_set", "value").rows() == [("s1", 1.0)]


def test_two_values_of_one_cell_in_one_data_set_are_both_kept_for_the_check(tmp_path):
    values = load_values([part(tmp_path, "s1", ("n", "1"), ("n", "2"))], ELEMENTS, members(s1="n", s2="n"))
    assert sorted(values["value"]) == [1.0, 2.0]


@pytest.mark.parametrize(("element", "kept"), [("n", 1), ("t", 0), ("u", 1), ("nobody knows it", 1)])
def test_only_elements_that_are_known_not_to_be_numbers_are_left_out(tmp_path, element, kept):
    assert load_values([part(tmp_path, "s", (element, "1"))], ELEMENTS, members()).height == kept


@pytest.mark.parametrize(("text", "number"), [("4", 4.0), ("-0.5", -0.5), ("four", None), ("", None), (None, None)])
def test_a_value_that_is_no_number_is_null(tmp_path, text, number):
    values = load_values([part(tmp_path, "s", ("n", text))], ELEMENTS, members())
    assert values["value"].to_list() == [number]
    assert values["text"].to_list() == [text if number is None else None]


@pytest.mark.parametrize("text", ["NaN", "inf", "-Infinity"])
def test_what_was_no_finite_number_is_kept_as_text_for_who_reads_the_rejected_rows(tmp_path, text):
    values = load_values([part(tmp_path, "s", ("n", text))], ELEMENTS, members())
    assert values["text"].to_list() == [text]


@pytest.mark.parametrize("parts", [0, 1, 2])
def test_no_values_have_the_same_columns(tmp_path, parts):
    paths = [part(tmp_path, f"s{number}") for number in range(parts)]
    values = load_values(paths, ELEMENTS, members())
    assert values.height == 0
    assert values.columns == [*CELL, "data_set", "value", "text"]
    assert values.schema["value"] == pl.Float64


def test_no_rates_have_the_same_columns():
    assert concat_rates([]).columns == ["dx", "ou", "pe", "value"]
