"""Requests of one process to one host keep their distance."""

import threading

import httpx
import pytest

from prefect_patterns.dhis2 import Dhis2Client
from prefect_patterns.errors import ConfigError
from prefect_patterns.http import Retries, build_client
from prefect_patterns.testing import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def client(clock):
    """Give a function that makes a client, and writes down when each of its requests is sent."""
    made = []

    def make(address="http://service.test", rate=2.0, answers=(200,), **options):
        left = list(answers)

        def answer(_):
            make.sent.append(clock.monotonic())
            return httpx.Response(left.pop(0) if len(left) > 1 else left[0], headers=options.get("headers", {}))

        made.append(
            build_client(
                address,
                requests_per_second=rate,
                transport=httpx.MockTransport(answer),
                clock=clock,
                retries=Retries(3, first=0.01, jitter=0),
            )
        )
        return made[-1]

    make.sent = []
    yield make
    for each in made:
        each.close()


def test_requests_are_spaced_evenly(client):
    one = client(rate=4)
    for _ in range(5):
        one.get("/")
    assert client.sent == [0, 0.25, 0.5, 0.75, 1.0]


def test_what_comes_later_by_itself_need_not_wait(client, clock):
    one = client(rate=2)
    one.get("/")
    clock.advance(10)
    one.get("/")
    one.get("/")
    assert client.sent == [0, 10, 10.5]


def test_clients_of_one_host_share_the_rate(client):
    one, two = client("http://service.test/dev"), client("http://service.test/prod")
    for each in (one, two, one, two):
        each.get("/")
    assert client.sent == [0, 0.5, 1.0, 1.5]


@pytest.mark.parametrize("other", ["http://other.test", "https://service.test", "http://service.test:8080"])
def test_another_host_has_its_own(client, other):
    client().get("/")
    client(other).get("/")
    assert client.sent == [0, 0]


def test_a_slower_client_keeps_to_its_own_rate(client):
    fast, slow = client(rate=10), client(rate=1)
    for each in (slow, fast, fast, slow):
        each.get("/")
    assert client.sent == pytest.approx([0, 1, 1.1, 1.2])


def test_retries_count_as_requests(client):
    one = client(rate=1, answers=(503, 503, 200))
    one.get("/")
    assert client.sent == [0, 1, 2]


def test_a_pause_that_the_server_asks_for_is_kept(client):
    one = client(rate=10, answers=(429, 200), headers={"Retry-After": "5"})
    one.get("/")
    assert client.sent == [0, 5]


def test_threads_wait_their_turn():
    """The clock of threads: each reads the time at which its own sleep ends."""

    class Clock(FakeClock):
        def sleep(self, seconds):
            self.sleeps.append(seconds)

    clock = Clock()
    with build_client(
        "http://service.test",
        requests_per_second=10,
        transport=httpx.MockTransport(lambda _: httpx.Response(200)),
        clock=clock,
    ) as one:
        threads = [threading.Thread(target=one.get, args=("/",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(clock.sleeps) == pytest.approx([0.1 * turn for turn in range(1, 8)])


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), True])
def test_a_rate_is_a_number_above_zero(rate):
    with pytest.raises(ConfigError, match="requests a second"):
        build_client("http://service.test", requests_per_second=rate)


def test_at_least_one_connection_is_needed():
    with pytest.raises(ConfigError, match="connection"):
        build_client("http://service.test", max_connections=0)


def test_the_number_of_connections_reaches_the_pool():
    with build_client("http://service.test", max_connections=3) as client:
        assert client._transport._sync_transport._pool._max_connections == 3


def test_two_dhis2_clients_of_one_server_share_its_rate():
    clock, sent = FakeClock(), []

    def answer(_):
        sent.append(clock.monotonic())
        return httpx.Response(200, json={})

    for user in ("one", "two", "three"):
        transport = httpx.MockTransport(answer)
        client = Dhis2Client(
            "http://dhis2.test", user, "s3cret", requests_per_second=2, transport=transport, clock=clock
        )
        client.me()
        client.close()  # the next one keeps its distance all the same
    assert sent == [0, 0.5, 1.0]
