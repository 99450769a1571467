"""A clock that tests move by hand."""

from datetime import UTC, datetime, timedelta

__all__ = ["FakeClock"]


class FakeClock:
    """A `Clock` on which sleeping takes no time: it moves the clock on and is written down.

    Args:
        start: The first moment, with its time zone.

    >>> clock = FakeClock()
    >>> clock.sleep(90)
    >>> clock.now().isoformat(), clock.sleeps
    ('2026-01-01T00:01:30+00:00', [90])
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        """Return the seconds that passed since the start."""
        return self._elapsed

    def now(self) -> datetime:
        """Return the current moment in UTC."""
        return (self._start + timedelta(seconds=self._elapsed)).astimezone(UTC)

    def sleep(self, seconds: float) -> None:
        """Move the clock on by *seconds* and write them down in `sleeps`."""
        self.sleeps.append(seconds)
        self._elapsed += seconds

    def advance(self, seconds: float) -> None:
        """Move the clock on by *seconds*, as if something took that long."""
        self._elapsed += seconds
