"""Where a flow's DHIS2 credentials come from: each source looked at in turn, and the decision as a value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from prefect_patterns.errors import ConfigError, PatternsError
from prefect_patterns.http import base_address
from prefect_patterns.settings import Settings

__all__ = ["Explanation", "Source", "decide", "from_environment"]

C = TypeVar("C")
_DOCS = "docs/dhis2.md#credentials"
_FIELDS = {
    "PATTERNS_DHIS2_URL": "base_url",
    "PATTERNS_DHIS2_USERNAME": "username",
    "PATTERNS_DHIS2_PASSWORD": "password",
    "PATTERNS_DHIS2_TOKEN": "token",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One place that may hold credentials, and what was found there; never a value.

    Args:
        state: `won`, `not set` (nothing is there), `wrong` (half-set or unusable: it ends the search), or `not asked`
            (a source before it decided).
        why: In words.
    """

    name: str
    state: Literal["won", "not set", "wrong", "not asked"]
    why: str


@dataclass(frozen=True, slots=True)
class Explanation(Generic[C]):
    """Which source won, and why.

    Args:
        sources: In the order in which they are asked.
        winner: The name of the source that won; empty when none did.
        found: What it holds, None when none won.
        error: Why none did; None when one won.
    """

    sources: tuple[Source, ...]
    winner: str
    found: C | None
    error: PatternsError | None

    def required(self) -> C:
        """Return what the winner holds.

        Raises:
            PatternsError: None won; the error says why.
        """
        if self.found is None:
            raise self.error or ConfigError("no source has any credentials", hint="set one of them", docs=_DOCS)
        return self.found


def decide(ways: list[tuple[str, str, Callable[[], C | None]]]) -> Explanation[C]:
    """Return the first source that has something; sources are never mixed, and a wrong one ends the search.

    Args:
        ways: Of each source its name, what it means that nothing is there, and a function that gives what is there.

    >>> explanation = decide([("a", "nothing given", lambda: None), ("b", "no file", lambda: 1), ("c", "", lambda: 2)])
    >>> explanation.winner, [source.state for source in explanation.sources]
    ('b', ['not set', 'won', 'not asked'])
    """
    sources: list[Source] = []
    decided = winner = ""
    found: C | None = None
    error: PatternsError | None = None
    for name, nothing, look in ways:
        if decided:
            sources.append(Source(name, "not asked", f"{decided} decided"))
            continue
        try:
            found = look()
        except PatternsError as trouble:
            decided, error = name, trouble
            sources.append(Source(name, "wrong", trouble.what))
        else:
            if found is None:
                sources.append(Source(name, "not set", nothing))
            else:
                decided = winner = name
                sources.append(Source(name, "won", "the first that is complete"))
    return Explanation(tuple(sources), winner, found, error)


def from_environment(settings: Settings) -> dict[str, Any] | None:
    """Return the fields of a credentials block that the environment sets, None when it sets nothing.

    Raises:
        ConfigError: They are half-set, or there is a token beside a user; the variables are named, no value is shown.
    """
    values = {
        "PATTERNS_DHIS2_URL": settings.dhis2_url,
        "PATTERNS_DHIS2_USERNAME": settings.dhis2_username,
        "PATTERNS_DHIS2_PASSWORD": settings.dhis2_password,
        "PATTERNS_DHIS2_TOKEN": settings.dhis2_token,
    }
    there = [name for name, value in values.items() if value is not None]
    if not there:
        return None
    address, user, password, token = values
    both = [name for name in (user, password) if name in there]
    if both and token in there:
        raise ConfigError(
            f"the DHIS2 credentials in the environment are double: {' and '.join(both)} beside PATTERNS_DHIS2_TOKEN",
            hint=f"unset PATTERNS_DHIS2_TOKEN, or unset {' and '.join(both)}",
            docs=_DOCS,
        )
    needed = (address, token) if token in there else (address, user, password)
    missing = [name for name in needed if name not in there]
    if missing:
        raise ConfigError(
            f"the DHIS2 credentials in the environment are incomplete: {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing",
            hint=f"set {' and '.join(missing)}, or unset {' and '.join(there)}",
            docs=_DOCS,
        )
    try:
        base_address(str(values[address]))
    except ConfigError as error:
        raise ConfigError(f"PATTERNS_DHIS2_URL: {error.what}", hint=error.hint, docs=_DOCS) from None
    return {_FIELDS[name]: values[name] for name in needed}
