"""Who gets in, and what everybody else is told, in each release."""

import base64

import pytest

from prefect_patterns.sandbox.dhis2.release import RELEASES
from prefect_patterns.sandbox.dhis2.users import TOKENS, api_token, checksum_is_right

UNAUTHORIZED = {"httpStatus": "Unauthorized", "httpStatusCode": 401, "status": "ERROR", "message": "Unauthorized"}
LOGIN = {
    "40": "/dhis-web-commons/security/login.action",
    "41": "/dhis-web-login",
    "42": "/dhis-web-login",
    "43": "/login/",
}
every_release = pytest.mark.parametrize("version", list(RELEASES))


@pytest.fixture
def with_token(anonymous):
    def get(token: str, *, method: str = "GET", **headers: str):
        return anonymous.request(method, "/api/me?fields=username", headers={"Authorization": token, **headers})

    return get


@every_release
def test_without_credentials_each_release_redirects_to_its_login_page(anonymous_of, version):
    client = anonymous_of(version)
    answer = client.get("/api/organisationUnits?fields=id")
    assert (answer.status_code, answer.text) == (302, "")
    assert answer.headers["location"] == "http://127.0.0.1:8043" + LOGIN[version]
    page = client.get(answer.headers["location"])
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html;charset=utf-8")
    assert page.text.startswith("<!DOCTYPE html>")


@every_release
def test_a_script_without_credentials_is_told_401(anonymous_of, version):
    answer = anonymous_of(version).get("/api/me", headers={"X-Requested-With": "XMLHttpRequest"})
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)


@every_release
@pytest.mark.parametrize(
    "header",
    [
        "Basic " + base64.b64encode(b"admin:wrong").decode(),
        "Basic " + base64.b64encode(b"nobody:district").decode(),
        "Basic " + base64.b64encode(b"admin").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Basic not-base64",
        "Basic \xa0".encode("latin-1"),
        "Basic",
    ],
)
def test_wrong_credentials_get_the_401_body(anonymous_of, version, header):
    answer = anonymous_of(version).get("/api/me", headers={"Authorization": header})
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)
    assert list(answer.json()) == list(UNAUTHORIZED)
    assert answer.headers["content-type"] == RELEASES[version].json_type


def test_wrong_credentials_get_xml_when_they_accept_it(anonymous):
    answer = anonymous.get("/api/me", auth=("admin", "wrong"), headers={"Accept": "application/xml"})
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/xml;charset=UTF-8")
    assert 'httpStatusCode="401" status="ERROR"><message>Unauthorized</message>' in answer.text


@pytest.mark.parametrize(("name", "message"), [("locked", "Account locked"), ("disabled", "Account disabled")])
@pytest.mark.parametrize("password", ["district", "wrong"])
def test_an_account_that_is_closed_says_why(anonymous, name, message, password):
    answer = anonymous.get("/api/me", auth=(name, password))
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED | {"message": message})


def test_basic_starts_a_session_that_is_enough_afterwards(anonymous):
    first = anonymous.get("/api/me", auth=("guest", "district"))
    assert first.status_code == 200
    assert "JSESSIONID" in first.cookies
    second = anonymous.get("/api/me?fields=username")
    assert second.json() == {"username": "guest"}
    assert "set-cookie" not in second.headers


def test_another_user_in_a_session_starts_one_of_their_own(anonymous):
    anonymous.get("/api/me", auth=("guest", "district"))
    other = anonymous.get("/api/me?fields=username", auth=("admin", "district"))
    assert (other.json(), "JSESSIONID" in other.cookies) == ({"username": "admin"}, True)


def test_wrong_credentials_count_more_than_a_session(anonymous):
    anonymous.get("/api/me", auth=("admin", "district"))
    assert anonymous.get("/api/me", auth=("admin", "wrong")).status_code == 401


def test_a_user_has_ten_sessions_at_most_and_the_oldest_ends(anonymous):
    def cookie(name):
        anonymous.cookies.clear()
        return anonymous.get("/api/me", auth=(name, "district")).cookies["JSESSIONID"]

    def status(session):
        anonymous.cookies.clear()
        return anonymous.get("/api/me", headers={"Cookie": f"JSESSIONID={session}"}).status_code

    other = cookie("guest")
    sessions = [cookie("admin") for _ in range(11)]
    assert [status(session) for session in (sessions[0], sessions[1], sessions[-1], other)] == [302, 200, 200, 200]


def test_an_unknown_session_counts_for_nothing(anonymous):
    assert anonymous.get("/api/me", headers={"Cookie": "JSESSIONID=" + "0" * 32}).status_code == 302


@pytest.mark.parametrize(
    ("name", "username"), [("admin", "admin"), ("admin_v2", "admin"), ("guest", "guest"), ("get_only", "admin")]
)
@pytest.mark.parametrize("scheme", ["ApiToken", "apitoken"])
def test_an_api_token_lets_its_owner_in_and_starts_no_session(with_token, name, username, scheme):
    answer = with_token(f"{scheme} {TOKENS[name]}")
    assert (answer.status_code, answer.json()) == (200, {"username": username})
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("token", "status", "message"),
    [
        (TOKENS["malformed"], 400, "Api token is malformed"),
        ("", 400, "Api token is malformed"),
        ("two words", 400, "Api token is malformed"),
        ("nothing_" + TOKENS["admin"], 400, "Api token is malformed"),
        (TOKENS["admin"] + "0", 400, "Api token is malformed"),
        (TOKENS["wrong_checksum"], 400, "Checksum validation failed"),
        (TOKENS["admin"].replace("Sandbox", "sandbox"), 400, "Checksum validation failed"),
        (TOKENS["admin_v2"].replace("Sandbox", "sandbox"), 400, "Checksum validation failed"),
        (TOKENS["unknown"], 401, "The API token does not exists"),
        (TOKENS["expired"], 401, "Failed to authenticate API token, token has expired."),
        (TOKENS["disabled"], 401, "The API token is disabled, locked or 2FA is enabled."),
        (TOKENS["post_only"], 401, "Failed to authenticate API token, request http method is not allowed."),
        (TOKENS["other_address"], 401, "Failed to authenticate API token, request ip address is not allowed."),
        (TOKENS["referrer"], 401, "Failed to authenticate API token, request http referrer is missing or not allowed."),
    ],
)
def test_an_api_token_that_is_no_good_is_told_why(with_token, token, status, message):
    answer = with_token(f"ApiToken {token}")
    assert (answer.status_code, answer.json()["message"]) == (status, message)
    assert answer.json()["httpStatusCode"] == status
    assert answer.headers["www-authenticate"] == "ApiToken"


def test_an_api_token_for_another_method_lets_that_method_in(with_token):
    answer = with_token(f"ApiToken {TOKENS['post_only']}", method="POST")
    assert answer.status_code not in (400, 401)


def test_an_api_token_for_another_address_goes_by_what_the_proxy_forwards(with_token):
    assert with_token(f"ApiToken {TOKENS['other_address']}", **{"X-Forwarded-For": "192.0.2.1"}).status_code == 200


def test_an_api_token_for_a_referrer_wants_it(with_token):
    assert with_token(f"ApiToken {TOKENS['referrer']}", Referer="https://example.org").status_code == 200


def test_a_token_that_is_no_good_counts_more_than_a_session(anonymous, with_token):
    anonymous.get("/api/me", auth=("admin", "district"))
    assert with_token(f"ApiToken {TOKENS['unknown']}").status_code == 401


def test_bearer_is_not_the_scheme_of_api_tokens(with_token):
    assert with_token(f"Bearer {TOKENS['admin']}").status_code == 302


# The first is in the README of DHIS2's RapidPro connector, the second in a test of DHIS2's own.
@pytest.mark.parametrize(
    "token",
    ["d2pat_apheulkR1x7ac8vr9vcxrFkXlgeRiFc94200032556", "d2p_lyt5j9WqXaVzJsUhvGJ1w0Ea5GL4jkszazPSWo5HWLFC1QnPCi"],
)
def test_checksums_of_published_tokens_are_right(token):
    assert checksum_is_right(token) is True
    code = token.partition("_")[2][: 32 if token.startswith("d2pat") else 44]
    assert api_token(code) == token
    assert checksum_is_right(token[:10] + ("a" if token[10] != "a" else "b") + token[11:]) is False


@every_release
def test_ping_needs_no_credentials(anonymous_of, version):
    answer = anonymous_of(version).get("/api/ping")
    assert (answer.status_code, answer.text) == (200, "pong")


def test_the_other_ping_needs_credentials(anonymous):
    assert anonymous.get("/api/system/ping").status_code == 302
    assert anonymous.get("/api/system/ping", auth=("guest", "district")).text == "pong"


@every_release
def test_version_prefixes_go_up_to_the_server_s_own_number(client_of, version):
    client = client_of(version)
    for number in (28, 30, int(version)):
        assert client.get(f"/api/{number}/me").status_code == 200
    for number in (1, 27, int(version) + 1, 333):
        answer = client.get(f"/api/{number}/me")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html;charset=utf-8")


@every_release
@pytest.mark.parametrize("path", ["/api/notThere", "/api/a/b/c/d", "/nothing", "/api/me/", "/api/43/43/me"])
def test_paths_that_nothing_serves_get_a_page_not_json(client_of, version, path):
    answer = client_of(version).get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html;charset=utf-8")


@every_release
def test_methods_that_a_path_has_not_get_an_envelope(client_of, version):
    answer = client_of(version).post("/api/system/info", json={})
    verb = "not" if version in ("40", "41") else "is not"
    assert answer.json() == {
        "httpStatus": "Method Not Allowed",
        "httpStatusCode": 405,
        "status": "ERROR",
        "message": f"Request method 'POST' {verb} supported",
    }
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/dataValueSets"),
        ("POST", "/api/dataElements"),
        ("PATCH", "/api/dataElements/fbfJHSPpUQD"),
        ("PUT", "/api/43/organisationUnits/ImspTQPwCqd"),
        ("DELETE", "/api/organisationUnits/ImspTQPwCqd"),
        ("POST", "/api/systemSettings/applicationTitle"),
    ],
)
def test_what_a_real_server_would_write_is_said_not_to_be_imitated(client, method, path):
    kind = "application/json-patch+json" if method == "PATCH" else "application/json"
    answer = client.request(method, path, content=b"[]", headers={"Content-Type": kind})
    assert answer.status_code == 501
    assert f"{method} {path.replace('/43', '')}" in answer.json()["message"]


@every_release
@pytest.mark.parametrize(("method", "kind"), [("POST", "image/png"), ("PATCH", "application/json")])
def test_a_body_of_a_type_that_the_server_does_not_read_gets_an_envelope(client_of, version, method, kind):
    path = "/api/dataElements/fbfJHSPpUQD" if method == "PATCH" else "/api/dataElements"
    answer = client_of(version).request(method, path, content=b"{}", headers={"Content-Type": kind})
    old = version in ("40", "41")
    assert answer.json() == {
        "httpStatus": "Unsupported Media Type",
        "httpStatusCode": 415,
        "status": "ERROR",
        "message": f"Content type '{kind}' not supported" if old else f"Content-Type '{kind}' is not supported",
    }
