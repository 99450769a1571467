"""As whom a server is read: a user with a password, or an access token."""

import re
from collections.abc import Generator
from dataclasses import dataclass

import httpx
from pydantic import SecretStr

from prefect_patterns.errors import ConfigError
from prefect_patterns.http import basic_value

__all__ = ["CREDENTIALS_PAGE", "Identity"]

CREDENTIALS_PAGE = "docs/dhis2.md#credentials"
_CHECK_USER = "check PATTERNS_DHIS2_USERNAME and PATTERNS_DHIS2_PASSWORD"
# What the server says of a token (DHIS2: ApiTokenErrors, ApiTokenAuthManager), and what its owner can do about it.
_TOKEN_HINTS = (
    (r"malformed|checksum", "copy the whole token again into PATTERNS_DHIS2_TOKEN: it starts with d2p"),
    (r"not allowed|method|referr?er|\bip\b", "the token is limited: allow it GET from this machine, or make another"),
    (r"expired|disabled|2fa|two.factor|not exist", "make a new token in your DHIS2 profile on this server"),
)
_TOKEN_TROUBLE = re.compile(r"api.?token|checksum", re.IGNORECASE)


class _TokenAuth(httpx.Auth):
    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"ApiToken {self._token.get_secret_value()}"
        yield request


@dataclass(frozen=True, slots=True)
class Identity:
    """A user with a password, or an access token; printed as messages name it.

    >>> str(Identity.of("admin", "district", None)), str(Identity.of(None, None, "d2p_abc"))
    ("the user 'admin'", 'the access token')
    """

    username: str | None
    password: SecretStr | None
    token: SecretStr | None

    @classmethod
    def of(cls, username: str | None, password: str | SecretStr | None, token: str | SecretStr | None) -> "Identity":
        """Return the identity that these make; an empty one is none, a name beside a token is only shown.

        Raises:
            ConfigError: They are incomplete, contradict each other, or cannot be sent; all problems are named.
        """
        name = username or None
        secret, key = _secret(password), _secret(token, strip=True)
        problems = []
        if key is not None and secret is not None:
            problems.append("both a password and an access token are given")
        if key is None and (name is None or secret is None):
            problems.append("neither a user with a password nor an access token is given")
        if name is not None and secret is not None:
            try:
                basic_value(name, secret.get_secret_value())
            except ConfigError as error:
                problems.append(error.what)
        if key is not None and not re.fullmatch(r"[!-~]+", key.get_secret_value()):
            problems.append("an access token is one word of ASCII characters, without `ApiToken` before it")
        if problems:
            raise ConfigError(
                "; ".join(problems),
                hint="give a user name and a password, as they are, or an access token",
                docs=CREDENTIALS_PAGE,
            )
        return cls(name, secret, key)

    @property
    def auth(self) -> httpx.Auth:
        """What signs the requests (DHIS2: `Authorization: ApiToken`, not Bearer)."""
        if self.token is not None:
            return _TokenAuth(self.token)
        password = self.password.get_secret_value() if self.password is not None else ""
        return httpx.BasicAuth(self.username or "", password)

    @property
    def makes_sessions(self) -> bool:
        """Whether the server opens a session for a request that brings no cookie: it does for a password."""
        return self.token is None

    def hint(self, said: str = "") -> str:
        """Return what to check when the server, which said *said*, does not accept it."""
        if self.token is None:
            return _CHECK_USER
        fitting = (hint for words, hint in _TOKEN_HINTS if re.search(words, said, re.IGNORECASE))
        return next(fitting, "check PATTERNS_DHIS2_TOKEN, and that the token is of this server")

    def is_refused(self, status: int, said: str, challenge: str) -> bool:
        """Return whether an answer refuses the credentials; a token that is not well formed is 400, not 401.

        Args:
            said: The message of the answer's envelope.
            challenge: Its `WWW-Authenticate` header.
        """
        if status == 400 and self.token is not None:
            return challenge.startswith("ApiToken") or bool(_TOKEN_TROUBLE.search(said))
        return status == 401

    def __str__(self) -> str:
        if self.token is None:
            return f"the user '{self.username}'"
        return f"the access token of '{self.username}'" if self.username else "the access token"


def _secret(value: str | SecretStr | None, *, strip: bool = False) -> SecretStr | None:
    text = (value.get_secret_value() if isinstance(value, SecretStr) else value) or ""
    text = text.strip() if strip else text  # files that hold a token end with a line feed
    return SecretStr(text) if text else None
