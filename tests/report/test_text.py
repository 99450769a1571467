import pytest

from prefect_patterns.report.text import Format, clean


@pytest.mark.parametrize("mark", ["\u202e", "\u202a", "\u2066", "\u2069", "\x00", "\ud800", "\ufffe"])
def test_a_mark_that_would_change_the_text_behind_it_is_taken_out(mark):
    assert clean(f"Bo{mark}nthe") == "Bonthe"


@pytest.mark.parametrize("text", ["نعمة\u200f", "日本", "e\u0301", "a\tb\nc", "👩\u200d⚕️"])
def test_other_text_stays_as_it_is(text):
    assert clean(text) == text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([3.0], "3.0\xa0%"),
        ([None, 3.0], "3.0\xa0%"),
        ([3.0, None, 1.0], "from 1.0 to 3.0\xa0%, last 1.0\xa0%"),
    ],
)
def test_a_range_is_said_in_words(values, said):
    assert Format(unit="%").range(values) == said
