from pathlib import Path

import pytest

from prefect_patterns.errors import ConfigError
from prefect_patterns.settings import load_settings


def test_home_is_an_absolute_path_in_the_current_folder_by_default(monkeypatch, tmp_path):
    monkeypatch.delenv("PATTERNS_HOME")
    monkeypatch.chdir(tmp_path)
    settings = load_settings()
    assert settings.home == tmp_path / ".patterns"
    assert settings.output == tmp_path / ".patterns" / "output"


def test_the_environment_is_read_anew_each_time(monkeypatch):
    monkeypatch.setenv("PATTERNS_HOME", "/one")
    assert load_settings().home == Path("/one")
    monkeypatch.setenv("PATTERNS_HOME", "/two")
    assert load_settings().home == Path("/two")


def test_an_empty_variable_is_no_variable(monkeypatch):
    monkeypatch.setenv("PATTERNS_DHIS2_URL", "")
    assert load_settings().dhis2_url is None


def test_secrets_do_not_show(monkeypatch):
    monkeypatch.setenv("PATTERNS_DHIS2_PASSWORD", "hunter2")
    settings = load_settings()
    assert "hunter2" not in repr(settings)
    assert settings.dhis2_password.get_secret_value() == "hunter2"


def test_wrong_settings_are_gathered_and_named_by_their_variable(monkeypatch):
    monkeypatch.setenv("PATTERNS_SERVICES", "moon")
    with pytest.raises(ConfigError, match="PATTERNS_SERVICES") as caught:
        load_settings()
    assert "moon" not in str(caught.value)


def test_a_home_of_nobody_is_a_wrong_setting(monkeypatch):
    monkeypatch.setenv("PATTERNS_HOME", "~nobody-of-this-name/x")
    with pytest.raises(ConfigError, match="PATTERNS_HOME"):
        load_settings()


def test_a_relative_home_in_a_folder_that_is_gone_is_a_wrong_setting(monkeypatch, tmp_path):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    monkeypatch.setenv("PATTERNS_HOME", ".patterns")
    with pytest.raises(ConfigError, match="folder is gone"):
        load_settings()
