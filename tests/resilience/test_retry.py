from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.errors import (
    AuthenticationFailed,
    ConfigError,
    QueryRefused,
    RemoteUnavailable,
    UnexpectedAnswer,
    UsageError,
    WaitTimeout,
)
from prefect_patterns.resilience import backoff, is_worth_retrying, retry_after

NOON = datetime(2026, 7, 15, 12, tzinfo=UTC)


@given(
    retries=st.integers(0, 20),
    first=st.floats(0, 10),
    factor=st.floats(1, 4),
    longest=st.floats(0, 60),
    jitter=st.floats(0, 1),
)
def test_a_pause_is_never_longer_than_asked_and_never_loses_more_than_the_jitter(
    retries, first, factor, longest, jitter
):
    least = backoff(retries, first=first, factor=factor, longest=longest, jitter=jitter, random=lambda: 1)
    most = backoff(retries, first=first, factor=factor, longest=longest, jitter=0)
    assert len(least) == len(most) == retries
    assert most == sorted(most)
    assert all(
        high <= longest and low == pytest.approx(high * (1 - jitter)) for low, high in zip(least, most, strict=True)
    )


def test_wrong_arguments_of_a_backoff_are_all_named():
    with pytest.raises(UsageError, match=r"retries.*factor.*jitter"):
        backoff(-1, factor=0.5, jitter=2)


@pytest.mark.parametrize(
    "error",
    [RemoteUnavailable("down"), WaitTimeout("feed", waited=1, checks=1), TimeoutError(), ConnectionResetError()],
)
def test_what_may_pass_is_worth_a_retry(error):
    assert is_worth_retrying(error)


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationFailed("no"),
        QueryRefused("no"),
        UnexpectedAnswer("no"),
        ConfigError("no"),
        ValueError(),
        OSError(),
        KeyboardInterrupt(),
    ],
)
def test_what_will_not_pass_is_not_worth_a_retry(error):
    assert not is_worth_retrying(error)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        (" 7 ", 7),
        (format_datetime(NOON + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(NOON - timedelta(days=1), usegmt=True), 0),
        ("Wed Jul 15 12:00:05 2026", 5),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("soon", None),
        ("٣", None),
    ],
)
def test_retry_after_knows_seconds_and_dates(header, seconds):
    assert retry_after(header, NOON) == seconds
