"""Analytics against recorded answers of a real 2.36 server: shape, headers and bounds."""

import json
from pathlib import Path

import pytest

RECORDED = Path(__file__).parents[2] / "data" / "dhis2"


def recorded(name: str):
    return json.loads((RECORDED / f"{name}.json").read_text())


@pytest.mark.parametrize("name", ["analytics.2.36.01", "analytics.2.36.07"])
def test_analytics_has_the_recorded_shape(client, name):
    sample = recorded(name)
    dx = {"analytics.2.36.01": "SdPenta3Cov", "analytics.2.36.07": "YtbsuPPo010;l6byfWFUGaP;s46m5MS0hxu"}[name]
    path = sample["path"].replace("/api/36", "/api").replace("sB79w2hiLp8", dx).replace("l6byfWFUGaP", "YtbsuPPo010")
    answer, expected = client.get(path).json(), sample["response"]
    assert answer["headers"] == expected["headers"]
    assert answer["metaData"] == expected["metaData"] == {}
    assert answer["headerWidth"] == expected["headerWidth"]
    assert answer["width"] == expected["width"]
    assert answer["height"] == len(answer["rows"])
    assert all(isinstance(cell, str) for row in answer["rows"] for cell in row)


def test_the_five_districts_with_a_level_are_bounds_not_results(client):
    sample = recorded("analytics.2.36.01")
    path = sample["path"].replace("/api/36", "/api").replace("sB79w2hiLp8", "SdPenta3Cov")
    units = {row[0] for row in client.get(path).json()["rows"]}
    assert units == {row[0] for row in sample["response"]["rows"]}
