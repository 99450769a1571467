"""The only reader of time: modules take a `Clock`, tests give them `testing.FakeClock`."""

import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["SYSTEM", "Clock"]


class Clock(Protocol):
    """What code may ask of time."""

    def monotonic(self) -> float:
        """Return seconds that never go back, from an arbitrary start."""

    def now(self) -> datetime:
        """Return the current moment, in UTC with its time zone."""

    def sleep(self, seconds: float) -> None:
        """Return *seconds* later."""


class _SystemClock:
    def monotonic(self) -> float:
        return time.monotonic()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


SYSTEM: Clock = _SystemClock()
