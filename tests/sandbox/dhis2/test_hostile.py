"""Whatever is asked at the door and about the system, the answer is one that the server means."""

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from prefect_patterns.sandbox.dhis2.app import serve_app
from prefect_patterns.sandbox.dhis2.users import TOKENS

LATIN_1 = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_categories=["Cc"]), max_size=40)
TEXT = st.text(max_size=30)
PATHS = st.sampled_from(
    ["/api/me", "/api/me/", "/api/system/info", "/api/systemSettings/", "/api/staticContent/", "/api/", "/api/4", "/"]
)
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])


@pytest.fixture(scope="module")
def visitor(app):
    return TestClient(
        serve_app(app), base_url="http://127.0.0.1", follow_redirects=False, raise_server_exceptions=False
    )


@settings(max_examples=60)
@given(scheme=st.sampled_from(["Basic", "ApiToken", "apitoken", "Bearer", ""]), rest=LATIN_1)
def test_no_authorization_breaks_the_door(visitor, scheme, rest):
    visitor.cookies.clear()
    answer = visitor.get("/api/me", headers=[(b"authorization", f"{scheme} {rest}".encode("latin-1"))])
    assert answer.status_code in (302, 400, 401)


@settings(max_examples=60)
@given(start=PATHS, rest=TEXT, method=METHODS, accept=LATIN_1, fields=TEXT)
def test_no_path_method_accept_or_fields_breaks_the_server(visitor, start, rest, method, accept, fields):
    headers = [
        (b"accept", accept.encode("latin-1")),
        (b"authorization", f"ApiToken {TOKENS['admin']}".encode()),
        (b"if-none-match", accept.encode("latin-1")),
        (b"accept-encoding", accept.encode("latin-1")),
    ]
    path = f"{start}{quote(rest, safe='/')}?fields={quote(fields)}&key={quote(fields)}"
    answer = visitor.request(method, path, headers=headers)
    assert answer.status_code < 500 or answer.status_code == 501
