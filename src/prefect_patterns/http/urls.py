"""Addresses: checked once, compared by origin, shown without what is secret in them."""

import re
from urllib.parse import urlsplit, urlunsplit

from prefect_patterns.errors import ConfigError

__all__ = ["base_address", "is_loopback", "same_origin", "without_secrets"]

_DEFAULT_PORTS = {"http": 80, "https": 443}


def base_address(url: str) -> str:
    """Return *url* as the base of a service: no slash at its end, no space around it.

    Raises:
        ConfigError: It is not an http(s) address with a host, or it carries a user, a query or a fragment.

    >>> base_address(" https://play.im.dhis2.org/dev/ ")
    'https://play.im.dhis2.org/dev'
    """
    text = str(url).strip()  # also of a pydantic URL, or of a None that a variable was thought to hold
    problem = _problem(text)
    if problem:
        raise ConfigError(
            f"the address {without_secrets(text)!r} {problem}",
            hint="write it as https://host or https://host/path",
        )
    parts = urlsplit(text)
    return urlunsplit((parts.scheme.lower(), parts.netloc, parts.path.rstrip("/"), "", ""))


def same_origin(one: str, other: str) -> bool:
    """Return whether two addresses have the same scheme, host and port.

    >>> same_origin("https://dhis2.org/a", "https://DHIS2.org:443/b"), same_origin("https://a.org", "http://a.org")
    (True, False)
    """
    return _origin(one) == _origin(other)


def is_loopback(host: str) -> bool:
    """Return whether *host* names this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("example.org")
    (True, False)
    """
    name = host.strip("[]").lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost") or name == "::1" or _is_loopback_v4(name)


def without_secrets(url: str) -> str:
    """Return *url* without user information, query and fragment: what may stand in a message.

    >>> without_secrets("https://admin:district@dhis2.org/api/me?token=x")
    'https://dhis2.org/api/me'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        # Not to be taken apart by the standard, so by hand: what follows the last @ before any query.
        scheme, colon, rest = re.split(r"[?#]", url, maxsplit=1)[0].rpartition("://")
        return f"{scheme}{colon}{rest.rpartition('@')[2]}"
    netloc = parts.netloc.rpartition("@")[2]
    # What cannot be taken apart ("admin:district@host") may still hold a password before an @.
    path = parts.path if parts.netloc else parts.path.rpartition("@")[2]
    scheme = parts.scheme if parts.netloc or "@" not in parts.path else ""
    return urlunsplit((scheme, netloc, path, "", ""))


def _problem(text: str) -> str:
    try:
        parts = urlsplit(text)
        port_is_wrong = parts.port == 0
    except ValueError as error:
        return f"is not a web address ({error})" if "@" not in text else "is not a web address"
    if parts.scheme.lower() not in _DEFAULT_PORTS:
        return "does not start with http:// or https://"
    if not parts.hostname or port_is_wrong or any(char.isspace() for char in text):
        return "names no host" if not parts.hostname else "is not a web address"
    if "@" in parts.netloc:
        return "carries a user or password, which belong in the credentials"
    return "carries a query or a fragment" if parts.query or parts.fragment else ""


def _origin(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or _DEFAULT_PORTS.get(scheme)


def _is_loopback_v4(name: str) -> bool:
    numbers = name.split(".")
    return len(numbers) == 4 and all(number.isdigit() for number in numbers) and numbers[0] == "127"
