"""Credentials from a person: arguments, standard input, or questions on a terminal; no secret is an argument."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from prefect_patterns.cli.interrupt import interrupt_waiting
from prefect_patterns.errors import AuthenticationFailed, NotFound, RemoteError, UsageError
from prefect_patterns.http import base_address

__all__ = ["Given", "given_credentials", "speaking_of_arguments"]

_DOCS = "docs/dhis2.md#the-command-line"
_LONGEST = 10_000


@dataclass(frozen=True, slots=True)
class Given:
    """An address, and a user with a password or an access token."""

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return "the access token" if self.token else f"the user {self.username!r}"


def given_credentials(
    url: str | None, username: str | None, *, token_stdin: bool, password_stdin: bool, command: str
) -> Given:
    """Return what the arguments, standard input and, on a terminal, the user's answers make.

    Args:
        command: The words that start it, for messages.

    Raises:
        UsageError: Something is missing and there is no terminal to ask on, or what is given contradicts itself.
    """
    if token_stdin and password_stdin:
        raise UsageError("--token-stdin and --password-stdin both want standard input", hint="give one", docs=_DOCS)
    if token_stdin and username:
        raise UsageError("--token-stdin needs no --username: a token says whose it is", hint="leave it out", docs=_DOCS)
    asks = sys.stdin.isatty() and not (token_stdin or password_stdin)
    missing = ["the address"] if not url else []
    if password_stdin and not username:
        missing.append("--username")
    if not (token_stdin or password_stdin or asks):
        missing.append("--username with --password-stdin, or --token-stdin")
    if missing and not asks:
        raise UsageError(
            f"`{command}` has no terminal to ask on, and lacks {' and '.join(missing)}",
            hint=f"`{command} https://host --username me --password-stdin < file`, or --token-stdin",
            docs=_DOCS,
        )
    interrupt_waiting()
    url = base_address(url or _answer("address of the server"))  # what is no address is told before a secret is typed
    if token_stdin:
        return Given(url, token=_from_stdin("access token"))
    if password_stdin:
        return Given(url, username, _from_stdin("password"))
    username = username or _answer("user (empty for an access token)", empty=True)
    if username:
        return Given(url, username, _hidden("password"))
    return Given(url, token=_hidden("access token"))


@contextmanager
def speaking_of_arguments(given: Given) -> Iterator[None]:
    """Let errors of the client advise on what was given here, not on variables of the environment."""
    try:
        yield
    except RemoteError as error:
        if "PATTERNS_DHIS2_" in error.hint and isinstance(error, AuthenticationFailed):
            error.hint = f"check {given}" if given.token else f"check {given} and the password"
        if isinstance(error, NotFound):
            error.hint = (
                "check that this is the address of a DHIS2 server, with the path that a browser shows, as in /dhis"
            )
        error.hint = error.hint.replace("PATTERNS_DHIS2_URL is the", "this is the")
        error.hint = error.hint.replace("PATTERNS_DHIS2_URL", "the address")
        raise


def _answer(question: str, *, empty: bool = False) -> str:
    try:
        answer = input(f"{question}: ").strip()
    except EOFError:
        answer = ""
    if not answer and not empty:
        raise UsageError(f"no {question} was given", hint="type it, or give it as an argument", docs=_DOCS)
    return answer


def _hidden(question: str) -> str:
    try:
        answer = getpass.getpass(f"{question}: ")
    except EOFError:
        answer = ""
    if not answer:
        raise UsageError(f"no {question} was given", hint="type it, or paste it", docs=_DOCS)
    return answer


def _from_stdin(what: str) -> str:
    try:
        text = sys.stdin.read(_LONGEST + 1)
    except UnicodeDecodeError:
        text = "\n\n"
    lines = text.rstrip("\r\n").splitlines()
    if len(lines) != 1 or len(text) > _LONGEST or not lines[0].strip():
        raise UsageError(
            f"standard input does not hold one line with the {what}", hint=f"pipe the {what} in, alone", docs=_DOCS
        )
    return lines[0]
