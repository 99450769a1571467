import asyncio
import logging
import uuid
from unittest.mock import MagicMock, patch

import httpx
import prefect.exceptions
import prefect.runtime
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import BlockDocumentUpdate
from pydantic import SecretStr

from prefect_patterns.blocks import (
    Dhis2Credentials,
    explain_dhis2_credentials,
    get_dhis2_credentials,
    services,
)
from prefect_patterns.blocks import dhis2 as blocks
from prefect_patterns.dhis2 import Dhis2Client
from prefect_patterns.errors import AuthenticationFailed, ConfigError, RemoteUnavailable

NAMES = ("PATTERNS_DHIS2_URL", "PATTERNS_DHIS2_USERNAME", "PATTERNS_DHIS2_PASSWORD")
WHOLE = dict(zip(NAMES, ("http://env.test", "env", "env-s3cret"), strict=True))
STORED = Dhis2Credentials(base_url="http://block.test", username="block", password=SecretStr("block-s3cret"))


def not_found():
    error = ValueError("Unable to find block document named dhis2 for block type dhis2-credentials")
    error.__cause__ = prefect.exceptions.ObjectNotFound(http_exc=Exception())
    return error


@pytest.fixture(autouse=True)
def world(monkeypatch):
    """Nothing is set, no block is stored, and the sandbox is only named."""
    for name in (*NAMES, "PATTERNS_DHIS2_TOKEN", "PATTERNS_SERVICES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("PREFECT__RUNTIME__DEPLOYMENT__ID", raising=False)
    load = MagicMock(side_effect=not_found())
    monkeypatch.setattr(Dhis2Credentials, "load", load)
    monkeypatch.setattr(services, "ensure", lambda name: f"http://sandbox.test/{name}")
    return load


@pytest.fixture
def environment(monkeypatch):
    def set_all(values):
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_all


def test_the_defaults_are_dhis2s_published_demo():
    credentials = Dhis2Credentials()
    assert credentials.base_url == "https://play.im.dhis2.org/dev"
    assert (credentials.username, credentials.password) == ("admin", SecretStr("district"))
    assert Dhis2Credentials._block_type_name == "dhis2-credentials"
    assert Dhis2Credentials.get_block_type_slug() == "dhis2-credentials"


def test_a_block_gives_a_client_that_hides_the_password():
    client = STORED.get_client()
    assert isinstance(client, Dhis2Client)
    assert (client.base_url, client.username) == ("http://block.test", "block")
    assert "s3cret" not in f"{STORED!r} {STORED} {client!r} {STORED.model_dump()}"


def test_the_parameter_comes_first(environment, world):
    environment(WHOLE)
    given = Dhis2Credentials(base_url="http://given.test")
    assert get_dhis2_credentials(given) is given
    world.assert_not_called()


def test_the_environment_comes_before_the_block(environment, world):
    environment(WHOLE)
    found = get_dhis2_credentials()
    assert (found.base_url, found.username, found.password.get_secret_value()) == (
        "http://env.test",
        "env",
        "env-s3cret",
    )
    world.assert_not_called()


@pytest.mark.parametrize("missing", [[name] for name in NAMES] + [list(NAMES[:2]), list(NAMES[1:])])
def test_half_an_environment_is_an_error_that_names_what_is_missing(environment, world, missing):
    environment({name: value for name, value in WHOLE.items() if name not in missing})
    with pytest.raises(ConfigError) as caught:
        get_dhis2_credentials()
    assert all(name in caught.value.what for name in missing)
    assert not any(name in caught.value.what for name in NAMES if name not in missing)
    assert "s3cret" not in str(caught.value)
    world.assert_not_called()


def test_an_empty_variable_is_as_none(environment):
    environment(dict.fromkeys(NAMES, ""))
    assert get_dhis2_credentials().base_url == "http://sandbox.test/dhis2"


TOKEN = {"PATTERNS_DHIS2_URL": "http://env.test", "PATTERNS_DHIS2_TOKEN": "d2pat_s3cret"}


def test_a_token_and_an_address_are_complete(environment, world):
    environment(TOKEN)
    client = get_dhis2_credentials().get_client()
    assert (client.base_url, client.username) == ("http://env.test", None)
    assert "s3cret" not in f"{client!r} {get_dhis2_credentials()!r}"
    world.assert_not_called()


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"PATTERNS_DHIS2_TOKEN": "d2pat_s3cret"}, ["PATTERNS_DHIS2_URL"]),
        ({**TOKEN, "PATTERNS_DHIS2_USERNAME": "env"}, ["PATTERNS_DHIS2_USERNAME", "PATTERNS_DHIS2_TOKEN"]),
        ({**TOKEN, "PATTERNS_DHIS2_PASSWORD": "env-s3cret"}, ["PATTERNS_DHIS2_PASSWORD", "PATTERNS_DHIS2_TOKEN"]),
        ({**TOKEN, **WHOLE}, [*NAMES[1:], "PATTERNS_DHIS2_TOKEN"]),
    ],
)
def test_half_a_token_or_both_ways_at_once_is_an_error_that_names_the_variables(environment, world, values, named):
    environment(values)
    with pytest.raises(ConfigError) as caught:
        get_dhis2_credentials()
    assert [name for name in (*NAMES, "PATTERNS_DHIS2_TOKEN") if name in caught.value.what] == named
    assert "s3cret" not in str(caught.value)
    world.assert_not_called()


def test_a_block_with_a_token_does_not_send_its_default_password():
    block = Dhis2Credentials(base_url="http://block.test", token=SecretStr("d2pat_s3cret"))
    assert block.get_client().username is None
    assert "s3cret" not in f"{block!r} {block} {block.model_dump()}"


def test_a_block_whose_token_was_left_empty_uses_the_password():
    assert Dhis2Credentials(base_url="http://block.test", token=SecretStr("")).get_client().username == "admin"


def states(explanation):
    return [source.state for source in explanation.sources]


@pytest.mark.parametrize(
    ("values", "block", "winner", "expected"),
    [
        (WHOLE, None, "the environment", ["not set", "won", "not asked", "not asked"]),
        (TOKEN, None, "the environment", ["not set", "won", "not asked", "not asked"]),
        ({}, STORED, "the block 'dhis2'", ["not set", "not set", "won", "not asked"]),
        ({}, None, "the sandbox", ["not set", "not set", "not set", "won"]),
        ({"PATTERNS_SERVICES": "live"}, None, "the published demo", ["not set", "not set", "not set", "won"]),
        ({"PATTERNS_DHIS2_URL": "http://h.test"}, STORED, "", ["not set", "wrong", "not asked", "not asked"]),
        ({"PATTERNS_SERVICES": "nonsense"}, STORED, "", ["not set", "wrong", "not asked", "not asked"]),
    ],
)
def test_an_explanation_says_what_each_source_had_and_which_won(environment, world, values, block, winner, expected):
    environment(values)
    if block is not None:
        world.side_effect, world.return_value = None, block
    explanation = explain_dhis2_credentials()
    assert (explanation.winner, states(explanation)) == (winner, expected)
    assert all(source.why for source in explanation.sources)
    assert "s3cret" not in repr(explanation)
    if winner:
        assert explanation.required() == get_dhis2_credentials()
    else:
        assert explanation.error.what == explanation.sources[1].why
        with pytest.raises(ConfigError, match=r"wrong|missing"):
            get_dhis2_credentials()


def test_an_explanation_of_a_parameter_asks_nothing_else(environment, world):
    environment({"PATTERNS_SERVICES": "nonsense"})
    explanation = explain_dhis2_credentials(STORED)
    assert states(explanation) == ["won", "not asked", "not asked", "not asked"]
    assert [source.why for source in explanation.sources[1:]] == ["the parameter decided"] * 3
    world.assert_not_called()


def test_an_explanation_of_a_block_that_cannot_be_asked_is_an_answer_too(world):
    world.side_effect = httpx.ConnectError("refused")
    explanation = explain_dhis2_credentials()
    assert states(explanation) == ["not set", "not set", "wrong", "not asked"]
    with pytest.raises(RemoteUnavailable):
        explanation.required()


def test_a_deployment_without_credentials_is_explained(environment):
    environment({"PREFECT__RUNTIME__DEPLOYMENT__ID": "an-id"})
    explanation = explain_dhis2_credentials()
    assert states(explanation) == ["not set", "not set", "not set", "wrong"]
    assert "PATTERNS_DHIS2_TOKEN" in explanation.error.hint


def test_the_block_comes_before_the_default(world):
    world.side_effect = None
    world.return_value = STORED
    assert get_dhis2_credentials() is STORED
    assert world.call_args.args == ("dhis2",)


def test_the_block_is_found_in_an_async_flow_too(world):
    world.side_effect = None
    world.return_value = STORED

    async def inside():
        return get_dhis2_credentials()

    assert asyncio.run(inside()) is STORED


def test_the_default_is_the_sandbox():
    found = get_dhis2_credentials()
    assert (found.base_url, found.username) == ("http://sandbox.test/dhis2", "admin")


def test_the_default_is_the_demo_when_live(environment):
    environment({"PATTERNS_SERVICES": "live"})
    assert get_dhis2_credentials() == Dhis2Credentials()


@pytest.mark.parametrize("live", [False, True])
def test_a_deployment_has_no_default_and_the_error_names_the_three_ways(environment, live):
    environment({"PREFECT__RUNTIME__DEPLOYMENT__ID": "an-id", **({"PATTERNS_SERVICES": "live"} if live else {})})
    with pytest.raises(ConfigError) as caught:
        get_dhis2_credentials()
    assert all(words in caught.value.hint for words in (*NAMES, 'save("dhis2")', "parameter"))


def test_a_deployment_takes_the_environment_or_the_block(environment, world):
    environment({"PREFECT__RUNTIME__DEPLOYMENT__ID": "an-id"})
    world.side_effect = None
    world.return_value = STORED
    assert get_dhis2_credentials() is STORED
    environment(WHOLE)
    assert get_dhis2_credentials().username == "env"


def http_error(status):
    request = httpx.Request("GET", "http://prefect.test/api/block_types/slug/dhis2-credentials")
    return prefect.exceptions.PrefectHTTPStatusError(
        str(status), request=request, response=httpx.Response(status, request=request)
    )


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (httpx.ConnectError("refused"), RemoteUnavailable),
        (httpx.ReadTimeout("late"), RemoteUnavailable),
        (RuntimeError("Failed to reach API at http://127.0.0.1:1/api/"), RemoteUnavailable),
        (http_error(500), RemoteUnavailable),
        (http_error(401), AuthenticationFailed),
        (http_error(403), AuthenticationFailed),
        (
            RuntimeError("Unable to load 'dhis2' of block type 'dhis2-credentials' due to failed validation"),
            ConfigError,
        ),
        (ValueError("No Prefect API URL provided"), ConfigError),
        (ValueError("something with s3cret in it"), ConfigError),
    ],
)
def test_only_a_block_that_is_not_there_falls_through(world, trouble, kind):
    world.side_effect = trouble
    with pytest.raises(kind) as caught:
        get_dhis2_credentials()
    assert type(caught.value) is kind
    assert caught.value.__cause__ is trouble
    assert caught.value.hint
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "source"), [(WHOLE, "the environment"), ({}, "the sandbox"), ({"PATTERNS_SERVICES": "live"}, "demo")]
)
def test_one_line_says_which_source_won_and_no_value(environment, caplog, values, source):
    caplog.set_level(logging.INFO, logger="prefect_patterns")
    environment(values)
    get_dhis2_credentials()
    lines = [record.getMessage() for record in caplog.records if record.getMessage().startswith("DHIS2 credentials")]
    assert len(lines) == 1
    assert source in lines[0]
    assert not any(secret in caplog.text for secret in ("s3cret", "district"))


def test_a_patched_client_reaches_the_flow():
    with patch.object(Dhis2Credentials, "get_client") as get_client:
        get_client.return_value = MagicMock(spec=Dhis2Client)
        client = get_dhis2_credentials().get_client()
    assert list(client.iter_data_values(org_units=[])) == []


@pytest.fixture
def stored(prefect_server, monkeypatch):
    """Save the block on the session's server, under a name that no flow of another worker looks for."""
    monkeypatch.undo()
    name = f"dhis2-{uuid.uuid4().hex}"
    monkeypatch.setattr(blocks, "_BLOCK", name)
    yield lambda block: block.save(name, overwrite=True)
    Dhis2Credentials.delete(name)


@pytest.mark.flow
def test_a_saved_block_is_found_and_keeps_its_secret(stored):
    assert blocks._from_block() is None
    stored(STORED)
    found = get_dhis2_credentials()
    assert (found.base_url, found.password.get_secret_value()) == ("http://block.test", "block-s3cret")
    stored(Dhis2Credentials())
    assert get_dhis2_credentials().base_url == Dhis2Credentials().base_url
    stored(Dhis2Credentials(base_url="http://block.test", token=SecretStr("block-s3cret")))
    assert get_dhis2_credentials().token.get_secret_value() == "block-s3cret"


@pytest.mark.flow
@pytest.mark.parametrize("data", [{"url": "http://other.test"}, {"base_url": ["s3cret"]}])
def test_a_block_of_another_schema_is_not_taken_for_the_defaults(stored, data):
    document = stored(STORED)
    with get_client(sync_client=True) as api:
        api.update_block_document(document, BlockDocumentUpdate(data=data, merge_existing_data=False))
    with pytest.raises(ConfigError, match="cannot be used") as caught:
        get_dhis2_credentials()
    assert "s3cret" not in str(caught.value)
