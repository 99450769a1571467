"""Three ways to page through one collection give the same items."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefect_patterns.sandbox.httpbox.paging import TOTAL

WHOLE = {"suppress_health_check": [HealthCheck.function_scoped_fixture], "max_examples": 8, "deadline": None}


def by_number(client, size):
    items, page = [], 1
    while True:
        body = client.get(f"/pages/number?page={page}&size={size}").json()
        items += body["items"]
        page += 1
        if page > body["pages"]:
            return items


def by_link(client, size):
    items, address = [], f"/pages/link?limit={size}"
    while address:
        answer = client.get(address)
        items += answer.json()
        following = re.search(r'<([^>]+)>; rel="next"', answer.headers["link"])
        address = following and following[1]
    return items


def by_cursor(client, size):
    items, cursor = [], {}
    while True:
        body = client.get("/pages/cursor", params={"limit": size, **cursor}).json()
        items += body["items"]
        if body["next"] is None:
            return items
        cursor = {"cursor": body["next"]}


@pytest.mark.parametrize("walk", [by_number, by_link, by_cursor])
@settings(**WHOLE)
@given(size=st.integers(20, 100))
def test_every_way_and_every_size_gives_all_items_once_in_order(client, walk, size):
    assert [item["id"] for item in walk(client, size)] == list(range(1, TOTAL + 1))


def test_the_items_are_the_same_for_the_same_seed():
    from prefect_patterns.sandbox.httpbox.paging import Items

    assert Items(1)._items == Items(1)._items != Items(2)._items


def test_a_page_beyond_the_last_is_empty(client):
    assert client.get("/pages/number?page=99").json()["items"] == []
    beyond = client.get("/pages/link?offset=9999&limit=10")
    assert beyond.json() == []
    assert 'rel="next"' not in beyond.headers["link"]
    assert 'offset=227&limit=10>; rel="prev"' in beyond.headers["link"]


def test_links_lead_to_this_server(client):
    links = client.get("/pages/link?offset=20").headers["link"]
    assert re.findall(r'<http://127\.0\.0\.1:8044/pages/link\?offset=(\d+)&limit=20>; rel="(\w+)"', links) == [
        ("0", "first"),
        ("220", "last"),
        ("40", "next"),
        ("0", "prev"),
    ]


@pytest.mark.parametrize(
    ("address", "parameter"),
    [
        ("number?page=0", "page"),
        ("number?page=x", "page"),
        ("number?size=0", "size"),
        ("number?size=101", "size"),
        ("number?page=1&page=2", "page"),
        ("number?page=" + "9" * 5000, "page"),
        ("number?page=٣", "page"),
        ("link?offset=-1", "offset"),
        ("link?limit=1.5", "limit"),
        ("cursor?limit=", "limit"),
        ("cursor?cursor=", "cursor"),
        ("cursor?cursor=MjA", "cursor"),
        ("cursor?cursor=%C3%A9", "cursor"),
    ],
)
def test_a_bad_parameter_is_a_problem_that_names_it(client, address, parameter):
    answer = client.get(f"/pages/{address}")
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert answer.json()["errors"][0]["parameter"] == parameter


def test_a_cursor_cannot_be_made_up(client):
    cursor = client.get("/pages/cursor").json()["next"]
    changed = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    assert client.get("/pages/cursor", params={"cursor": changed}).status_code == 400
    assert client.get("/pages/cursor", params=[("cursor", cursor), ("cursor", cursor)]).status_code == 400
