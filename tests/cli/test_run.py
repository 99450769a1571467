import pytest

from prefect_patterns.cli.catalogue import Catalogue
from prefect_patterns.cli.run import parse_parameters, service_of
from prefect_patterns.cli.session import configured_api
from prefect_patterns.errors import ConfigError, UsageError


@pytest.mark.parametrize(
    ("pair", "value"),
    [("a=1", 1), ("a=1.5", 1.5), ("a=true", True), ("a=x y", "x y"), ("a=", ""), ("a=b=c", "b=c"), ('a=["x"]', ["x"])],
)
def test_a_parameter_is_json_where_it_can_be_and_text_elsewhere(pair, value):
    assert parse_parameters([pair]) == {"a": value}


@pytest.mark.parametrize("pair", ["a", "=1", "a b=1", ""])
def test_what_is_not_name_and_value_is_refused(pair):
    with pytest.raises(UsageError, match="name=value"):
        parse_parameters([pair])


@pytest.mark.parametrize(
    ("number", "service"), [("101", "dhis2"), ("105", "dhis2"), ("108", "dhis2"), ("110", "httpbox")]
)
def test_a_run_starts_the_sandbox_that_its_flow_needs(number, service):
    assert service_of(Catalogue.find().entry(number)) == service


def profile(tmp_path, text):
    (tmp_path / "profiles.toml").write_text(text)
    return {"PREFECT_HOME": str(tmp_path)}


TWO = """
active = "local"
[profiles.local]
[profiles.cloud]
PREFECT_API_URL = "https://api.example.org/api"
"""


def test_the_environment_names_the_api_before_any_profile(tmp_path):
    environment = profile(tmp_path, TWO) | {"PREFECT_API_URL": "http://h/api", "PREFECT_PROFILE": "cloud"}
    assert configured_api(environment) == "http://h/api"


def test_the_active_profile_names_the_api(tmp_path):
    environment = profile(tmp_path, TWO)
    assert configured_api(environment) is None
    assert configured_api(environment | {"PREFECT_PROFILE": "cloud"}) == "https://api.example.org/api"


def test_no_profile_is_no_api(tmp_path):
    assert configured_api({"PREFECT_HOME": str(tmp_path / "nowhere")}) is None


def test_a_broken_profile_is_a_clear_error(tmp_path):
    with pytest.raises(ConfigError, match=r"profiles\.toml is not TOML"):
        configured_api(profile(tmp_path, "active ="))


@pytest.mark.parametrize(
    "text", ["profiles = 1", "active = 1", 'active = ["x"]', "[profiles]\nlocal = 1\n", 'active = "gone"']
)
def test_a_profile_of_another_shape_names_no_api(tmp_path, text):
    assert configured_api(profile(tmp_path, text)) is None


def test_a_profile_that_is_no_text_is_a_clear_error(tmp_path):
    (tmp_path / "profiles.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not TOML"):
        configured_api({"PREFECT_HOME": str(tmp_path)})


def test_a_user_without_a_home_has_no_profile():
    assert configured_api({"PREFECT_HOME": "~nobody-of-this-name"}) is None


def test_a_number_that_is_too_long_for_python_is_text():
    assert parse_parameters([f"a={'1' * 5000}"]) == {"a": "1" * 5000}
