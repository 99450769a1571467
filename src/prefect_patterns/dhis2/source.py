"""Which server data came from, as whom it was read, and for which months."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from prefect_patterns.analytics import Period, months_before
from prefect_patterns.clock import SYSTEM, Clock

__all__ = ["Source"]


@dataclass(frozen=True, slots=True)
class Source:
    """A server, a user and a time.

    Args:
        system: What the server calls itself.
        months: The last whole months before the server's day, in order.
        asked: When it was asked, on our clock.
    """

    system: str
    address: str
    version: str
    user: str
    months: tuple[Period, ...]
    asked: datetime

    @classmethod
    def of(
        cls,
        info: Mapping[str, object],
        me: Mapping[str, object],
        address: str,
        *,
        months: int,
        clock: Clock = SYSTEM,
    ) -> "Source":
        """Return the source that `/api/system/info` and `/api/me` describe.

        Args:
            months: How many; they end with the last whole month before the server's date, or before ours when the
                server gives none.

        >>> info = {"version": "2.43.1", "serverDate": "2026-07-15T08:00:00.000"}
        >>> Source.of(info, {"username": "admin"}, "https://host", months=2).period
        'May 2026 to June 2026'
        """
        return cls(
            system=str(info.get("systemName") or "DHIS2"),
            address=address,
            version=str(info.get("version") or "unknown"),
            user=str(me.get("username") or "unknown"),
            months=months_before(_day(info.get("serverDate")) or clock.now().date(), months),
            asked=clock.now(),
        )

    @property
    def period(self) -> str:
        """The months in words."""
        first, last = self.months[0].name, self.months[-1].name
        return first if first == last else f"{first} to {last}"


def _day(moment: object) -> date | None:
    try:
        return date.fromisoformat(str(moment)[:10])
    except ValueError:
        return None
