"""The rows of a list are found once for all its pages."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from prefect_patterns.sandbox.dhis2.lists import Question, Rows
from prefect_patterns.sandbox.dhis2.release import release_of


@pytest.fixture
def rows(metadata):
    return Rows(metadata, release_of("43"))


def test_the_same_question_has_the_same_rows(rows):
    query = {"filter": ["level:eq:2"], "order": ["id:asc"]}
    assert rows.of(Question.of("organisationUnits", query)) is rows.of(Question.of("organisationUnits", query))


@pytest.mark.parametrize(
    "other",
    [
        {"filter": ["level:eq:3"]},
        {"filter": ["level:eq:2"], "order": ["name:desc"]},
        {"filter": ["level:eq:2", "level:eq:3"], "rootJunction": ["OR"]},
        {"filter": ["level:eq:2"], "query": ["Bo"]},
    ],
)
def test_another_question_has_others(rows, other):
    first = Question.of("organisationUnits", {"filter": ["level:eq:2"]})
    assert rows.of(first) != rows.of(Question.of("organisationUnits", other))


def test_a_restriction_by_place_is_part_of_the_question(rows):
    def asked(uid):
        return Question.of("organisationUnits", {}, where=[uid], tests=[lambda each: each["id"] == uid])

    assert [rows.of(asked(uid))[0]["name"] for uid in ("O6uvpzGd5pu", "YuQRtpLP10I")] == ["Bo", "Badjia"]


def test_only_the_last_questions_are_kept(rows):
    first = Question.of("constants", {})
    known = rows.of(first)
    for number in range(20):
        rows.of(Question.of("constants", {"query": [str(number)]}))
    assert rows.of(first) is not known


def test_many_threads_may_ask(rows):
    questions = [Question.of("dataSets", {"query": [str(number % 20)]}) for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda each: len(rows.of(each)), questions))
    assert found[:20] == found[20:40] == found[180:]
