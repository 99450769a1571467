import polars as pl
import pytest

from prefect_patterns.dhis2 import frames
from prefect_patterns.dhis2.snapshot import ENDPOINTS, Snapshot

NOTHING = {endpoint: [] for endpoint in ENDPOINTS}
READERS = [
    frames.org_units,
    frames.data_elements,
    frames.data_sets,
    frames.category_option_combos,
    frames.indicators,
]


@pytest.mark.parametrize("read", READERS)
def test_a_row_of_nothing_but_an_id_gives_nulls(read):
    frame = read([{"id": "a"}])
    assert frame["id"].to_list() == ["a"]
    assert frame.drop("id").null_count().sum_horizontal().item() == frame.width - 1
    assert read([]).schema == frame.schema


@pytest.mark.parametrize("read", READERS)
def test_a_field_of_another_shape_is_null(read):
    odd = {"id": "a", "name": {"not": "text"}, "parent": "text", "categoryCombo": [1], "indicatorType": None}
    frame = read([odd])
    assert frame.height == 1
    if "name" in frame.columns:
        assert frame["name"].to_list() == [None]


def test_a_unit_is_read_with_its_dates():
    row = {"id": "a", "level": 4, "parent": {"id": "b"}, "openingDate": "1990-02-01T00:00:00.000", "closedDate": "?"}
    unit = frames.org_units([row]).row(0, named=True)
    assert (unit["level"], unit["parent"], str(unit["opening_date"]), unit["closed_date"]) == (
        4,
        "b",
        "1990-02-01",
        None,
    )


def test_the_operands_of_both_sides_are_listed_once_each():
    indicators = pl.DataFrame(
        {
            "id": ["i", "j", "k"],
            "name": ["I", "J", "K"],
            "numerator": ["#{aaaaaaaaaaa.ccccccccccc}+#{aaaaaaaaaaa}", "nonsense(1)", "("],
            "denominator": ["#{bbbbbbbbbbb}*2", "#{bbbbbbbbbbb}", ")"],
        }
    )
    found, unread = frames.operands(indicators)
    assert found.select("indicator", "side", "data_element").rows() == [
        ("i", "numerator", "aaaaaaaaaaa"),
        ("i", "numerator", "aaaaaaaaaaa"),
        ("i", "denominator", "bbbbbbbbbbb"),
        ("j", "denominator", "bbbbbbbbbbb"),
    ]
    assert unread == ["j", "k"]


def test_the_data_elements_of_every_kind_of_item_are_listed_and_none_is_made_up():
    numerator = (
        "subExpression(if(#{aaaaaaaaaaa.co:ccccccccccc} > 10, #{bbbbbbbbbbb}, 0)).aggregationType(MAX)"
        " + (#{ddddddddddd}.periodOffset(-1) + D{ppppppppppp.eeeeeeeeeee}).yearToDate()"
        " + #{deGroup:ggggggggggg} + N{nnnnnnnnnnn} + I{iiiiiiiiiii} + A{ppppppppppp.ttttttttttt}"
        " + R{sssssssssss.REPORTING_RATE} + C{ccccccccccc} + OUG{ooooooooooo} + [days]"
    )
    indicators = pl.DataFrame({"id": ["i"], "name": ["I"], "numerator": [numerator], "denominator": ["1"]})
    found, unread = frames.operands(indicators)
    assert found.select("operand", "data_element").rows() == [
        ("#{aaaaaaaaaaa.co:ccccccccccc}", "aaaaaaaaaaa"),
        ("#{bbbbbbbbbbb}", "bbbbbbbbbbb"),
        ("#{ddddddddddd}.periodOffset(-1).yearToDate()", "ddddddddddd"),
        ("D{ppppppppppp.eeeeeeeeeee}.yearToDate()", "eeeeeeeeeee"),
    ]
    assert unread == []


def test_a_snapshot_of_empty_lists_has_no_roots():
    known = Snapshot.of(NOTHING)
    assert (known.roots, known.monthly_data_sets, known.names(2)) == ([], [], {})
    assert known.level_name(2) == "Level 2"


@pytest.mark.parametrize(
    ("units", "roots"),
    [
        ([{"id": "r", "level": 1}, {"id": "x", "level": 2}], ["r"]),
        ([{"id": "r"}, {"id": "x", "parent": {"id": "r"}}], ["r"]),
    ],
    ids=["by level", "by parent"],
)
def test_the_roots_are_at_the_top(units, roots):
    assert Snapshot.of({**NOTHING, "organisationUnits": units}).roots == roots


def test_only_levels_that_have_units_are_asked_for():
    known = Snapshot.of({**NOTHING, "organisationUnits": [{"id": "r", "level": 1}, {"id": "x", "level": None}]})
    assert [known.level(number) for number in (1, 2)] == ["LEVEL-1", ""]
    assert Snapshot.of(NOTHING).level(1) == ""


@pytest.mark.parametrize("name", ["", "  ", None, 7])
def test_a_level_without_a_name_has_its_number(name):
    levels = [{"id": "l", "level": 2, "name": name}]
    assert Snapshot.of({**NOTHING, "organisationUnitLevels": levels}).level_name(2) == "Level 2"
