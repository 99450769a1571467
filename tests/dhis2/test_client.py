import copy
import pickle
import threading
from unittest.mock import MagicMock

import httpx
import pytest
from pydantic import SecretStr

from prefect_patterns.dhis2 import DataSet, Dhis2Client, OrganisationUnit, parse_version
from prefect_patterns.errors import AuthenticationFailed, ConfigError, UnexpectedAnswer, UsageError

ORG_UNIT = {"id": "ImspTQPwCqd", "name": "Sierra Leone", "level": 1, "parent": None, "surprise": {"x": 1}}


@pytest.mark.parametrize(
    "base_url",
    [
        "http://dhis2.test/dev",
        "http://dhis2.test/dev/",
        "http://dhis2.test/dev/api",
        "http://dhis2.test/dev/api/",
        "http://dhis2.test/dev/api/43",
        " http://dhis2.test/dev ",
    ],
)
def test_an_address_is_taken_as_people_write_it(served, base_url):
    server = served({"version": "2.43.1"}, base_url=base_url)
    assert server.client.get_server_info() == {"version": "2.43.1"}
    assert server.paths == ["/dev/api/system/info"]
    assert server.client.base_url == "http://dhis2.test/dev"


@pytest.mark.parametrize("base_url", ["", "dhis2.test", "ftp://dhis2.test", "http://", "http://u:s3cret@dhis2.test"])
def test_a_wrong_address_is_a_configuration_error_at_once(base_url):
    with pytest.raises(ConfigError) as caught:
        Dhis2Client(base_url, "admin", "s3cret")
    assert "s3cret" not in str(caught.value)


def test_numbers_that_cannot_be_are_refused_all_at_once():
    with pytest.raises(UsageError) as caught:
        Dhis2Client("http://dhis2.test", "a", "b", max_workers=0, page_size=0, timeout=0, connect_timeout=float("nan"))
    assert all(name in str(caught.value) for name in ("max_workers", "page_size", "timeout is", "connect_timeout"))


def test_the_password_is_sent_and_never_shown(served):
    server = served({"username": "admin"})
    assert server.client.me()["username"] == "admin"
    assert server.requests[0].headers["Authorization"] == "Basic YWRtaW46czNjcmV0"
    client = server.client
    for shown in (repr(client), str(client), repr(vars(client)), repr(vars(client._connection))):
        assert "s3cret" not in shown


def test_nothing_is_opened_before_the_first_request():
    client = Dhis2Client("http://127.0.0.1:9", "admin", SecretStr("s3cret"))
    assert client._connection._client is None
    client.close()


@pytest.mark.parametrize("copied", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy])
def test_a_used_client_pickles_and_copies_without_its_connection(copied):
    client = Dhis2Client("http://127.0.0.1:9/dev", "admin", "s3cret", timeout=7, page_size=9)
    client._connection._open()
    twin = copied(client)
    assert twin._connection._client is None
    assert repr(twin) == repr(client)
    assert twin._connection.server.identity.password.get_secret_value() == "s3cret"
    assert (twin._connection._settings["timeout"], twin._page_size) == (7, 9)
    client.close()


def test_a_closed_client_opens_again(served):
    server = served({"version": "2.43"})
    with server.client as client:
        client.get_server_info()
    assert server.client._connection._client is None


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("2.43.1", (2, 43, 1)),
        ("2.43-SNAPSHOT", (2, 43)),
        ("2.41.8.1", (2, 41, 8, 1)),
        ("43", (43,)),
        ("v2.40.x", (2, 40)),
        ("", ()),
        ("dev", ()),
    ],
)
def test_versions_are_read_leniently(text, version):
    assert parse_version(text) == version


def test_the_version_is_asked_once(served):
    server = served({"version": "2.43-SNAPSHOT", "revision": "abc"})
    assert server.client.version == (2, 43)
    assert server.client.version == server.client.version
    assert len(server.requests) == 1


def test_threads_share_one_session(served):
    """Every request before the first answer would open a session of its own on the server."""

    def handler(request):
        new = "JSESSIONID" not in request.headers.get("Cookie", "")
        if len(server.requests) == 1:
            for thread in others:  # they come while the first request is under way
                thread.start()
            others[-1].join(timeout=0.05)
        return httpx.Response(200, json={}, headers={"Set-Cookie": "JSESSIONID=abc; Path=/"} if new else {})

    server = served(handler)
    others = [threading.Thread(target=server.client.me) for _ in range(7)]
    server.client.me()
    for thread in others:
        thread.join()
    assert sum("Cookie" not in request.headers for request in server.requests) == 1
    assert len(server.requests) == 8


@pytest.mark.parametrize("max_workers", [1, 4])
def test_a_session_that_ends_while_pages_are_read_is_renewed_once(served, max_workers):
    sessions, lock = [], threading.Lock()

    def handler(request):
        page, cookie = int(request.url.params["page"]), request.headers.get("Cookie")
        if cookie == "JSESSIONID=s1" and page > 3:
            return httpx.Response(302, headers={"Location": "/login/"})
        headers = {}
        with lock:
            if cookie is None:
                sessions.append(page)
                headers["Set-Cookie"] = f"JSESSIONID=s{len(sessions)}; Path=/"
        pager = {"page": page, "pageCount": 9, "total": 9, "pageSize": 1}
        return httpx.Response(200, json={"pager": pager, "things": [{"id": f"u{page}"}]}, headers=headers)

    rows = served(handler, page_size=1, max_workers=max_workers).client.fetch_metadata("things")
    assert [row["id"] for row in rows] == [f"u{page}" for page in range(1, 10)]
    assert len(sessions) == 2


def test_a_login_page_with_a_new_session_too_is_an_error(served):
    def handler(request):
        login = len(server.requests) > 1
        return httpx.Response(
            302 if login else 200, json={}, headers={"Location": "/login/", "Set-Cookie": "JSESSIONID=a"}
        )

    server = served(handler)
    server.client.me()
    with pytest.raises(AuthenticationFailed, match="login page"):
        server.client.me()
    assert ["Cookie" in request.headers for request in server.requests] == [False, True, False]


def test_models_ask_for_what_they_hold_and_ignore_the_rest(served):
    server = served({"pager": {"page": 1, "pageCount": 1}, "organisationUnits": [ORG_UNIT]})
    (unit,) = server.client.iter_models(OrganisationUnit, filters=["level:eq:1"])
    assert (unit.name, unit.level, unit.parent, unit.opening_date) == ("Sierra Leone", 1, None, None)
    query = server.requests[0].url.params
    assert "parent[id]" in query["fields"]
    assert query["filter"] == "level:eq:1"
    with pytest.raises(ValueError, match="frozen"):
        unit.name = "x"


def test_a_recorded_object_fits_its_model(recorded):
    units = [OrganisationUnit.model_validate(row) for row in recorded("v43.ou_218.json")["body"]["children"]]
    assert {unit.level for unit in units} == {4}


def test_an_object_that_does_not_fit_its_model_is_named(served):
    server = served({"dataSets": [{"id": "abc", "organisationUnits": [{"noId": 1}]}]})
    with pytest.raises(UnexpectedAnswer, match=r"'abc' with unexpected organisationUnits.0.id"):
        list(server.client.iter_models(DataSet))


@pytest.mark.parametrize("path", ["", "../../etc", "a?b=c", "http://other.test/x", "a//b", "a b", "a#b"])
def test_only_paths_below_the_api_are_asked(served, path):
    server = served({})
    with pytest.raises(UsageError):
        server.client.fetch_metadata(path)
    assert server.requests == []


def test_a_mock_of_the_client_can_be_iterated_everywhere():
    client = MagicMock(spec=Dhis2Client)
    assert list(client.iter_data_values()) == list(client.iter_analytics()) == list(client.iter_features()) == []
    assert list(client.iter_metadata()) == list(client.iter_models()) == []


def test_features_of_several_levels_below_a_parent(served):
    feature = {"type": "Feature", "id": "O6uvpzGd5pu", "geometry": None, "properties": {"level": "2"}}
    server = served({"type": "FeatureCollection", "features": [feature]})
    assert list(server.client.iter_features([2, 3], parent="ImspTQPwCqd")) == [feature]
    query = server.requests[0].url.params
    assert (query.get_list("level"), query["parent"]) == (["2", "3"], "ImspTQPwCqd")


@pytest.mark.parametrize("body", [{}, [], {"features": None}, {"features": [1]}])
def test_what_is_no_geojson_is_an_unexpected_answer(served, body):
    with pytest.raises(UnexpectedAnswer, match="GeoJSON"):
        list(served(body).client.iter_features(2))


def test_a_server_is_not_waited_for_long_before_it_has_said_who_it_is(served):
    server = served({"version": "2.43.1", "headers": [], "rows": [], "dataValues": []}, timeout=60)
    server.client.get_server_info()
    server.client.me()
    server.client.analytics(dx="a", ou="b", pe="2025")
    list(server.client.iter_data_values(data_sets="a", periods="2025", org_units="b"))
    patience = [request.extensions["timeout"] for request in server.requests]
    assert [each["read"] for each in patience] == [20, 20, 60, 60]
    assert {each["connect"] for each in patience} == {5}


def test_a_forked_process_opens_a_connection_of_its_own(served, monkeypatch):
    server = served({})
    server.client.me()
    before = server.client._connection._client
    server.client.me()
    assert server.client._connection._client is before
    monkeypatch.setattr("os.getpid", lambda: -1)
    server.client.me()
    assert server.client._connection._client is not before
    before.close()
