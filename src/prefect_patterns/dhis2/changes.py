"""What changed on a server since a moment: what is new or different, and what is gone."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from prefect_patterns.errors import UsageError

__all__ = ["Change", "Changes", "ServerTime", "object_changes"]

T = TypeVar("T")
_YEAR = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Change:
    """An object that was made or changed since, or one that is no longer there.

    Args:
        row: The object as it is now; None when it is gone.
    """

    kind: Literal["upsert", "deletion"]
    id: str
    row: dict[str, Any] | None = None


class Changes(Generic[T]):
    """An iterator over changes that knows where the next reading starts.

    Store `watermark` when the iteration has ended, and give it as `since` the next time. It is the server's time before
    the reading began, less a margin: what another user was writing meanwhile comes next time, and what was written
    within the margin comes twice.

    >>> changes = Changes(iter(["a"]), "2026-07-15T07:55:00.000")
    >>> list(changes), changes.watermark
    (['a'], '2026-07-15T07:55:00.000')
    """

    def __init__(self, items: Iterator[T], watermark: str) -> None:
        self._items = items
        self.watermark = watermark

    def __iter__(self) -> Iterator[T]:
        return self._items

    def __next__(self) -> T:
        return next(self._items)


@dataclass(frozen=True, slots=True)
class ServerTime:
    """A server's clock, as `/api/system/info` tells it: the one that stamps what it stores.

    >>> server = ServerTime.of({"serverDate": "2026-07-15T08:00:00.000", "serverTimeZoneId": "Africa/Freetown"})
    >>> server.text("2026-07-01"), server.watermark(300, otherwise="")
    ('2026-07-01T00:00:00.000', '2026-07-15T07:55:00.000')
    """

    now: datetime | None
    zone: ZoneInfo | None

    @classmethod
    def of(cls, info: dict[str, Any]) -> "ServerTime":
        """Return the clock of the server that *info* describes."""
        try:
            now = datetime.fromisoformat(str(info.get("serverDate"))).replace(tzinfo=None)
        except ValueError:
            now = None
        try:
            zone = ZoneInfo(str(info.get("serverTimeZoneId")))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            zone = None
        return cls(now, zone)

    def text(self, moment: datetime | str) -> str:
        """Return *moment* as this server writes it: its own time, without a zone, in milliseconds rounded down.

        Args:
            moment: Without a zone it is the server's time already.

        Raises:
            UsageError: It is no moment, or has a zone while the server does not say its own.
        """
        try:
            when = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment.strip())
            if when.tzinfo is not None and self.zone is not None:
                when = when.astimezone(self.zone).replace(tzinfo=None)
        except (ValueError, TypeError, OverflowError, AttributeError):
            raise UsageError(
                f"{moment!r} is no moment to look for changes from",
                hint="give a datetime, or a text as 2026-07-15T08:00:00",
            ) from None
        if when.tzinfo is not None:
            raise UsageError(
                f"{moment!r} has a time zone, and the server does not say its own",
                hint="give the server's local time, without a zone",
            )
        return when.isoformat(timespec="milliseconds")

    def watermark(self, margin: float, *, otherwise: str) -> str:
        """Return where to start next time; *otherwise* when the server does not tell its time.

        In the hour that a clock going back shows twice it is the hour before: else the second one would hide what was
        stored in it.

        Args:
            margin: Seconds before the server's time now.

        Raises:
            UsageError: *margin* is negative, which would skip changes, or no number.
        """
        if not 0 <= margin <= _YEAR:
            raise UsageError(f"{margin!r} seconds are no margin", hint="give 0 to 31536000 seconds, as 300")
        if self.now is None:
            return otherwise
        mark = self.now - timedelta(seconds=margin)
        if self.zone is not None:
            first, second = (mark.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
            mark -= max(second - first, timedelta())
        return self.text(mark)


def object_changes(
    upserts: Iterable[tuple[str, dict[str, Any]]], known: Iterable[str] | None, ids_now: Callable[[], Iterable[str]]
) -> Iterator[Change]:
    """Yield the *upserts*, then what of *known* and of the upserts is no longer among the ids of now."""
    changed: set[str] = set()
    for key, row in upserts:
        changed.add(key)
        yield Change("upsert", key, row)
    if known is not None:
        gone = dict.fromkeys([*([known] if isinstance(known, str) else known), *changed])
        for key in ids_now():
            gone.pop(key, None)
        for key in gone:
            yield Change("deletion", key)
