import logging

import pytest

from prefect_patterns.errors import ConfigError
from prefect_patterns.sandbox import ensure
from prefect_patterns.settings import load_settings

pytestmark = pytest.mark.flow


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("PATTERNS_HOME", str(tmp_path))


def test_110_signs_in_in_four_ways_and_renews_its_tokens(flow_file, capsys, caplog):
    with caplog.at_level(logging.ERROR):
        visits = flow_file("110").authenticated_api_flow()
    assert [(each.method, each.requests, each.refused, each.tokens) for each in visits] == [
        ("api_key", 2, 0, 0),
        ("bearer", 2, 0, 0),
        ("basic", 2, 0, 0),
        ("oauth2", 4, 1, 3),
    ]
    assert [each.subject for each in visits] == ["key of demo", "holder of the demo token", "demo", "pipeline"]
    assert "pipeline" in capsys.readouterr().out
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == []
    summary = (load_settings().output / "110" / "summary.md").read_text()
    assert "| oauth2 | pipeline | 4 | 1 | 3 |" in summary


def test_110_uses_the_stand_in_that_the_environment_names_and_needs_a_token_less_when_they_last(flow_file, monkeypatch):
    monkeypatch.setenv("PATTERNS_HTTPBOX_URL", ensure("httpbox"))
    monkeypatch.setenv("PATTERNS_SERVICES", "live")
    visits = flow_file("110").authenticated_api_flow(token_seconds=60)
    assert len(visits) == 4
    assert (visits[-1].refused, visits[-1].tokens) == (1, 2)


def test_110_says_that_there_is_no_live_service(flow_file, monkeypatch):
    monkeypatch.setenv("PATTERNS_SERVICES", "live")
    with pytest.raises(ConfigError, match="no live service") as caught:
        flow_file("110").authenticated_api_flow()
    assert "PATTERNS_HTTPBOX_URL" in caught.value.hint
