import pytest

from prefect_patterns.errors import AuthenticationFailed
from prefect_patterns.sandbox import running

pytestmark = pytest.mark.flow


def test_101_says_what_the_sandbox_is_when_nothing_is_configured(flow_file, capsys):
    connection = flow_file("101").dhis2_connection_flow()
    assert connection.base_url == running("dhis2").url
    assert connection.version.startswith("2.43")
    assert (connection.user, connection.org_units) == ("admin", 1332)
    assert "signed in as admin, who sees 1,332 org units" in capsys.readouterr().out


def test_101_uses_the_server_that_the_environment_names(flow_file, dhis2_sandbox, monkeypatch):
    monkeypatch.setenv("PATTERNS_DHIS2_URL", dhis2_sandbox.url)
    monkeypatch.setenv("PATTERNS_DHIS2_USERNAME", "admin")
    monkeypatch.setenv("PATTERNS_DHIS2_PASSWORD", "district")
    assert flow_file("101").dhis2_connection_flow().base_url == dhis2_sandbox.url


def test_101_ends_before_any_work_when_the_password_is_wrong(flow_file, dhis2_sandbox, monkeypatch):
    monkeypatch.setenv("PATTERNS_DHIS2_URL", dhis2_sandbox.url)
    monkeypatch.setenv("PATTERNS_DHIS2_USERNAME", "admin")
    monkeypatch.setenv("PATTERNS_DHIS2_PASSWORD", "wrong")
    with pytest.raises(AuthenticationFailed):
        flow_file("101").dhis2_connection_flow()
