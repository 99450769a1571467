import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from prefect_patterns.dhis2 import Dhis2Client
from prefect_patterns.testing import FakeClock

Handler = Callable[[httpx.Request], httpx.Response]


class Served:
    """A DHIS2 server in memory: *handler* answers, `requests` keeps what was asked."""

    def __init__(self, handler: Handler, base_url: str = "http://dhis2.test", **options: object) -> None:
        self.requests: list[httpx.Request] = []
        self.clock = FakeClock()

        def answer(request: httpx.Request) -> httpx.Response:
            self.requests.append(request)
            return handler(request)

        user = {"username": "admin", "password": "s3cret"}
        self.client = Dhis2Client(base_url, transport=httpx.MockTransport(answer), clock=self.clock, **(user | options))

    @property
    def paths(self) -> list[str]:
        return [urlsplit(str(request.url)).path for request in self.requests]


@pytest.fixture
def served() -> Callable[..., Served]:
    """Give a function that makes a client of a server in memory: of a handler, or of one answer for everything."""

    def make(answer: Handler | httpx.Response | object, **options: object) -> Served:
        if callable(answer):
            return Served(answer, **options)

        def handler(request: httpx.Request) -> httpx.Response:
            if isinstance(answer, httpx.Response):
                return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
            return httpx.Response(200, json=answer)

        return Served(handler, **options)

    return make


@pytest.fixture
def recorded() -> Callable[[str], dict[str, object]]:
    """Give a function that reads a recorded answer."""
    here = Path(__file__).parent
    folders = (here / "recorded", here.parent / "data" / "dhis2")
    return lambda name: json.loads(next(path for f in folders if (path := f / name).exists()).read_text())
