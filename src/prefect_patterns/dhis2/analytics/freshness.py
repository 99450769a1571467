"""How old the analytics tables are: what was reported since then is not in any answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Freshness"]

_MOMENTS = ("lastAnalyticsTableSuccess", "lastAnalyticsTablePartitionSuccess")


@dataclass(frozen=True, slots=True)
class Freshness:
    """When the analytics tables were made, by the server's own clock and in its own time.

    Args:
        made: None when the server does not say, or never made them.
        asked: The server's time when it was asked.
    """

    made: datetime | None
    asked: datetime | None

    @classmethod
    def of(cls, info: Mapping[str, object]) -> "Freshness":
        """Return what `/api/system/info` says; tables that are kept up by parts count from the last part.

        >>> Freshness.of({"lastAnalyticsTableSuccess": "2026-07-14T02:00:00.000", "serverDate": "2026-07-15T08:00"}).age
        datetime.timedelta(days=1, seconds=21600)
        """
        made = [moment for name in _MOMENTS if (moment := _moment(info.get(name))) is not None]
        return cls(max(made, default=None), _moment(info.get("serverDate")))

    @property
    def age(self) -> timedelta | None:
        """How long ago they were made; never less than nothing, and None when nobody can tell."""
        if self.made is None or self.asked is None:
            return None
        return max(self.asked - self.made, timedelta())

    def warning(self, oldest: timedelta = timedelta(days=1)) -> str | None:
        """Return in words that the tables are missing or older than *oldest*; None when all is well.

        >>> Freshness(None, None).warning()
        'the server does not say that its analytics tables were ever made'
        """
        if self.made is None:
            return "the server does not say that its analytics tables were ever made"
        if self.age is None or self.age <= oldest:
            return None
        days, hours = self.age.days, self.age.seconds // 3600
        old = f"{days} days" if days > 1 else f"{days * 24 + hours} hours"
        return (
            f"the analytics tables are {old} old ({self.made:%Y-%m-%d %H:%M}): what was reported since is not in them"
        )


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    if moment.year <= 1970:  # what a server says that never made them
        return None
    return moment.replace(tzinfo=None)  # the server's own time, as it gives both
