from datetime import UTC, datetime
from unittest.mock import MagicMock

import pytest

from prefect_patterns.dhis2.source import Source
from prefect_patterns.testing import FakeClock

CLOCK = FakeClock(datetime(2026, 3, 10, tzinfo=UTC))


def test_the_months_end_before_the_servers_day():
    info = {"serverDate": "2024-02-29T23:59:59.999", "version": "2.43.1", "systemName": "Demo"}
    source = Source.of(info, {"username": "me"}, "http://h", months=3, clock=CLOCK)
    assert [month.iso for month in source.months] == ["202311", "202312", "202401"]
    assert source.period == "November 2023 to January 2024"
    assert (source.system, source.version, source.user) == ("Demo", "2.43.1", "me")


@pytest.mark.parametrize("info", [{}, {"serverDate": None}, {"serverDate": "soon"}, MagicMock()])
def test_without_a_servers_day_our_own_counts(info):
    source = Source.of(info, {}, "http://h", months=1, clock=CLOCK)
    assert [month.iso for month in source.months] == ["202602"]


def test_a_single_month_is_named_once():
    assert Source.of({"serverDate": "2026-07-15"}, {}, "http://h", months=1, clock=CLOCK).period == "June 2026"
