"""The interface that the project was specified with, as far as it is built: these names and signatures stand."""

import inspect
import logging
from pathlib import Path
from unittest.mock import MagicMock, patch

import pytest
from pydantic import SecretStr

from prefect_patterns.blocks import (
    ApiAuthConfig,
    AuthHeader,
    Dhis2Credentials,
    build_auth_header,
    get_dhis2_credentials,
)
from prefect_patterns.cli.catalogue import Catalogue
from prefect_patterns.dhis2 import Dhis2Client
from prefect_patterns.errors import WaitTimeout

DHIS2_FLOWS = [
    entry for entry in Catalogue.read(Path(__file__).parent.parent / "flows").entries if entry.about.section == "DHIS2"
]


def test_the_credentials_without_arguments_are_the_published_demo():
    credentials = Dhis2Credentials()
    assert credentials.base_url == "https://play.im.dhis2.org/dev"
    assert credentials.username == "admin"
    assert credentials.password == SecretStr("district")
    assert Dhis2Credentials._block_type_name == "dhis2-credentials"


def test_a_block_gives_a_client_of_its_server():
    client = Dhis2Credentials(base_url="https://host/dhis", username="me", password=SecretStr("x")).get_client()
    assert isinstance(client, Dhis2Client)
    assert client.base_url == "https://host/dhis"


def test_the_client_takes_address_user_and_password_in_this_order():
    assert list(inspect.signature(Dhis2Client).parameters)[:3] == ["base_url", "username", "password"]
    signature = inspect.signature(Dhis2Client.fetch_metadata)
    assert list(signature.parameters)[:3] == ["self", "endpoint", "fields"]
    assert signature.parameters["fields"].default == ":owner"
    assert callable(Dhis2Client.get_server_info)


@pytest.mark.parametrize(
    ("auth_type", "credentials", "header"),
    [
        ("api_key", "k3y", AuthHeader(header_name="X-API-Key", header_value="k3y")),
        ("bearer", "t0ken", AuthHeader(header_name="Authorization", header_value="Bearer t0ken")),
        ("basic", "user:password", AuthHeader(header_name="Authorization", header_value="Basic dXNlcjpwYXNzd29yZA==")),
    ],
)
def test_an_api_of_each_kind_has_its_header(auth_type, credentials, header):
    config = ApiAuthConfig(auth_type=auth_type, base_url="https://api.example.org")
    assert build_auth_header(config, credentials) == header


def test_a_wait_that_ends_without_result_is_a_timeout_error():
    assert issubclass(WaitTimeout, TimeoutError)


@pytest.mark.service
def test_the_client_reads_a_server(dhis2_sandbox):
    client = Dhis2Client(dhis2_sandbox.url, "admin", "district")
    assert client.get_server_info()["version"].startswith("2.43")
    units = client.fetch_metadata("organisationUnits")
    assert len(units) == 1332
    assert {"id", "name", "path"} <= set(units[0])


@pytest.mark.flow
def test_credentials_save_load_and_win_over_the_sandbox(prefect_server):
    saved = Dhis2Credentials(base_url="https://host/dhis", username="me", password=SecretStr("x"))
    saved.save("dhis2", overwrite=True)
    try:
        assert Dhis2Credentials.load("dhis2").password.get_secret_value() == "x"
        assert get_dhis2_credentials().base_url == "https://host/dhis"
    finally:
        Dhis2Credentials.delete("dhis2")


@pytest.mark.flow
@pytest.mark.parametrize("rows", [[{"id": "OU1"}, {"id": "OU2"}], []], ids=["ids only", "no rows"])
@pytest.mark.parametrize("entry", DHIS2_FLOWS, ids=lambda entry: entry.flow_name)
def test_each_dhis2_flow_completes_on_a_client_that_knows_nothing_but_ids(
    prefect_server, entry, rows, caplog, monkeypatch, tmp_path
):
    monkeypatch.setenv("PATTERNS_HOME", str(tmp_path))
    monkeypatch.setenv("PATTERNS_DHIS2_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("PATTERNS_DHIS2_USERNAME", "nobody")
    monkeypatch.setenv("PATTERNS_DHIS2_PASSWORD", "x")
    client = MagicMock(spec=Dhis2Client)
    client.fetch_metadata.return_value = rows
    with patch.object(Dhis2Credentials, "get_client", return_value=client), caplog.at_level(logging.ERROR):
        state = entry.flow()(return_state=True)
    assert state.is_completed(), state.message
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
