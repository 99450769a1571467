"""The sandbox against recorded answers of real servers, 2.40 and 2.43: what they say of themselves and of the user."""

import json
from pathlib import Path

import pytest

RECORDED = Path(__file__).parents[2] / "data" / "dhis2"
# What nginx and the browser's origin add, and what the connection decides.
NOT_THE_SERVER_S = {
    "server",
    "connection",
    "transfer-encoding",
    "vary",
    "access-control-allow-credentials",
    "access-control-allow-origin",
}
NAMES = sorted(path.stem for version in ("v40", "v43") for path in RECORDED.glob(f"{version}.api_*.json"))


def recorded(name: str):
    return json.loads((RECORDED / f"{name}.json").read_text())


def answered(client_of, name: str):
    sample = recorded(name)
    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    return sample, client_of(name[1:3]).get(sample["path"], headers=headers)


def test_there_are_recorded_answers_of_both_releases():
    assert len(NAMES) == 14


@pytest.mark.parametrize("name", NAMES)
def test_status_and_headers_are_the_recorded_ones(client_of, name):
    sample, answer = answered(client_of, name)
    expected = {key: value for key, value in sample["headers"].items() if key not in NOT_THE_SERVER_S}
    ours = {key: value for key, value in answer.headers.items() if key not in {"date", "etag", "set-cookie", "vary"}}
    assert (answer.status_code, ours) == (sample["status"], expected)


@pytest.mark.parametrize("name", [name for name in NAMES if "system_info" not in name and "authorities" not in name])
def test_bodies_are_the_recorded_ones(client_of, name):
    sample, answer = answered(client_of, name)
    assert answer.json() == sample["body"]


@pytest.mark.parametrize("name", [name for name in NAMES if "authorities" in name])
def test_the_user_is_the_recorded_one_but_for_what_they_chose_in_between(client_of, name):
    sample, answer = answered(client_of, name)
    ours, theirs = answer.json(), sample["body"]
    assert list(ours["settings"]) == list(recorded("v40.api_40_me_authorities-")["body"]["settings"])
    assert ours["settings"].pop("keyAnalysisDisplayProperty") == "name"
    theirs["settings"].pop("keyAnalysisDisplayProperty")
    assert ours == theirs


@pytest.mark.parametrize("name", [name for name in NAMES if "system_info" in name])
def test_system_info_has_the_recorded_keys_in_their_order_and_with_their_types(client_of, name):
    sample, answer = answered(client_of, name)
    ours, theirs = answer.json(), sample["body"]
    assert set(ours) == set(theirs)
    assert set(ours["databaseInfo"]) == set(theirs["databaseInfo"])
    assert {key: type(value) for key, value in ours.items()} == {key: type(value) for key, value in theirs.items()}
    assert ours["version"].startswith(theirs["version"][:4])
    if name.startswith("v43"):
        assert list(ours) == list(theirs)
