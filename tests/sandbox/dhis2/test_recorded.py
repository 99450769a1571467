"""Analytics against recorded answers of a real 2.36 server: shape, headers and bounds."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from prefect_patterns.sandbox.dhis2.app import build_app, serve_app

RECORDED = Path(__file__).parents[2] / "data" / "dhis2"


def recorded(name: str):
    return json.loads((RECORDED / f"{name}.json").read_text())


def test_the_five_districts_with_a_level_are_bounds_not_results(client):
    sample = recorded("analytics.2.36.01")
    path = sample["path"].replace("/api/36", "/api").replace("sB79w2hiLp8", "SdPenta3Cov")
    units = {row[0] for row in client.get(path).json()["rows"]}
    assert units == {row[0] for row in sample["response"]["rows"]}


EASTERN = "nlX2VoouN63"
OF_THE_RECORDING = {
    "organisationUnitGroups": {
        EASTERN: {"name": "Eastern Area", "organisationUnits": [{"id": "jUb8gELQApl"}, {"id": "bL4ooGhyHRQ"}]}
    },
    "organisationUnitGroupSets": {
        "uIuxlbV1vRT": {
            "name": "Area",
            "dataDimension": True,
            "includeSubhierarchyInAnalytics": True,
            "organisationUnitGroups": [{"id": EASTERN}],
        }
    },
    "indicators": {
        "dwEq7wi6nXV": {
            "name": "ANC IPT 1 Coverage",
            "numerator": "#{fbfJHSPpUQD}",
            "denominator": "#{cYeuwXTCPkU}",
            "indicatorType": {"id": "hmSnCXmLYwt"},
        }
    },
}


@pytest.fixture(scope="module")
def of_the_recording():
    """A client of a server on the day of the recording, with the objects that ours has not."""
    app = build_app(today=date(2021, 8, 10), patch=OF_THE_RECORDING)
    with TestClient(serve_app(app), base_url="http://127.0.0.1:8043") as client:
        client.auth = ("admin", "district")
        yield client


def test_filters_and_bounds_are_answered_as_recorded(of_the_recording):
    expected = recorded("deepWithFilters.data")
    query = {
        "dimension": ["dx:dwEq7wi6nXV", "pe:LAST_12_MONTHS", "ou:ImspTQPwCqd;LEVEL-wjP19dkFeIk"],
        "filter": f"uIuxlbV1vRT:{EASTERN}",
        "includeNumDen": "true",
    }
    answer = of_the_recording.get("/api/analytics.json", params=query).json()
    kept = ("headers", "metaData", "width", "height", "headerWidth")
    assert {key: answer[key] for key in kept} == {key: expected[key] for key in kept}
    assert {tuple(row[:3]) for row in answer["rows"]} == {tuple(row[:3]) for row in expected["rows"]}
    assert all(row[-3:] == ["100.0", "100", "1"] for row in (*answer["rows"], *expected["rows"]))


def test_a_set_of_unit_groups_is_a_column_as_recorded(of_the_recording):
    expected = recorded("avgTotalAggregationType.data")
    query = {
        "dimension": ["dx:SdAnc1stCov", "ou:LEVEL-3", "pe:QUARTERS_LAST_YEAR", f"uIuxlbV1vRT:{EASTERN}"],
        "includeNumDen": "true",
        "skipMeta": "true",
    }
    answer = of_the_recording.get("/api/analytics.json", params=query).json()
    assert (answer["headers"], answer["metaData"]) == (expected["headers"], expected["metaData"])
    assert answer["rows"]
    for row in (*answer["rows"], *expected["rows"]):
        assert row[2].startswith("2020Q")
        assert re.fullmatch(r"\d+\.\d{1,2}", row[4])
        assert row[-2:] in (["36500", "91"], ["36500", "92"])


def test_a_set_of_data_element_groups_needs_no_dx_as_recorded(of_the_recording):
    expected = recorded("degs.data")
    query = {"dimension": ["jp826jAJHUc", "pe:LAST_12_MONTHS"], "includeNumDen": "true", "skipMeta": "true"}
    answer = of_the_recording.get("/api/analytics.json", params=query).json()
    named = {**answer["headers"][0], "column": expected["headers"][0]["column"]}
    assert [named, *answer["headers"][1:]] == expected["headers"]
    assert answer["rows"]
    assert all(row[-5:] == [""] * 5 for row in (*answer["rows"], *expected["rows"]))
