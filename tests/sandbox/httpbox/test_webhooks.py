"""The inbox takes what is signed as Standard Webhooks says, and takes it once."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from prefect_patterns.sandbox.httpbox import DEMO

PAYLOAD = {"type": "order.paid", "data": {"id": 7}}


def signed(payload=PAYLOAD, *, message="msg_1", secret=DEMO.webhook_secret, minutes=0, body=None):
    """Return the body and the headers that a sender makes, by the standard's own words and not by the library."""
    content = json.dumps(payload) if body is None else body
    moment = str(int((datetime.now(UTC) + timedelta(minutes=minutes)).timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message}.{moment}.{content}".encode(), hashlib.sha256).digest()
    signature = f"v1,{base64.b64encode(digest).decode()}"
    headers = {"webhook-id": message, "webhook-timestamp": moment, "webhook-signature": signature}
    return {"content": content, "headers": headers}


def test_what_is_signed_arrives(client):
    assert client.post("/webhooks/inbox", **signed()).status_code == 204
    found = client.get("/webhooks/inbox").json()
    assert found["total"] == 1
    assert (found["messages"][0]["id"], found["messages"][0]["payload"]) == ("msg_1", PAYLOAD)


def test_the_senders_library_signs_the_same(client):
    ours = signed()
    moment = datetime.fromtimestamp(int(ours["headers"]["webhook-timestamp"]), UTC)
    theirs = Webhook(DEMO.webhook_secret).sign("msg_1", moment, ours["content"])
    assert theirs == ours["headers"]["webhook-signature"]


def test_one_of_several_signatures_is_enough(client):
    request = signed()
    request["headers"]["webhook-signature"] = f"v1,{'A' * 43}= {request['headers']['webhook-signature']}"
    assert client.post("/webhooks/inbox", **request).status_code == 204


def test_a_message_that_comes_again_is_known_by_its_id(client):
    client.post("/webhooks/inbox", **signed())
    again = client.post("/webhooks/inbox", **signed({"other": "payload"}))
    assert (again.status_code, again.json()) == (200, {"id": "msg_1", "duplicate": True})
    found = client.get("/webhooks/inbox").json()["messages"]
    assert [(each["payload"], each["deliveries"]) for each in found] == [(PAYLOAD, 2)]


@pytest.mark.parametrize(
    ("wrong", "status", "reason"),
    [
        ({"secret": "whsec_b3RoZXI="}, 401, "No matching signature found"),
        ({"minutes": -6}, 401, "too old"),
        ({"minutes": 6}, 401, "too new"),
        ({"body": "no JSON"}, 400, "not JSON"),
        ({"body": "NaN"}, 400, "not JSON"),
    ],
)
def test_what_cannot_be_trusted_or_read_is_refused_with_the_reason(client, wrong, status, reason):
    answer = client.post("/webhooks/inbox", **signed(**wrong))
    assert answer.status_code == status
    assert reason in answer.json()["detail"]
    assert client.get("/webhooks/inbox").json()["total"] == 0


def test_a_body_that_was_changed_is_refused(client):
    assert client.post("/webhooks/inbox", **(signed() | {"content": "{}"})).status_code == 401


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_is_missing_is_named(client, missing):
    request = signed()
    del request["headers"][missing]
    answer = client.post("/webhooks/inbox", **request)
    assert answer.status_code == 400
    assert missing in answer.json()["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": "nonsense"},
        {"webhook-signature": "v1,a"},
        {"webhook-signature": "v1,a,b"},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "1e400"},
        {"webhook-signature": "v2,AAAA"},
    ],
)
def test_a_header_that_is_written_wrongly_is_refused(client, change):
    request = signed()
    request["headers"] |= change
    assert client.post("/webhooks/inbox", **request).status_code in (400, 401)


def test_a_body_that_is_no_text_is_refused(client):
    assert client.post("/webhooks/inbox", **(signed() | {"content": b"\xff"})).status_code == 400


def test_a_delivery_may_have_to_be_tried_again(client):
    statuses = [client.post("/webhooks/inbox?fail=2", **signed()).status_code for _ in range(4)]
    assert statuses == [503, 503, 204, 200]
    assert client.get("/webhooks/inbox").json()["messages"][0]["tries"] == 3


def test_one_message_can_be_asked_for_and_all_forgotten(client):
    for name in ("msg_1", "msg_2"):
        client.post("/webhooks/inbox", **signed(message=name))
    assert [each["id"] for each in client.get("/webhooks/inbox?id=msg_2").json()["messages"]] == ["msg_2"]
    assert client.delete("/webhooks/inbox").status_code == 204
    assert client.get("/webhooks/inbox").json()["total"] == 0
