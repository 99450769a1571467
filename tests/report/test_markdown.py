import polars as pl
import pytest

from prefect_patterns.report import markdown_table, markdown_text
from prefect_patterns.report.text import MISSING


@pytest.mark.parametrize(
    "text",
    [
        "**bold**",
        "a|b",
        "<script>",
        "[link](http://x)",
        "`code`",
        "_it_",
        "# head",
        "&lt;",
        "http://host",
        "~~x~~",
        "\\",
    ],
)
def test_no_sign_of_a_text_keeps_its_meaning_in_markdown(text):
    shown = markdown_text(text)
    assert shown.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\") == text
    special = "*|<>[]`_#&:~("
    assert all(shown[i - 1] == "\\" for i, sign in enumerate(shown) if sign in special)


def test_a_text_of_several_lines_stays_in_its_cell():
    assert markdown_text("one\n| two |\r\n three") == r"one \| two \| three"


def test_numbers_stand_to_the_right_and_nothing_is_a_dash():
    frame = pl.DataFrame({"name": ["Bo", None], "share": [84.25, None], "on time": [True, False]})
    assert markdown_table(frame).splitlines() == [
        "| name | share | on time |",
        "|---|---:|---|",
        "| Bo | 84.2 | yes |",
        f"| {MISSING} | {MISSING} | no |",
    ]


def test_columns_are_chosen_named_and_ordered():
    frame = pl.DataFrame({"a": [1], "b": ["x"], "c": [2]})
    assert markdown_table(frame, columns={"b": "What", "a": "How many"}).splitlines()[0] == "| What | How many |"


def test_a_long_table_says_how_many_rows_are_left_out():
    assert markdown_table(pl.DataFrame({"n": range(5)}), rows=3).splitlines()[-1] == "… and 2 more rows"


def test_a_frame_without_rows_is_a_heading():
    assert markdown_table(pl.DataFrame({"n": []})).count("\n") == 2
