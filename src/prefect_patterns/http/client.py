"""One way to build an HTTP client: pooled, with time-outs, retries for what may be repeated, no redirects."""

import copy
import os
import random as _random
import ssl
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Self
from urllib.parse import urlsplit

import httpx
from httpx_retries import Retry, RetryTransport

from prefect_patterns.clock import SYSTEM, Clock
from prefect_patterns.errors import ConfigError, RemoteUnavailable
from prefect_patterns.http.limit import Paced
from prefect_patterns.http.urls import base_address, is_loopback, without_secrets
from prefect_patterns.resilience import backoff, retry_after

__all__ = ["DIVISIBLE", "WHOLE", "Retries", "build_client"]

WHOLE = {"whole": True}
"""Request extension: the body is read inside the retries, so that an answer that breaks off is asked for again."""

DIVISIBLE = {**WHOLE, "divisible": True}
"""Request extension: beside that, a gateway's time-out (504) is not asked again, because the caller asks for less."""

# A read that timed out is not asked again at once: the server is still busy with the first one.
_CONNECTION_ERRORS = (httpx.NetworkError, httpx.RemoteProtocolError)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently an idempotent request is repeated.

    Args:
        retries: Further tries after the first one; 0 for none.
        first: Seconds before the first retry.
        factor: By how much each pause is longer than the one before.
        longest: Seconds that no pause exceeds, also when `Retry-After` asks for more: then the request fails at once.
        jitter: Share of each pause, 0 to 1, that chance may take away.
    """

    retries: int = 4
    first: float = 0.4
    factor: float = 2.0
    longest: float = 30.0
    jitter: float = 0.5

    def pauses(self, random: Callable[[], float] = _random.random) -> list[float]:
        """Return the seconds before each retry.

        >>> Retries(3, jitter=0).pauses()
        [0.4, 0.8, 1.6]
        """
        return backoff(
            self.retries,
            first=self.first,
            factor=self.factor,
            longest=self.longest,
            jitter=self.jitter,
            random=random,
        )


def build_client(
    base_url: str,
    *,
    auth: httpx.Auth | tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 60.0,
    connect_timeout: float = 5.0,
    retries: Retries | None = Retries(),
    requests_per_second: float | None = None,
    max_connections: int | None = None,
    transport: httpx.BaseTransport | None = None,
    clock: Clock = SYSTEM,
    random: Callable[[], float] = _random.random,
) -> httpx.Client:
    """Return a client for the service at *base_url*; close it, or use it in a `with` block.

    GET, HEAD, PUT, DELETE and OPTIONS are repeated after 429, 502, 503, 504 and broken or refused connections; a
    `Retry-After` header sets the pause. Nothing else is repeated. The client follows no redirect. Proxies of the
    environment are used, but never for this machine.

    Args:
        base_url: Where relative addresses start.
        auth: Goes to every address the client is asked for: keep it to this service.
        timeout: Seconds between two pieces of an answer.
        connect_timeout: Seconds to reach the server.
        retries: None for no retries at all.
        requests_per_second: What no more are sent than, by all clients of this host in the process that set it.
        max_connections: What no more are open than at the same time; further requests wait for a free one.
        transport: Replaces the network in tests.
        random: Gives numbers from 0 to 1, for the jitter.

    Raises:
        ConfigError: *base_url* is not an http(s) address, or the environment names a proxy that cannot be used.

    >>> with build_client("http://dhis2.test", transport=httpx.MockTransport(lambda _: httpx.Response(204))) as client:
    ...     client.get("/api/ping").status_code
    204
    """
    address = base_address(base_url)
    policy = _Policy(retries or Retries(0), clock, random)
    network = transport or _network(address, max_connections)
    if requests_per_second is not None:
        network = Paced(network, address, rate=requests_per_second, clock=clock)
    return httpx.Client(
        base_url=address,
        auth=auth,
        headers={"User-Agent": "prefect-patterns", **(headers or {})},
        timeout=httpx.Timeout(timeout, connect=connect_timeout),
        transport=_Transport(network, policy),
        follow_redirects=False,
    )


class _AskedToWait(Exception):
    def __init__(self, seconds: float, status: int) -> None:
        super().__init__(seconds, status)
        self.seconds = seconds
        self.status = status


class _Policy(Retry):
    """httpx-retries' loop with our pauses: it knows neither a clock of ours nor a too long `Retry-After`."""

    def __init__(self, retries: Retries, clock: Clock, random: Callable[[], float]) -> None:
        super().__init__(total=retries.retries, retry_on_exceptions=_CONNECTION_ERRORS)
        self._retries = retries
        self._clock = clock
        self._random = random

    def increment(self) -> Self:
        following = copy.copy(self)
        following.attempts_made += 1
        return following

    def sleep(self, response: httpx.Response | Exception) -> None:
        policy = self._retries
        pause = policy.pauses(self._random)[self.attempts_made - 1]
        if isinstance(response, httpx.Response):
            asked = retry_after(response.headers.get("Retry-After", ""), self._clock.now())
            if asked is not None and asked > policy.longest:
                raise _AskedToWait(asked, response.status_code)
            # Never earlier than asked; the jitter comes on top, or all who were told the same come back together.
            pause = pause if not asked else asked + min(pause, asked) * policy.jitter * self._random()
        self._clock.sleep(pause)


class _Transport(RetryTransport):
    def __init__(self, transport: httpx.BaseTransport, policy: _Policy) -> None:
        super().__init__(transport, policy)
        self._whole = copy.copy(policy)
        self._whole.validate_response = _read
        self._divisible = copy.copy(self._whole)
        self._divisible.status_forcelist = self._whole.status_forcelist - {504}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.extensions.get("whole"):
            retry = self._divisible if request.extensions.get("divisible") else self._whole
            request.extensions.setdefault("retry", retry)
        try:
            return super().handle_request(request)
        except _AskedToWait as asked:
            raise RemoteUnavailable(
                f"{request.url.host} answered {asked.status} and asks to come back in {asked.seconds:g} s",
                hint=f"try again in {asked.seconds:g} s",
                method=request.method,
                url=without_secrets(str(request.url)),
                status=asked.status,
            ) from None


def _read(response: httpx.Response) -> None:
    response.read()


def _network(address: str, max_connections: int | None) -> httpx.HTTPTransport:
    if max_connections is not None and max_connections < 1:
        raise ConfigError(f"at least 1 connection is needed, not {max_connections}", hint="leave it out for no limit")
    proxy = _proxy(address)
    limits = httpx.Limits(max_connections=max_connections or 100, max_keepalive_connections=20)
    try:
        tls = _tls(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        return httpx.HTTPTransport(verify=tls, proxy=proxy, limits=limits)
    except (ValueError, ImportError) as error:
        raise ConfigError(
            f"the proxy {without_secrets(proxy or '')!r} of the environment cannot be used: {error}",
            hint="correct or unset HTTP_PROXY, HTTPS_PROXY and ALL_PROXY",
        ) from None


@cache
def _tls(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    # To read the certificates takes longer than most requests: once for each place of the environment.
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        raise ConfigError(
            f"the certificates that the environment names cannot be read: {error.strerror or type(error).__name__}",
            hint="correct or unset SSL_CERT_FILE and SSL_CERT_DIR",
        ) from None


def _proxy(address: str) -> str | None:
    # httpx reads the proxies of the environment only for a client that has no transport of its own.
    parts = urlsplit(address)
    host = parts.hostname or ""
    if is_loopback(host) or urllib.request.proxy_bypass(parts.netloc):
        return None
    proxies = urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"
