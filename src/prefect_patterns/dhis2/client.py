"""The DHIS2 client: metadata, data values, analytics and geometry of one server."""

from typing import Self

import httpx
from pydantic import SecretStr

from prefect_patterns.clock import SYSTEM, Clock
from prefect_patterns.dhis2.analytics import AnalyticsReads
from prefect_patterns.dhis2.connection import Connection
from prefect_patterns.dhis2.identity import Identity
from prefect_patterns.dhis2.names import NameReads
from prefect_patterns.dhis2.value_reads import ValueReads
from prefect_patterns.errors import UsageError
from prefect_patterns.http import Retries

__all__ = ["Dhis2Client"]

_PATIENCE = Retries()


class Dhis2Client(ValueReads, AnalyticsReads, NameReads):
    """A DHIS2 server, read as one user: with a name and a password, or with a personal access token.

    The connection opens with the first request, is shared by threads, and is closed by `close()` or a `with` block.
    The client pickles (with its secret, without the connection) and never shows the secret.

    Every method raises a `RemoteError`: `AuthenticationFailed` for credentials, permissions and login pages,
    `QueryRefused` with the server's `code`, `NotFound`, `UnexpectedAnswer` for what is not DHIS2, and
    `RemoteUnavailable` when the server is down, late, or breaks off, after the retries.

    Args:
        base_url: As in the browser, with its context path if it has one: `https://play.im.dhis2.org/dev`.
        token: A personal access token, as `d2pat_…`, instead of the password.
        timeout: Seconds between two pieces of an answer; long analytics need long ones. The server's version and the
            user, which a server has at hand, are not waited for longer than 20.
        connect_timeout: Seconds to reach the server.
        retries: Patience with a server that is overloaded or away.
        page_size: Objects on a page of metadata; None for as many as make about a megabyte, and 500 of a short list.
        max_workers: Threads that fetch the pages of a list.
        max_connections: What no more are open than at once; more requests wait.
        requests_per_second: What no more are sent than, evenly spaced, by all clients of this host in this process.
        transport: Replaces the network in tests.

    Raises:
        ConfigError: *base_url* is not an http(s) address or carries credentials; the credentials are half, double, or
            such as cannot be sent.
        UsageError: A number cannot be; all of them are named.

    >>> Dhis2Client("https://play.im.dhis2.org/dev/api/", "admin", "district")
    Dhis2Client('https://play.im.dhis2.org/dev', username='admin')
    """

    def __init__(
        self,
        base_url: str,
        username: str | None = None,
        password: str | SecretStr | None = None,
        *,
        token: str | SecretStr | None = None,
        timeout: float = 60.0,
        connect_timeout: float = 5.0,
        retries: Retries = _PATIENCE,
        page_size: int | None = None,
        max_workers: int = 4,
        max_connections: int | None = None,
        requests_per_second: float | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Clock = SYSTEM,
    ) -> None:
        problems = [
            *([f"max_workers is {max_workers}, not 1 or more"] if max_workers < 1 else []),
            *([f"page_size is {page_size}, not 1 or more"] if page_size is not None and page_size < 1 else []),
            *([f"timeout is {timeout} s, not more than 0"] if not timeout > 0 else []),
            *([f"connect_timeout is {connect_timeout} s, not more than 0"] if not connect_timeout > 0 else []),
        ]
        if problems:
            raise UsageError(f"a client cannot be made so: {'; '.join(problems)}")
        self._connection = Connection(
            base_url,
            Identity.of(username, password, token),
            timeout=timeout,
            connect_timeout=connect_timeout,
            retries=retries,
            requests_per_second=requests_per_second,
            max_connections=max_connections,
            transport=transport,
            clock=clock,
        )
        self._page_size = page_size
        self._max_workers = max_workers

    def __repr__(self) -> str:
        by = f"username={self.username!r}" if self.username else "token='**********'"
        return f"Dhis2Client({self.base_url!r}, {by})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
