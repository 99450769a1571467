import inspect
import io
import json
import os

import pytest

from prefect_patterns.blocks import Dhis2Credentials, explain_dhis2_credentials
from prefect_patterns.cli.app import dispatch
from prefect_patterns.cli.credentials import Given, given_credentials, speaking_of_arguments
from prefect_patterns.cli.dhis2 import login
from prefect_patterns.cli.login import _notes
from prefect_patterns.errors import (
    AuthenticationFailed,
    ConfigError,
    NotFound,
    RemoteError,
    RemoteUnavailable,
    UsageError,
)
from prefect_patterns.settings import load_settings


class Stream(io.StringIO):
    """Standard input: with a text, and a terminal or not."""

    def __init__(self, text="", *, terminal=False):
        super().__init__(text)
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.fixture
def stdin(monkeypatch):
    def give(text="", *, terminal=False):
        monkeypatch.setattr("sys.stdin", Stream(text, terminal=terminal))

    give()
    return give


@pytest.fixture
def home(monkeypatch, tmp_path, stdin):
    """Give the home of somebody without a Prefect, who stands in an empty folder."""
    monkeypatch.setenv("PATTERNS_HOME", str(tmp_path / "home"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "home"


def at(monkeypatch, box):
    monkeypatch.setenv("PATTERNS_DHIS2_URL", box.url)
    monkeypatch.setenv("PATTERNS_DHIS2_TOKEN", box.token)


def given_by(url="https://h", username=None, *, token_stdin=False, password_stdin=False):
    return given_credentials(url, username, token_stdin=token_stdin, password_stdin=password_stdin, command="login")


def test_a_password_or_a_token_comes_from_standard_input(stdin):
    stdin("s3cret word\n")
    assert given_by(username="me", password_stdin=True) == Given("https://h", "me", "s3cret word")
    stdin("d2pat_x")
    assert given_by(token_stdin=True) == Given("https://h", token="d2pat_x")


def test_what_is_missing_is_asked_for_on_a_terminal_and_a_secret_is_not_shown(stdin, monkeypatch):
    answers = iter(["https://other", "me"])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    monkeypatch.setattr("getpass.getpass", lambda question: f"typed for {question}")
    stdin(terminal=True)
    assert given_by(url=None) == Given("https://other", "me", "typed for password: ")


def test_without_a_user_an_access_token_is_asked_for(stdin, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _: "")
    monkeypatch.setattr("getpass.getpass", lambda question: f"typed for {question}")
    stdin(terminal=True)
    assert given_by() == Given("https://h", token="typed for access token: ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"url": None}, "--username with --password-stdin, or --token-stdin"),
        ({"url": None, "token_stdin": True}, "lacks the address"),
        ({"password_stdin": True}, "lacks --username"),
        ({"username": "me"}, "lacks --username with --password-stdin"),
        ({"username": "me", "token_stdin": True}, "needs no --username"),
        ({"token_stdin": True, "password_stdin": True}, "both want standard input"),
    ],
)
def test_without_a_terminal_the_options_are_named(stdin, arguments, words):
    with pytest.raises(UsageError) as caught:
        given_by(**arguments)
    assert words in caught.value.what


@pytest.mark.parametrize("text", ["", "\n", "  \n", "one\ntwo\n", "x" * 20_000])
def test_standard_input_that_holds_no_secret_is_refused(stdin, text):
    stdin(text)
    with pytest.raises(UsageError, match="does not hold one line"):
        given_by(token_stdin=True)


def test_an_ended_terminal_is_refused(stdin, monkeypatch):
    def ended(_):
        raise EOFError

    monkeypatch.setattr("builtins.input", ended)
    stdin(terminal=True)
    with pytest.raises(UsageError, match="no address of the server"):
        given_by(url=None)


def test_credentials_do_not_show_their_secrets():
    assert "s3cret" not in repr(Given("https://h", "me", "s3cret", "s3cret"))


def test_a_password_is_not_an_argument(home):
    with pytest.raises(UsageError, match="--password"):
        dispatch(["dhis2", "login", "https://h", "--username", "me", "--password", "s3cret"])


@pytest.mark.parametrize(("url", "name"), [("ftp://h", "dhis2"), ("https://h", "My Block")])
def test_nothing_is_asked_for_when_an_argument_is_wrong(home, stdin, monkeypatch, url, name):
    monkeypatch.setattr("builtins.input", lambda _: pytest.fail("it asks"))
    stdin(terminal=True)
    with pytest.raises((UsageError, ConfigError), match=r"address|name of a block"):
        dispatch(["dhis2", "login", url, f"--name={name}"])


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (RemoteError("x", hint="check PATTERNS_DHIS2_URL: is this a login page?"), "check the address: is this a "),
        (RemoteError("x", hint="check that PATTERNS_DHIS2_URL is the address of a DHIS2"), "check that this is the ad"),
        (NotFound("x", hint="check the address and the id"), "check that this is the address of a DHIS2 server, with"),
        (AuthenticationFailed("x", hint="check PATTERNS_DHIS2_PASSWORD"), "check the access token"),
        (AuthenticationFailed("x", hint="make a new token"), "make a new token"),
    ],
)
def test_advice_is_on_arguments_and_not_on_variables(error, hint):
    with pytest.raises(RemoteError), speaking_of_arguments(Given("https://h", token="x")):
        raise error
    assert error.hint.startswith(hint)


@pytest.mark.parametrize("name", ["My Block", "a/b", "", "-a"])
def test_a_name_that_no_block_can_have_is_refused(home, stdin, name):
    stdin("x")
    with pytest.raises(UsageError, match="is no name of a block"):
        dispatch(["dhis2", "login", "https://h", "--token-stdin", f"--name={name}"])


@pytest.mark.service
def test_refused_credentials_are_not_saved_and_the_advice_is_on_what_was_typed(home, stdin, dhis2_sandbox):
    stdin("wrong")
    with pytest.raises(AuthenticationFailed) as caught:
        dispatch(["dhis2", "login", dhis2_sandbox.url, "--username", "admin", "--password-stdin"])
    assert caught.value.hint == "check the user 'admin' and the password"
    assert not (home / "prefect").exists()


def test_a_server_that_is_not_there_is_an_error_about_the_address(home, stdin):
    stdin("x")
    with pytest.raises(RemoteUnavailable) as caught:
        dispatch(["dhis2", "login", "http://127.0.0.1:9", "--token-stdin"])
    assert caught.value.hint == "check the address and that the server runs"


@pytest.mark.service
def test_info_tells_the_source_the_server_and_the_clock_as_json(home, monkeypatch, capsys, dhis2_sandbox):
    at(monkeypatch, dhis2_sandbox)
    assert dispatch(["dhis2", "info", "--json"]) == 0
    text = capsys.readouterr().out
    told = json.loads(text)
    assert told["credentials"]["from"] == "the environment"
    assert [source["state"] for source in told["credentials"]["sources"]] == [
        "not set",
        "won",
        "not asked",
        "not asked",
    ]
    assert told["server"]["version"] == "2.43.1"
    assert told["user"] | {"authorities": 1} == told["user"]
    assert told["user"]["org_units"] == {"count": 1, "first": ["Sierra Leone"]}
    assert told["analytics"]["age_hours"] == 10.0
    assert isinstance(told["server"]["clock_ahead_seconds"], float)
    assert dhis2_sandbox.token not in text


@pytest.mark.service
def test_info_is_for_people_too(home, monkeypatch, capsys, dhis2_sandbox):
    at(monkeypatch, dhis2_sandbox)
    assert dispatch(["dhis2", "info"]) == 0
    out = capsys.readouterr().out
    assert "an access token, from the environment" in out
    assert "tables made 2026-07-15T02:00:00, 10.0 hours ago" in out
    assert "behind ours" in out or "ahead of ours" in out


def test_info_with_half_an_environment_is_an_error(home, monkeypatch):
    monkeypatch.setenv("PATTERNS_DHIS2_URL", "https://h")
    with pytest.raises(ConfigError, match="incomplete"):
        dispatch(["dhis2", "info"])


@pytest.fixture
def job(home):
    """Give a file with two calls that change up to 2.43, one that does not, and one that nobody can judge."""
    file = home.parent / "here" / "job.py"
    file.write_text(
        'requests.get(f"{base}/api/users", params={"fields": "id,userCredentials[username]"})\n'
        'requests.get(f"{base}/api/dataValueSets", params={"dataSet": "x", "period": "202401", "orgUnit": "y"})\n'
        'requests.get(f"{base}/api/organisationUnits")\n'
        'requests.get(f"{base}/api/{path}")\n'
    )
    return file


@pytest.mark.service
def test_preflight_lists_the_calls_that_change_with_what_to_do(job, capsys, dhis2_sandbox_of):
    assert dispatch(["dhis2", "preflight", dhis2_sandbox_of("41").url, "--to", "43"]) == 0
    out = capsys.readouterr().out
    assert "31 of 31 checks hold, 0 differ, 0 were skipped" in out
    assert "calls that change from 2.41 to 2.43" in out
    assert "2.42 userCredentials\n  change  `userCredentials` is gone from users" in out
    assert "  to do   read `username`, `userRoles`" in out
    assert "  call    GET users?fields=id,userCredentials[username]\n          job.py:1\n" in out
    assert "  look at job.py:4\n" in out
    assert "4 calls in 1 file: 2 change, 1 do not, 1 have a path that is only known when they run" in out


@pytest.mark.service
def test_preflight_says_what_a_difference_is_about_and_that_there_is_nothing_to_upgrade(job, capsys, dhis2_sandbox):
    dhis2_sandbox.fault("/api/analytics.csv", status=200, body="Data,Value")
    assert dispatch(["dhis2", "preflight", dhis2_sandbox.url]) == 3
    out = capsys.readouterr().out
    assert "  differs errors of analytics.csv are text" in out
    assert "concerns: they are recognised before anybody takes them for data" in out
    assert "it is 2.43 already" in out


@pytest.mark.service
def test_preflight_on_a_narrow_terminal_is_wrapped(job, monkeypatch, capsys, dhis2_sandbox_of):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    url = dhis2_sandbox_of("41").url
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert dispatch(["dhis2", "preflight", url]) == 0
    out = capsys.readouterr().out
    changes = out.partition("calls that change")[2].splitlines()
    assert all(len(line) <= 40 for line in changes if line.startswith("  "))
    assert "\033[3" not in out


@pytest.mark.service
def test_preflight_without_an_address_says_whose_it_takes(home, monkeypatch, capsys, dhis2_sandbox):
    at(monkeypatch, dhis2_sandbox)
    assert dispatch(["dhis2", "preflight", "--json"]) == 0
    told = capsys.readouterr()
    assert told.err == "no address is given: the one of the environment is taken\n"
    assert json.loads(told.out)["server"]["address"] == dhis2_sandbox.url


@pytest.mark.service
def test_preflight_as_json_has_the_sources_and_nothing_else_on_stdout(job, capsys, dhis2_sandbox):
    dhis2_sandbox.fault("/api/analytics.csv", status=200, body="Data,Value")
    url = dhis2_sandbox.url
    assert dispatch(["dhis2", "preflight", url, "--json", "--pipelines", str(job), str(job.parent)]) == 3
    told = json.loads(capsys.readouterr().out)
    assert (told["to"], told["kept"], told["server"]["version"]) == (43, False, "2.43.1")
    assert [each["check"] for each in told["contract"] if each["state"] == "differs"] == [
        "errors of analytics.csv are text under a good status"
    ]
    assert told["calls"]["changed"] == []  # the server is at the target already
    assert (told["calls"]["files"], told["calls"]["found"], told["calls"]["unknown"]) == (1, 4, ["job.py:4"])


@pytest.mark.service
def test_preflight_in_a_folder_without_code_takes_the_catalogue(home, capsys, dhis2_sandbox_of):
    assert dispatch(["dhis2", "preflight", dhis2_sandbox_of("40").url, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["calls"]["files"] > 5
    # Our client copes with all but what an administrator must look at.
    assert {change["name"] for change in told["calls"]["changed"]} <= {"who may see analytics"}


@pytest.mark.service
def test_a_release_before_the_servers_is_an_error(home, dhis2_sandbox):
    with pytest.raises(UsageError, match=r"is DHIS2 2\.43 already"):
        dispatch(["dhis2", "preflight", dhis2_sandbox.url, "--to", "2.42"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--to", "44"], "are not known"),
        (["--pipelines", "nowhere.py"], r"there is no nowhere\.py"),
        ([], "there are no credentials for https://dhis2.example.org"),
    ],
)
def test_preflight_says_what_is_wrong_before_it_asks_anything(home, arguments, words):
    with pytest.raises(UsageError, match=words):
        dispatch(["dhis2", "preflight", "https://dhis2.example.org", *arguments])


def test_credentials_of_one_server_are_not_sent_to_another(home, monkeypatch):
    monkeypatch.setenv("PATTERNS_DHIS2_URL", "https://mine.example.org/dhis")
    monkeypatch.setenv("PATTERNS_DHIS2_TOKEN", "d2pat_x")
    with pytest.raises(UsageError, match="there are no credentials for"):
        dispatch(["dhis2", "preflight", "https://mine.example.org/other"])


@pytest.fixture
def block(prefect_server, home, monkeypatch):
    """Give the name of a block on the session's Prefect that is gone after the test."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_server.url)
    monkeypatch.setattr("prefect_patterns.cli.login.silence_console", lambda: None)
    yield "of-a-login"
    Dhis2Credentials.delete("of-a-login")


@pytest.mark.service
def test_the_last_login_is_what_the_block_holds(block, stdin, capsys, dhis2_sandbox):
    url = dhis2_sandbox.url
    stdin("district\r\n")
    assert dispatch(["dhis2", "login", url, "--username", "admin", "--password-stdin", "--name", block]) == 0
    stdin(dhis2_sandbox.token)
    assert dispatch(["dhis2", "login", f"{url}/api/", "--token-stdin", "--name", block]) == 0
    saved = Dhis2Credentials.load(block)
    assert (saved.base_url, saved.token.get_secret_value()) == (url, dhis2_sandbox.token)
    out = capsys.readouterr().out
    assert f"saved as the block {block} on Prefect: {os.environ['PREFECT_API_URL']}" in out
    assert not any(secret in out for secret in (dhis2_sandbox.token, "district"))


def test_a_login_is_saved_where_runs_look():
    assert inspect.signature(login).parameters["name"].default == "dhis2"
    assert "the block 'dhis2'" in [source.name for source in explain_dhis2_credentials(Dhis2Credentials()).sources]


@pytest.mark.parametrize(
    ("address", "environment", "words"),
    [
        ("https://h", {}, []),
        ("http://127.0.0.1:8080", {}, []),
        ("http://h", {}, ["is http, not https"]),
        ("https://h", {"PATTERNS_DHIS2_TOKEN": "x"}, ["win over the block"]),
    ],
)
def test_a_login_that_may_surprise_is_noted(home, monkeypatch, address, environment, words):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    notes = _notes(load_settings(), address, "dhis2")
    assert len(notes) == len(words)
    assert all(word in note for word, note in zip(words, notes, strict=True))
