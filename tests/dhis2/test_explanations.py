import re

import httpx
import pytest

from prefect_patterns.dhis2.explanations import EXPLANATIONS, advice
from prefect_patterns.errors import QueryRefused


def test_every_code_of_the_specification_is_explained():
    named = (
        "7101 7102 7103 7104 7105 7106 7108 7109 7111 7115 7120 7124 7125 7128 7131 7132 7136 7143 7144 7151 7152 7611"
    )
    assert {f"E{number}" for number in named.split()} <= set(EXPLANATIONS)


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_an_explanation_is_a_sentence_and_an_advice(code):
    found = EXPLANATIONS[code]
    assert re.fullmatch(r"E[1-9]\d{3}", code)
    assert found.meaning[0].isupper() or found.meaning[0] == "`"
    assert not found.meaning.endswith(".")
    assert not found.action.endswith(".")
    assert found.action[0].islower()
    assert str(found) == f"{found.meaning}: {found.action}"


@pytest.mark.parametrize("code", ["E0000", "", None, 7, ["E7124"]])
def test_nothing_is_said_of_what_nobody_wrote_down(code):
    assert advice(code) == ""


def test_the_advice_is_the_hint_of_the_refusal(served):
    answer = {"status": "ERROR", "httpStatusCode": 409, "errorCode": "E7144", "message": "Please run analytics"}
    with pytest.raises(QueryRefused) as caught:
        served(httpx.Response(409, json=answer)).client.analytics(dx=["a"], pe=["2024"])
    assert caught.value.hint == advice("E7144")
