"""Which errors are worth another try, and how long to pause before it."""

import random as _random
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from prefect_patterns.errors import RemoteUnavailable, UsageError

__all__ = ["backoff", "is_worth_retrying", "retry_after"]


def backoff(
    retries: int,
    *,
    first: float = 0.5,
    factor: float = 2.0,
    longest: float = 60.0,
    jitter: float = 0.5,
    random: Callable[[], float] = _random.random,
) -> list[float]:
    """Return the pauses before each of *retries* further tries; Prefect takes the list as `retry_delay_seconds`.

    Args:
        retries: How many tries come after the first one.
        first: Seconds before the first retry.
        factor: By how much each pause is longer than the one before.
        longest: Seconds that no pause exceeds.
        jitter: Share of each pause, 0 to 1, that chance may take away, so that clients do not come back together.
        random: Gives numbers from 0 to 1.

    Raises:
        UsageError: An argument is out of its range; all of them are named.

    >>> backoff(4, first=1, factor=2, longest=5, jitter=0)
    [1.0, 2.0, 4.0, 5.0]
    """
    wrong = [
        f"{name} must be {rule}, not {value!r}"
        for name, value, rule, holds in (
            ("retries", retries, "0 or more", retries >= 0),
            ("first", first, "0 or more", first >= 0),
            ("factor", factor, "1 or more", factor >= 1),
            ("longest", longest, "0 or more", longest >= 0),
            ("jitter", jitter, "between 0 and 1", 0 <= jitter <= 1),
        )
        if not holds
    ]
    if wrong:
        raise UsageError(f"these pauses cannot be: {'; '.join(wrong)}")
    pauses: list[float] = []
    pause = float(first)
    for _ in range(retries):
        pause = min(pause, float(longest))
        pauses.append(pause * (1 - jitter * random()) if jitter else pause)
        pause *= factor
    return pauses


def is_worth_retrying(error: BaseException) -> bool:
    """Return whether the same call may succeed later.

    A server that is down, late or gone half-way may be back; one that refused will refuse again, and so will a wrong
    argument. Errors of other libraries count when they are a `TimeoutError` or a `ConnectionError`.

    >>> is_worth_retrying(RemoteUnavailable("DHIS2 does not answer"))
    True
    >>> is_worth_retrying(UsageError("no such period"))
    False
    """
    return isinstance(error, RemoteUnavailable | TimeoutError | ConnectionError)


def retry_after(header: str, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks for; None when it says nothing that RFC 9110 knows.

    Args:
        header: Whole seconds, or an HTTP date.
        now: With its time zone; a date before it means 0.

    >>> noon = datetime(2026, 1, 5, 12, tzinfo=UTC)
    >>> retry_after("120", noon), retry_after("Mon, 05 Jan 2026 12:00:30 GMT", noon), retry_after("soon", noon)
    (120.0, 30.0, None)
    """
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:  # asctime dates carry no zone; RFC 9110 says they are in UTC
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
