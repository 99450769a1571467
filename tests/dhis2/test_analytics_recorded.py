"""Answers of a real server, read whole, whatever their dimensions."""

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

FILES = sorted((Path(__file__).parents[1] / "data" / "dhis2").glob("analytics.2.36.*.json"))


def asked(path):
    """Return the query of a recorded path as the client takes it."""
    query = parse_qs(urlsplit(path).query)
    columns = {name: items.split(";") for name, _, items in (text.partition(":") for text in query["dimension"])}
    own = {name: columns.pop(name) for name in ("dx", "ou", "pe") if name in columns}
    return {**own, "dimensions": columns, "filters": query.get("filter", [])}


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def exchange(request):
    return json.loads(request.param.read_text())


def test_the_recorded_answers_are_there():
    assert len(FILES) == 9


def test_every_row_is_read_with_its_dimensions_and_its_number(served, exchange):
    answer = exchange["response"]
    frame = served(answer).client.analytics(**asked(exchange["path"]))
    columns = [header["name"] for header in answer["headers"]]
    found = {tuple(row) for row in frame.select(columns).iter_rows()} if columns else set()
    assert frame.height == len(answer["rows"])
    assert found == {(*row[:-1], float(row[-1])) for row in answer["rows"]}


def test_the_client_asks_as_the_recorded_client_did(served, exchange):
    server = served(exchange["response"])
    server.client.analytics(**asked(exchange["path"]))
    theirs = parse_qs(urlsplit(exchange["path"]).query)
    ours = server.requests[0].url.params
    assert sorted(ours.get_list("dimension")) == sorted(theirs["dimension"])
    assert ours.get_list("filter") == theirs["filter"]


def test_the_recorded_metadata_name_every_item(served, exchange):
    answer = exchange["response"]
    grid = served(answer).client.analytics_grid(**asked(exchange["path"]))
    items = answer["metaData"].get("items", {})
    assert grid.names == {uid: item["name"] for uid, item in items.items() if "name" in item}
    assert grid.dropped == {}
