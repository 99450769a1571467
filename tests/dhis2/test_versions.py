"""What differs between 2.40 and 2.43, read by one client."""

import threading

import httpx
import polars as pl
import pytest

from prefect_patterns.errors import QueryRefused, RemoteUnavailable


def test_many_threads_ask_for_the_version_once(served):
    server = served(lambda _: httpx.Response(200, json={"version": "2.42.4"}))
    versions = []
    threads = [threading.Thread(target=lambda: versions.append(server.client.version)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert versions == [(2, 42, 4)] * 12
    assert len(server.requests) == 1


def test_a_version_that_could_not_be_asked_is_asked_again(served):
    answers = [httpx.Response(500), httpx.Response(200, json={"version": "2.40.1-SNAPSHOT"})]
    server = served(lambda _: answers.pop(0))
    with pytest.raises(RemoteUnavailable):
        _ = server.client.version
    assert server.client.version == (2, 40, 1)


@pytest.mark.parametrize(("operator", "since"), [("!empty", "2.42"), ("ieq", "2.41"), ("nonsense", None)])
def test_a_refused_operator_says_which_version_has_it(served, operator, since):
    body = {
        "httpStatusCode": 400,
        "status": "ERROR",
        "message": f"`{operator}` is not a valid operator.",
        "errorCode": "E1003",
    }
    with pytest.raises(QueryRefused) as caught:
        served(httpx.Response(400, json=body)).client.fetch_metadata("dataSets", filters=[f"code:{operator}:x"])
    expected = f"the operator `{operator}` needs DHIS2 {since} or later" if since else "correct the request"
    assert caught.value.hint == expected


OLD = {
    "dataValues": [
        {
            "dataElement": "f7n9E0hX8qk",
            "period": "202603",
            "orgUnit": "DiszpKrYNg8",
            "categoryOptionCombo": "HllvX50cXC0",
            "attributeOptionCombo": "HllvX50cXC0",
            "value": "7",
            "storedBy": "",
            "created": "2026-04-02T00:00:00.000+0000",
            "lastUpdated": "2026-04-02T00:00:00.000+0000",
            "comment": "",
            "followup": False,
        }
    ]
}
NEW = {
    "dataSet": "BfMAe6Itzgt",
    "period": "202603",
    "orgUnit": "DiszpKrYNg8",
    "attributeOptionCombo": "HllvX50cXC0",
    "dataValues": [
        {
            "dataElement": "f7n9E0hX8qk",
            "categoryOptionCombo": "HllvX50cXC0",
            "value": "7",
            "created": "2026-04-02T00:00:00.000+0000",
            "lastUpdated": "2026-04-02T00:00:00.000+0000",
            "followup": False,
        }
    ],
}


@pytest.mark.parametrize("version", ["2.40.1", "2.43.1"])
@pytest.mark.parametrize("body", [OLD, NEW], ids=["a body of 2.40", "a body of 2.43"])
def test_the_body_of_one_version_is_read_right_whatever_version_the_server_says(served, version, body):
    """A proxy, a cache or an upgrade in between: the body tells what it is, not the version."""

    def handler(request):
        return httpx.Response(200, json={"version": version} if request.url.path.endswith("info") else body)

    server = served(handler)
    assert server.client.version[:2] == tuple(map(int, version.split(".")[:2]))
    query = {"data_sets": ["BfMAe6Itzgt"], "periods": ["202603"], "org_units": ["DiszpKrYNg8"], "children": False}
    frame = pl.concat(server.client.iter_data_values(**query))
    assert frame.select(
        "data_set", "period", "org_unit", "attribute_option_combo", "value", "comment", "stored_by"
    ).rows() == [("BfMAe6Itzgt", "202603", "DiszpKrYNg8", "HllvX50cXC0", "7", None, None)]


@pytest.mark.parametrize("name", ["v40", "v43"])
def test_what_a_server_says_of_itself_is_read_on_both_ends(served, recorded, name):
    client = served(recorded(f"{name}.api_system_info.json")["body"]).client
    assert client.version[:2] == (2, int(name[1:]))
    assert client.get_server_info()["serverTimeZoneId"]
