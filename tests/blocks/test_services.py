import importlib.metadata
import logging

import pytest

from prefect_patterns.blocks import base_url, services
from prefect_patterns.errors import ConfigError, UsageError


@pytest.fixture(autouse=True)
def named(monkeypatch):
    monkeypatch.delenv("PATTERNS_SERVICES", raising=False)
    monkeypatch.delenv("PATTERNS_HTTPBOX_URL", raising=False)
    monkeypatch.delenv("PREFECT__RUNTIME__DEPLOYMENT__ID", raising=False)
    monkeypatch.setattr(services, "ensure", lambda name: f"http://sandbox.test/{name}")


@pytest.mark.parametrize(
    ("environment", "address"),
    [
        ({}, "http://sandbox.test/dhis2"),
        ({"PATTERNS_SERVICES": "sandbox"}, "http://sandbox.test/dhis2"),
        ({"PATTERNS_SERVICES": "live"}, "https://play.im.dhis2.org/dev"),
        ({"PREFECT__RUNTIME__DEPLOYMENT__ID": "an-id"}, "https://play.im.dhis2.org/dev"),
    ],
)
def test_the_wish_or_the_deployment_decides_and_one_line_says_so(monkeypatch, caplog, environment, address):
    caplog.set_level(logging.INFO, logger="prefect_patterns")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert base_url("dhis2") == address
    assert [address in record.getMessage() for record in caplog.records] == [True]


def test_a_stand_in_is_the_sandbox(caplog):
    caplog.set_level(logging.INFO, logger="prefect_patterns")
    assert base_url("httpbox") == "http://sandbox.test/httpbox"
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("environment", "where"),
    [
        ({"PATTERNS_SERVICES": "live"}, "PATTERNS_SERVICES=live"),
        ({"PREFECT__RUNTIME__DEPLOYMENT__ID": "x"}, "deployment"),
    ],
)
def test_a_stand_in_has_no_live_service_and_the_error_says_what_to_do(monkeypatch, environment, where):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match="no live service") as caught:
        base_url("httpbox")
    assert where in caught.value.what
    assert "PATTERNS_HTTPBOX_URL" in caught.value.hint
    monkeypatch.setenv("PATTERNS_HTTPBOX_URL", "http://box.test/")
    assert base_url("httpbox") == "http://box.test"


def test_the_address_of_a_stand_in_is_checked(monkeypatch):
    monkeypatch.setenv("PATTERNS_HTTPBOX_URL", "http://me:s3cret@box.test")
    with pytest.raises(ConfigError, match="PATTERNS_HTTPBOX_URL") as caught:
        base_url("httpbox")
    assert "s3cret" not in str(caught.value)


def test_an_unknown_service_is_a_wrong_argument():
    with pytest.raises(UsageError, match="no service 'dhis3'") as caught:
        base_url("dhis3")
    assert "dhis2" in caught.value.hint


def test_a_wrong_wish_is_a_configuration_error(monkeypatch):
    monkeypatch.setenv("PATTERNS_SERVICES", "production")
    with pytest.raises(ConfigError, match="PATTERNS_SERVICES"):
        base_url("dhis2")


def test_prefect_finds_the_blocks_by_their_entry_point():
    (entry,) = importlib.metadata.entry_points(group="prefect.collections", name="prefect_patterns")
    assert entry.load().Dhis2Credentials.get_block_type_slug() == "dhis2-credentials"
