"""What one sandbox holds: its release, its day, its metadata, its values."""

from collections.abc import Mapping
from datetime import date
from functools import cached_property

from starlette.requests import Request

from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Patch
from prefect_patterns.sandbox.dhis2.release import Release
from prefect_patterns.sandbox.dhis2.values import SEED, Values

__all__ = ["PASSWORD", "USERNAME", "Site", "flag", "integer", "parameters"]

USERNAME, PASSWORD = "admin", "district"


class Site:
    """One server's state, which its endpoints share.

    Args:
        release: What it imitates.
        today: Its day; the values end with the last whole month before it.
        seed: Of the data values.
        patch: Changes of the metadata, as `Metadata` takes them.
    """

    def __init__(self, release: Release, today: date, *, seed: int = SEED, patch: Patch | None = None) -> None:
        self.release = release
        self.today = today
        self.metadata = Metadata(patch)
        self._seed = seed

    @cached_property
    def values(self) -> Values:
        """The data values, made when they are first asked for."""
        return Values(today=self.today, seed=self._seed)


def parameters(request: Request) -> dict[str, list[str]]:
    """Return the parameters of the request's query, each with all its values."""
    return {name: request.query_params.getlist(name) for name in request.query_params}


def flag(request: Request, name: str) -> bool:
    """Return whether the parameter *name* is `true`."""
    return request.query_params.get(name, "").lower() == "true"


def integer(query: Mapping[str, list[str]], name: str, default: int) -> int:
    """Return the number that the parameter *name* has; *default* where it is missing or below 1.

    Raises:
        Refusal: It is no number (400).
    """
    text = query.get(name, [str(default)])[-1]
    try:
        number = int(text)
    except ValueError:
        raise Refusal(400, f"Unable to parse `{text}` as `Integer`.", "E1003") from None
    return number if number > 0 else default
