import errno
import io
import json

import pytest

from prefect_patterns.cli.output import fail, guarded, show_rows, style
from prefect_patterns.errors import AuthenticationFailed, PatternsError, RemoteUnavailable


def test_an_error_is_three_lines_on_stderr_and_an_exit_code(capsys):
    error = AuthenticationFailed("refused 'admin'", hint="check the password", docs="docs/dhis2.md#credentials")
    assert fail(error, debug=False) == 4
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: refused 'admin'\n  try: check the password\n docs: docs/dhis2.md#credentials\n"


def test_an_error_of_another_library_is_a_bug_of_ours(capsys):
    assert fail(ValueError("first line\nsecond line"), debug=False) == 1
    err = capsys.readouterr().err
    assert err.startswith("error: ValueError: first line\n")
    assert "--debug" in err
    assert "second line" not in err


def test_the_traceback_comes_with_debug(capsys):
    try:
        raise PatternsError("it broke")
    except PatternsError as error:
        fail(error, debug=True)
    assert "Traceback" in capsys.readouterr().err


def boom(error):
    def command():
        raise error

    return command


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (lambda: 0, 0),
        (lambda: 3, 3),
        (boom(KeyboardInterrupt()), 130),
        (boom(RemoteUnavailable("down")), 5),
        (boom(RuntimeError("x")), 1),
    ],
)
def test_a_guarded_command_ends_with_the_code_that_says_who_acts(command, code):
    assert guarded(command, debug=False) == code


def test_rows_are_a_table_with_a_heading_or_json(capsys):
    rows = [{"no": "101", "needs": ["sandbox"]}, {"no": "108", "needs": []}]
    show_rows(rows, as_json=False)
    assert capsys.readouterr().out == "no   needs\n101  sandbox\n108\n"
    show_rows(rows, as_json=True)
    assert json.loads(capsys.readouterr().out) == rows


def test_no_rows_are_an_empty_list_in_json(capsys):
    show_rows([], as_json=True)
    assert json.loads(capsys.readouterr().out) == []


class Terminal:
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_colour_is_for_terminals_that_want_it(monkeypatch, environment, coloured):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (style("x", "red", stream=Terminal()) != "x") is coloured
    assert style("x", "red", stream=object()) == "x"


def test_what_the_machine_refuses_ends_with_6(capsys):
    assert fail(OSError(errno.ENOSPC, "No space left on device"), debug=False) == 6
    assert "bug of ours" not in capsys.readouterr().err


def test_the_words_of_a_server_cannot_steer_the_terminal(capsys):
    fail(PatternsError("it said \x1b[2J\x07\u202ewell\nthen", hint="ask\x1b]0;x"), debug=False)
    assert capsys.readouterr().err == "error: it said ?[2J??well then\n  try: ask?]0;x\n"


def test_json_keeps_every_letter_where_the_terminal_does_not_know_it(monkeypatch):
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", errors="replace")
    monkeypatch.setattr("sys.stdout", narrow)
    show_rows([{"place": "Bo · ລາວ"}], as_json=True)
    narrow.seek(0)
    assert json.loads(narrow.read()) == [{"place": "Bo · ລາວ"}]
