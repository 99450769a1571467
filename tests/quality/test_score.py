"""The score and its light."""

import math

import polars as pl
import pytest

from prefect_patterns.errors import UsageError
from prefect_patterns.quality import light, score


def results(*rules: tuple[bool, float]) -> pl.DataFrame:
    return pl.DataFrame(rules, schema={"holds": pl.Boolean, "weight": pl.Float64}, orient="row")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], 1.0),
        ([(False, 0.0)], 1.0),
        ([(True, 1.0), (False, 1.0)], 0.5),
        ([(True, 1.0), (False, 0.5), (True, 0.5)], 0.75),
        ([(False, 1.0)], 0.0),
        ([(True, 0.1)] * 9 + [(False, 0.1)], 0.9),
    ],
)
def test_the_score_is_the_weight_of_the_rules_that_hold(rules, expected):
    assert score(results(*rules)) == expected


def test_results_of_several_frames_are_scored_together():
    assert score(pl.concat([results((True, 1.0)), results((False, 1.0), (True, 2.0))])) == 0.75


def test_other_frames_are_refused():
    with pytest.raises(UsageError, match="without weight"):
        score(pl.DataFrame({"holds": [True]}))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, "green"), (0.9, "green"), (math.nextafter(0.9, 0), "amber"), (0.7, "amber"), (0.69, "red"), (0, "red")],
)
def test_the_light_is_green_from_0_9_and_amber_from_0_7(value, expected):
    assert light(value) == expected


def test_thresholds_can_be_others():
    assert light(0.95, green=0.99, amber=0.5) == "amber"


@pytest.mark.parametrize(
    "arguments", [{"score": math.nan}, {"score": -0.1}, {"score": 1.1}, {"score": 1, "amber": 0.95}]
)
def test_what_is_no_score_or_threshold_is_refused(arguments):
    with pytest.raises(UsageError):
        light(**arguments)
