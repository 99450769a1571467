"""The way to one DHIS2 server: one pool, one session, credentials that go nowhere else."""

import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from prefect_patterns.clock import SYSTEM, Clock
from prefect_patterns.dhis2 import answers
from prefect_patterns.dhis2.identity import Identity
from prefect_patterns.dhis2.versions import parse_version
from prefect_patterns.errors import RemoteUnavailable, UsageError
from prefect_patterns.http import DIVISIBLE, WHOLE, Retries, base_address, build_client, connection_failure

__all__ = ["Connection", "Params"]

T = TypeVar("T")
_PROMPT = 20.0  # seconds; the answer is short, but some servers are far away
Params = Mapping[str, str | int | bool | Sequence[str] | None]


class Connection:
    """GETs JSON from a DHIS2 server, or raises a typed error.

    It opens with the first request and may be used by several threads, and by a forked process, which opens its own.
    It pickles as its address and credentials.
    """

    _client: httpx.Client | None
    _has_session: bool
    _process: int
    _version: tuple[int, ...] | None
    _lock: threading.Lock
    _first: threading.Lock
    _asking: threading.Lock

    def __init__(
        self,
        base_url: str,
        identity: Identity,
        *,
        timeout: float,
        connect_timeout: float,
        retries: Retries,
        requests_per_second: float | None = None,
        max_connections: int | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        address = re.sub(r"/api(/\d+)?$", "", base_address(base_url))
        self.server = answers.Server(address, identity)
        self._settings: dict[str, Any] = {
            "timeout": timeout,
            "connect_timeout": connect_timeout,
            "retries": retries,
            "requests_per_second": requests_per_second,
            "max_connections": max_connections,
            "transport": transport,
            "clock": clock,
        }
        self._version = None
        self._reset()

    def __getstate__(self) -> dict[str, object]:
        return {"server": self.server, "_settings": self._settings, "_version": self._version}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._reset()

    def get(
        self,
        path: str,
        params: Params | None = None,
        *,
        prompt: bool = False,
        divisible: bool = False,
        load: Callable[[bytes], Any] | None = None,
    ) -> Any:
        """Return the JSON value at *path* below `/api`.

        Args:
            prompt: Whether a server that runs answers at once: then silence is soon an error, as with a wrong address.
            divisible: Whether the caller asks for less when a gateway gives up (504): then that is not asked again.
            load: Reads the body otherwise than as JSON, where it gives something else than None.
        """
        timeout = min(_PROMPT, self._settings["timeout"]) if prompt else self._settings["timeout"]

        def once() -> Iterator[Any]:
            with self._failures():
                response = self._request(path, params or {}, stream=False, timeout=timeout, divisible=divisible)
                yield answers.parse(response, self.server, load)

        return next(self.patient(once))

    @contextmanager
    def stream(self, path: str, params: Params) -> Iterator[httpx.Response]:
        """Yield the answer at *path* with its body unread; a body that breaks off ends the block with a typed error."""
        with self._failures():
            response = self._request(path, params, stream=True, timeout=self._settings["timeout"])
            try:
                if response.status_code != 200 or "json" not in response.headers.get("Content-Type", "json").lower():
                    response.read()
                answers.check(response, self.server)
                try:
                    yield response
                except httpx.RequestError as error:
                    raise answers.broken_off(response, self.server) from error
                except ValueError as error:  # the reader's: JSON that is cut off or wrong
                    raise answers.malformed(error, response, self.server) from None
            finally:
                response.close()

    def patient(self, stream: Callable[[], Iterator[T]]) -> Iterator[T]:
        """Yield what *stream* yields; start it again if the answer broke off before it gave anything."""
        for pause in [*self._settings["retries"].pauses(), None]:
            started = False
            try:
                for item in stream():
                    started = True
                    yield item
            except RemoteUnavailable as error:
                # Other troubles than a good answer that broke off were retried when it was asked for.
                if started or pause is None or error.status != 200:
                    raise
                self._settings["clock"].sleep(pause)
            else:
                return

    def version(self, ask: Callable[[], str]) -> tuple[int, ...]:
        """Return the server's version; *ask* is called once in a connection's life, by one thread."""
        if self._version is None:
            self._open()  # a forked process must not wait for a lock that its parent held
            with self._asking:
                if self._version is None:
                    self._version = parse_version(ask())
        return self._version

    def close(self) -> None:
        """Close the pool; a later request opens a new one."""
        with self._lock:
            client = self._client
            self._client = None
            self._has_session = False
        if client is not None:
            client.close()

    def _reset(self) -> None:
        self._client = None
        self._has_session = False
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._first = threading.Lock()
        self._asking = threading.Lock()

    def _open(self) -> httpx.Client:
        if self._process != os.getpid():  # after a fork: two processes would read each other's answers
            self._reset()
        with self._lock:
            if self._client is None:
                self._client = build_client(
                    f"{self.server.base_url}/api/",
                    auth=self.server.identity.auth,
                    headers={"Accept": "application/json"},
                    **self._settings,
                )
            return self._client

    def _request(
        self, path: str, params: Params, *, stream: bool, timeout: float, divisible: bool = False
    ) -> httpx.Response:
        client = self._open()
        patience = httpx.Timeout(timeout, connect=self._settings["connect_timeout"])

        def ask(url: httpx.URL | str, query: httpx.QueryParams | None = None) -> httpx.Response:
            extensions = {} if stream else dict(DIVISIBLE if divisible else WHOLE)
            request = client.build_request("GET", url, params=query, timeout=patience, extensions=extensions)
            return client.send(request, stream=stream)

        response = self._in_session(lambda: ask(_checked(path), _query(params)))
        if self._lost_session(response, client):
            response.close()
            response = self._in_session(lambda: ask(_checked(path), _query(params)))
        if response.has_redirect_location:
            target = answers.check_redirect(response, self.server)
            response.close()
            response = self._in_session(lambda: ask(target))
            if response.has_redirect_location:
                response.close()
                answers.check_redirect(response, self.server)
                raise answers.unexpected("redirects again and again", response, self.server)
        return response

    def _in_session(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        # Each request without the session's cookie makes a new session, and DHIS2 allows a user ten of them.
        # So the first one goes alone, and the others are built when its cookie is there; if it fails they need not
        # queue for the same failure. A token makes no session.
        if self.server.identity.makes_sessions and not self._has_session:
            with self._first:
                if not self._has_session:
                    try:
                        return ask()
                    finally:
                        self._has_session = True
        return ask()

    def _lost_session(self, response: httpx.Response, client: httpx.Client) -> bool:
        """Return whether the server ended the session of this request, so that it is worth a new one.

        DHIS2 ends the oldest session of a user who has too many, and sends its next request to the login page.
        """
        cookie = response.request.headers.get("Cookie")
        if cookie is None or not response.has_redirect_location or not answers.is_to_login(response):
            return False
        with self._first:
            if client.build_request("GET", "").headers.get("Cookie") == cookie:  # else another thread has a new one
                client.cookies.clear()
                self._has_session = False
        return True

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except httpx.RequestError as error:
            if "location header" in str(error):  # httpx reads it before anybody asks where it leads
                raise answers.astray(error.request, self.server) from error
            raise connection_failure(
                error, service=str(self.server), hint="check PATTERNS_DHIS2_URL and that the server runs"
            ) from error
        except httpx.InvalidURL as error:
            raise UsageError(f"{self.server} cannot be asked: {error}") from error


def _checked(path: str) -> str:
    relative = path.strip().strip("/")
    if not re.fullmatch(r"[\w.~:-]+(/[\w.~:-]+)*", relative, re.ASCII) or ".." in relative:
        raise UsageError(f"{path!r} is not a path of the DHIS2 API", hint="give it as `organisationUnits`, without `?`")
    return relative.removeprefix("api/")


def _query(params: Params) -> httpx.QueryParams:
    pairs: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in params.items():
        if isinstance(value, bool):
            pairs.append((name, str(value).lower()))
        elif isinstance(value, str | int):
            pairs.append((name, str(value)))
        elif value is not None:
            pairs.extend((name, item) for item in value)
    return httpx.QueryParams(pairs)
