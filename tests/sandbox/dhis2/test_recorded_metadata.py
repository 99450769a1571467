"""Metadata against recorded answers of a real 2.43 server, in full: these objects are the demo's own."""

import json
from pathlib import Path

import pytest

RECORDED = Path(__file__).parents[2] / "data" / "dhis2"
NAMES = sorted(path.stem for path in RECORDED.glob("v43.ou_*.json"))
SAME_HEADERS = (
    *("access-control-expose-headers", "cache-control", "content-type", "x-content-type-options", "x-xss-protection"),
)


def recorded(name: str):
    return json.loads((RECORDED / f"{name}.json").read_text())


def in_order(value):
    """Sort lists: the server gives nested collections in any order."""
    if isinstance(value, dict):
        return {name: in_order(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return sorted((in_order(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True))
    return value


def test_there_are_recorded_answers():
    assert len(NAMES) == 5


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_the_recorded_ones(client, name):
    sample = recorded(name)
    answer = client.get(sample["path"])
    assert answer.status_code == sample["status"]
    assert in_order(answer.json()) == in_order(sample["body"])


@pytest.mark.parametrize("name", NAMES)
def test_headers_are_the_recorded_ones(client, name):
    sample = recorded(name)
    headers = client.get(sample["path"]).headers
    assert {key: headers.get(key) for key in SAME_HEADERS} == {key: sample["headers"].get(key) for key in SAME_HEADERS}
    assert "content-length" not in headers


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("version", ["40", "41", "42"])
def test_older_releases_answer_the_same(client_of, version, name):
    sample = recorded(name)
    path = sample["path"].replace("/api/43/", "/api/")
    assert in_order(client_of(version).get(path).json()) == in_order(sample["body"])
