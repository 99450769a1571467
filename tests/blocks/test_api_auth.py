import base64
import pickle
import uuid

import httpx
import pytest
from prefect.client.orchestration import get_client
from pydantic import SecretStr

from prefect_patterns.blocks import ApiAuthConfig, AuthHeader, build_auth_header
from prefect_patterns.errors import ConfigError

URL = "https://api.test/v1"
TOKENS = {"token_url": "https://id.test/token"}


def config(auth_type, **fields):
    return ApiAuthConfig(auth_type=auth_type, base_url=URL, **(TOKENS if auth_type == "oauth2" else {}) | fields)


@pytest.mark.parametrize(
    ("auth_type", "credentials", "name", "value"),
    [
        ("api_key", "k3y", "X-API-Key", "k3y"),
        ("bearer", "t0ken", "Authorization", "Bearer t0ken"),
        ("basic", "me:a:b", "Authorization", f"Basic {base64.b64encode(b'me:a:b').decode()}"),
    ],
)
@pytest.mark.parametrize("kind", [str, SecretStr])
@pytest.mark.parametrize("own", [False, True])
def test_each_kind_of_api_has_its_header(auth_type, credentials, name, value, kind, own):
    given = kind(credentials)
    header = (
        build_auth_header(config(auth_type, credentials=given)) if own else build_auth_header(config(auth_type), given)
    )
    assert header == AuthHeader(header_name=name, header_value=value)


def test_a_key_goes_by_the_name_that_the_api_wants():
    assert build_auth_header(config("api_key", api_key_name="X-Token"), "k").header_name == "X-Token"


def test_the_credentials_that_are_given_come_before_those_of_the_block():
    assert build_auth_header(config("bearer", credentials="own"), "given").header_value == "Bearer given"


def test_nothing_shows_a_secret():
    block = config("basic", credentials="me:s3cret")
    header = build_auth_header(block)
    assert "s3cret" not in f"{block!r} {block} {block.model_dump()} {block.get_auth()!r}"
    assert header.header_value not in f"{header!r} {header}"
    assert pickle.loads(pickle.dumps(header)) == header


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"auth_type": "digest"}, "auth_type is 'digest'"),
        ({"auth_type": ""}, "auth_type is ''"),
        ({"auth_type": "oauth2"}, "oauth2 has no token_url"),
        ({"auth_type": "bearer", **TOKENS}, "bearer has a token_url"),
        ({"auth_type": "basic", "scope": "read"}, "basic has a scope"),
        ({"auth_type": "bearer", "api_key_name": "X-Token"}, "bearer has an api_key_name"),
        ({"auth_type": "basic", "api_key_place": "query"}, "basic has an api_key_name"),
        ({"auth_type": "bearer", "base_url": "api.test"}, "does not start with http"),
        ({"auth_type": "bearer", "base_url": "https://me:s3cret@api.test"}, "carries a user or password"),
        ({"auth_type": "oauth2", "token_url": "id.test"}, "does not start with http"),
    ],
)
def test_a_combination_that_cannot_be_is_a_configuration_error(fields, says):
    with pytest.raises(ConfigError) as caught:
        ApiAuthConfig(**{"base_url": URL} | fields)
    assert says in caught.value.what
    assert "s3cret" not in str(caught.value)


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(ConfigError, match=r"auth_type is 'x'.*token_url.*scope.*host"):
        ApiAuthConfig(auth_type="x", base_url="http://", scope="read", **TOKENS)


@pytest.mark.parametrize(
    ("block", "credentials"),
    [
        (config("bearer"), None),
        (config("bearer"), ""),
        (config("bearer", credentials=""), None),
        (config("bearer"), 7),
        (config("bearer"), "a b"),
        (config("api_key"), "s3cret\r\nX-Evil: 1"),
        (config("basic"), "nocolon-s3cret"),
        (config("basic"), ":s3cret"),
        (config("oauth2"), "id:s3cret"),
        (config("api_key", api_key_place="query"), "s3cret"),
    ],
)
def test_what_gives_no_header_is_a_configuration_error_that_shows_no_secret(block, credentials):
    with pytest.raises(ConfigError) as caught:
        build_auth_header(block, credentials)
    assert caught.value.hint
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("credentials", ["nocolon", ":secret", "id:"])
def test_oauth2_wants_a_client_and_its_secret(credentials):
    with pytest.raises(ConfigError):
        config("oauth2").get_auth(credentials)


def test_options_are_for_oauth2_only():
    assert config("oauth2").get_auth("id:secret", leeway=5.0).client_id == "id"
    with pytest.raises(ConfigError, match="bearer takes no leeway"):
        config("bearer").get_auth("t", leeway=5.0)


@pytest.mark.parametrize(
    ("block", "name", "value"),
    [
        (config("api_key", credentials="k"), "X-API-Key", "k"),
        (config("bearer", credentials="t"), "Authorization", "Bearer t"),
        (config("basic", credentials="me:x"), "Authorization", "Basic bWU6eA=="),
    ],
)
def test_a_client_signs_in_to_its_api_and_to_nothing_else(block, name, value):
    def seen(url):
        request = httpx.Request("GET", url)
        return next(block.get_auth().sync_auth_flow(request)).headers.get(name)

    assert (seen(f"{URL}/me"), seen("https://other.test/me")) == (value, None)
    with block.get_client() as client:
        assert str(client.base_url) == f"{URL}/"


def test_prefect_offers_the_kinds_to_choose_from():
    assert ApiAuthConfig.model_json_schema()["properties"]["auth_type"]["enum"] == [
        "api_key",
        "bearer",
        "basic",
        "oauth2",
    ]


@pytest.mark.flow
def test_a_saved_block_comes_back_and_its_secret_is_encrypted(prefect_server):
    name = f"api-{uuid.uuid4().hex}"
    document = config("basic", credentials="me:s3cret").save(name)
    try:
        loaded = ApiAuthConfig.load(name)
        assert build_auth_header(loaded).header_value == "Basic bWU6czNjcmV0"
        with get_client(sync_client=True) as api:
            shown = api.read_block_document(document, include_secrets=False).data
        assert "s3cret" not in str(shown)
        assert shown["auth_type"] == "basic"
    finally:
        ApiAuthConfig.delete(name)
