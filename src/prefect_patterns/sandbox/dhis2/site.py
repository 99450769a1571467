"""What one sandbox holds: its release, its clock, its users, its metadata, its values, its settings."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from starlette.requests import Request

from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.jobs import Jobs
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Patch
from prefect_patterns.sandbox.dhis2.release import Release
from prefect_patterns.sandbox.dhis2.settings import SETTINGS
from prefect_patterns.sandbox.dhis2.users import ADMIN, User
from prefect_patterns.sandbox.dhis2.values import SEED, Values

__all__ = ["Site", "flag", "integer", "locale_of", "parameters", "user_of"]

_TABLES_HOUR = 2  # the analytics tables are made in the night


class Site:
    """One server's state, which its endpoints share.

    Args:
        release: What it imitates.
        today: Its day; the values end with the last whole month before it.
        seed: Of the data values.
        patch: Changes of the metadata, as `Metadata` takes them.
        scale: How many of each facility there are.
        settings: Changes of the system settings.
        analytics: The state of the analytics tables: `fresh`, `stale` (without the last month) or `missing`.
        now: The server's clock, in UTC; without it, noon of *today* for ever.
    """

    def __init__(
        self,
        release: Release,
        today: date,
        *,
        seed: int = SEED,
        patch: Patch | None = None,
        scale: int = 1,
        settings: Mapping[str, object] | None = None,
        analytics: str = "fresh",
        now: Callable[[], datetime] | None = None,
    ) -> None:
        noon = datetime.combine(today, time(12), UTC)
        self.release = release
        self.today = today
        self.now = now or (lambda: noon)
        self.scale = scale
        self.settings: dict[str, object] = {**SETTINGS, **(settings or {})}
        self.analytics = analytics
        # Stale tables were made while the last month went on: before any of its values came.
        self.tables_made = _night_before(_month_end(self.now()) if analytics == "stale" else self.now())
        self.jobs = Jobs(self)
        self.metadata = Metadata(patch, scale=scale)
        self._seed = seed

    @cached_property
    def values(self) -> Values:
        """The data values, made when they are first asked for."""
        return Values(today=self.today, seed=self._seed, scale=self.scale)


def _night_before(now: datetime) -> datetime:
    """Return the last time before *now* when the tables were made."""
    made = datetime.combine(now.date(), time(_TABLES_HOUR), UTC)
    return made if made <= now else made - timedelta(days=1)


def _month_end(now: datetime) -> datetime:
    """Return when the last whole month before *now* ended."""
    return datetime(now.year, now.month, 1, tzinfo=UTC) - timedelta(seconds=1)


def user_of(request: Request) -> User:
    """Return who asks; the superuser where nobody was asked at the door."""
    found = request.scope.get("user")
    return found if isinstance(found, User) else ADMIN


def parameters(request: Request) -> dict[str, list[str]]:
    """Return the parameters of the request's query, each with all its values."""
    return {name: request.query_params.getlist(name) for name in request.query_params}


def flag(request: Request, name: str) -> bool:
    """Return whether the parameter *name* is `true`."""
    return request.query_params.get(name, "").lower() == "true"


def locale_of(request: Request, site: Site) -> str:
    """Return the locale in which the request gets display names; empty for names that are not translated.

    It is the user's own unless the request names one. Up to 2.41 `translate=false` alone turns translation off; later
    releases ignore it, and `locale` too unless there is `translate=true`. Source: dhis2-core, UserContextInterceptor.
    """
    locale, translate = request.query_params.get("locale", ""), request.query_params.get("translate")
    if site.release.locale_needs_translate:
        locale = locale if translate == "true" else ""
    elif translate == "false" and not locale:
        return ""
    return (locale or str(site.settings["keyDbLocale"])).replace("-", "_")


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
