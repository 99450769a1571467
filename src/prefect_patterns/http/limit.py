"""Requests that keep a distance: a rate that all clients of a host in this process share."""

import os
import threading
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import httpx

from prefect_patterns.clock import Clock
from prefect_patterns.errors import ConfigError

__all__ = ["Paced", "next_slot"]


def next_slot(free_from: float, now: float, rate: float) -> tuple[float, float]:
    """Return when the next request may go, and from when the one after it: a token bucket that holds one token.

    Args:
        free_from: What the last call returned second, in seconds of the clock that *now* is of.
        rate: Requests a second.

    >>> next_slot(0.0, 10.0, 2), next_slot(10.5, 10.0, 2)
    ((10.0, 10.5), (10.5, 11.0))
    """
    slot = max(free_from, now)
    return slot, slot + 1 / rate


class _Host:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.free_from = 0.0


# By clock, so that its seconds mean the same to all who share a host; kept after the last client is closed, or many
# short-lived ones would not keep their distance.
_hosts: WeakKeyDictionary[Clock, dict[tuple[str, str, int | None], _Host]] = WeakKeyDictionary()
_hosts_lock = threading.Lock()


def _host(address: str, clock: Clock) -> _Host:
    parts = urlsplit(address)
    with _hosts_lock:
        return _hosts.setdefault(clock, {}).setdefault((parts.scheme, parts.hostname or "", parts.port), _Host())


def _forget() -> None:
    global _hosts_lock  # noqa: PLW0603 - in a child, a thread that held it is gone
    _hosts_lock = threading.Lock()
    _hosts.clear()


os.register_at_fork(after_in_child=_forget)


class Paced(httpx.BaseTransport):
    """A transport that spaces requests evenly: at most *rate* a second, together with the host's other paced clients.

    Clients of one host may have different rates: each keeps to its own, and all of them to the highest. Retries count
    as requests.

    Args:
        rate: Requests a second, also below 1.

    Raises:
        ConfigError: *rate* is not a number above 0.
    """

    def __init__(self, transport: httpx.BaseTransport, address: str, *, rate: float, clock: Clock) -> None:
        if isinstance(rate, bool) or not 0 < rate < float("inf"):
            raise ConfigError(f"requests a second must be a number above 0, not {rate!r}", hint="leave it out for none")
        self._transport = transport
        self._rate = rate
        self._clock = clock
        self._host = _host(address, clock)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send *request* when its turn has come."""
        with self._host.lock:
            now = self._clock.monotonic()
            slot, self._host.free_from = next_slot(self._host.free_from, now, self._rate)
        if slot > now:
            self._clock.sleep(slot - now)
        return self._transport.handle_request(request)

    def close(self) -> None:
        """Close what sends the requests."""
        self._transport.close()
