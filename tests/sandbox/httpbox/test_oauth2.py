"""Tokens as RFC 6749 gives them, and a resource that answers as RFC 6750 says."""

import pytest

from prefect_patterns.sandbox.httpbox import DEMO

FORM = {"grant_type": "client_credentials", "client_id": DEMO.client_id, "client_secret": DEMO.client_secret}


def form(**changes):
    return {name: value for name, value in (FORM | changes).items() if value is not None}


def bearer(client, **changes):
    token = client.post("/oauth2/token", data=form(**changes)).json()["access_token"]
    return {"authorization": f"Bearer {token}"}


def test_a_client_gets_a_token_that_opens_the_resource(client):
    given = client.post("/oauth2/token", data=FORM)
    assert given.status_code == 200
    assert (given.headers["cache-control"], given.headers["pragma"]) == ("no-store", "no-cache")
    body = given.json()
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "read")
    visit = client.get("/protected/oauth2", headers={"authorization": f"bearer {body['access_token']}"})
    assert visit.status_code == 200
    assert (visit.json()["subject"], visit.json()["uses"]) == (DEMO.client_id, 1)
    assert body["access_token"] not in visit.text


def test_the_client_may_name_itself_by_basic_once_encoded_as_in_a_form(client):
    from urllib.parse import quote_plus

    pair = (DEMO.client_id, quote_plus(DEMO.client_secret))
    assert client.post("/oauth2/token", data={"grant_type": "client_credentials"}, auth=pair).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"client_secret": None}, 401, "invalid_client"),
        ({"client_id": None, "client_secret": None}, 401, "invalid_client"),
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "everything"}, 400, "invalid_scope"),
        ({"scope": "read  write"}, 400, "invalid_scope"),
    ],
)
def test_a_wrong_request_gets_the_error_of_the_standard(client, changes, status, error):
    answer = client.post("/oauth2/token", data=form(**changes))
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == (status == 401)
    assert DEMO.client_secret not in answer.text


@pytest.mark.parametrize(
    "request_",
    [
        {"json": FORM},
        {"content": b"\xff", "headers": {"content-type": "application/x-www-form-urlencoded"}},
        {
            "content": "grant_type=client_credentials&grant_type=client_credentials",
            "headers": {"content-type": "application/x-www-form-urlencoded"},
        },
        {"data": FORM, "auth": (DEMO.client_id, "x")},
    ],
)
def test_a_form_that_cannot_be_is_an_invalid_request(client, request_):
    answer = client.post("/oauth2/token", **request_)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_token_ends(client, clock):
    token = bearer(client)
    clock.advance(3599)
    assert client.get("/protected/oauth2", headers=token).status_code == 200
    clock.advance(1)
    refused = client.get("/protected/oauth2", headers=token)
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


def test_the_life_of_a_token_can_be_asked_for(client, clock):
    given = client.post("/oauth2/token?lifetime=2", data=FORM).json()
    assert given["expires_in"] == 2
    clock.advance(2)
    token = {"authorization": f"Bearer {given['access_token']}"}
    assert client.get("/protected/oauth2", headers=token).status_code == 401


def test_a_token_can_be_taken_back_by_its_client_only(client):
    token = bearer(client)
    value = token["authorization"].removeprefix("Bearer ")
    assert client.post("/oauth2/revoke", data={"token": value}).status_code == 401
    assert client.get("/protected/oauth2", headers=token).status_code == 200
    for _ in range(2):
        assert client.post("/oauth2/revoke", data=form(token=value)).status_code == 200
    assert client.get("/protected/oauth2", headers=token).status_code == 401
    assert client.post("/oauth2/revoke", data=FORM).json()["error"] == "invalid_request"


def test_a_scope_opens_only_what_it_is_for(client):
    token = bearer(client, scope="read")
    refused = client.post("/protected/oauth2", headers=token)
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert 'scope="write"' in refused.headers["www-authenticate"]
    assert client.post("/protected/oauth2", headers=bearer(client, scope="read write")).status_code == 200


def test_the_resource_tells_tokens_apart_without_showing_them(client):
    names = {client.get("/protected/oauth2", headers=bearer(client)).json()["token"] for _ in range(3)}
    assert len(names) == 3
