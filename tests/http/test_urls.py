import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prefect_patterns.errors import ConfigError
from prefect_patterns.http import base_address, is_loopback, same_origin, without_secrets


@pytest.mark.parametrize(
    ("given_", "address"),
    [
        ("https://host", "https://host"),
        ("HTTPS://host/", "https://host"),
        (" http://host:8080/dev// \n", "http://host:8080/dev"),
        ("http://[::1]:80/x", "http://[::1]:80/x"),
    ],
)
def test_a_base_address_ends_without_a_slash(given_, address):
    assert base_address(given_) == address


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "host",
        "host:8080",
        "localhost:8080/api",
        "ftp://host",
        "file:///etc/passwd",
        "http://",
        "http://:80",
        "http://host:port",
        "http://host:99999",
        "http://a b",
        "http://user:hunter2@host",
        "admin:hunter2@host",
        "http://user:hunter2@host:port",
        "http://host/?token=hunter2",
        "http://host/#hunter2",
        "http://[::1",
        None,
    ],
)
def test_another_address_is_a_configuration_error_that_shows_no_secret(wrong):
    with pytest.raises(ConfigError) as caught:
        base_address(wrong)
    assert "hunter2" not in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://a/x", "http://A:80/y?q", True),
        ("http://a", "http://a:8080", False),
        ("http://a", "https://a", False),
        ("http://a", "http://a.b", False),
        ("http://u:p@a", "http://a", True),
    ],
)
def test_an_origin_is_scheme_host_and_port(one, other, same):
    assert same_origin(one, other) is same


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "x.localhost", "LOCALHOST."])
def test_this_machine_is_known_by_its_names(host):
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["127.0.0.1.example.org", "localhost.example.org", "10.0.0.1", "", "0.0.0.0"])
def test_other_machines_are_not_loopback(host):
    assert not is_loopback(host)


@example("\uff1f")  # a full-width question mark, which the standard library refuses in an address
@given(st.text(st.characters(exclude_characters="@/?#[]\\", exclude_categories=["C", "Z"]), min_size=1))
def test_no_password_survives(password):
    shown = without_secrets(f"https://user:¤{password}@host/path?x=¤#¤")
    assert shown == "https://host/path"
