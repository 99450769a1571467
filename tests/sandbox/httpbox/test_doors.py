"""API key, Basic and bearer: who is let in, and what the others are told."""

import pytest

from prefect_patterns.sandbox.httpbox import DEMO


def test_an_api_key_goes_by_header_or_query(client):
    header = client.get("/protected/api-key", headers={"X-API-Key": DEMO.api_key})
    query = client.get("/protected/api-key", params={"api_key": DEMO.api_key})
    assert [header.json()["in"], query.json()["in"]] == ["header", "query"]
    assert DEMO.api_key not in header.text + query.text


def test_two_keys_are_one_too_many(client):
    answer = client.get("/protected/api-key?api_key=a", headers={"X-API-Key": DEMO.api_key})
    assert answer.status_code == 400


def test_basic_lets_the_user_in(client):
    answer = client.get("/protected/basic", auth=(DEMO.username, DEMO.password))
    assert answer.json() == {"method": "basic", "subject": DEMO.username}


def test_a_static_token_lets_its_holder_in(client):
    answer = client.get("/protected/bearer", headers={"Authorization": f"BEARER {DEMO.bearer_token}"})
    assert answer.json()["method"] == "bearer"
    assert DEMO.bearer_token not in answer.text


@pytest.mark.parametrize(
    ("path", "headers", "status", "challenge"),
    [
        ("api-key", {}, 401, 'ApiKey realm="httpbox"'),
        ("api-key", {"X-API-Key": "wrong"}, 401, 'ApiKey realm="httpbox"'),
        ("basic", {}, 401, 'Basic realm="httpbox", charset="UTF-8"'),
        ("basic", {"Authorization": "Basic x"}, 401, 'Basic realm="httpbox", charset="UTF-8"'),
        ("basic", {"Authorization": "Basic ZGVtbw=="}, 401, 'Basic realm="httpbox", charset="UTF-8"'),
        ("basic", {"Authorization": "Basic /w=="}, 401, 'Basic realm="httpbox", charset="UTF-8"'),
        ("bearer", {}, 401, 'Bearer realm="httpbox"'),
        ("bearer", {"Authorization": "Basic x"}, 401, 'Bearer realm="httpbox"'),
        ("bearer", {"Authorization": "Bearer"}, 400, 'Bearer realm="httpbox", error="invalid_request"'),
        ("bearer", {"Authorization": "Bearer a b"}, 400, 'Bearer realm="httpbox", error="invalid_request"'),
        ("bearer", {"Authorization": "Bearer wrong"}, 401, 'Bearer realm="httpbox", error="invalid_token"'),
        ("oauth2", {}, 401, 'Bearer realm="httpbox"'),
        ("oauth2", {"Authorization": "Bearer wrong"}, 401, 'Bearer realm="httpbox", error="invalid_token"'),
    ],
)
def test_who_is_not_let_in_is_told_what_opens_the_door(client, path, headers, status, challenge):
    answer = client.get(f"/protected/{path}", headers=headers)
    assert answer.status_code == status
    assert answer.headers["www-authenticate"].startswith(challenge)
    assert ("error=" in answer.headers["www-authenticate"]) == ("error=" in challenge)
    assert answer.headers["cache-control"] == "no-store"


def test_a_header_in_latin_1_is_a_wrong_secret_and_no_crash(client):
    assert client.get("/protected/api-key", headers={"X-API-Key": "clé".encode("latin-1")}).status_code == 401
