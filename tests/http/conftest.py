from collections.abc import Callable

import httpx
import pytest
from starlette.testclient import TestClient


@pytest.fixture
def in_process() -> Callable[..., httpx.MockTransport]:
    """Give a function that makes a transport to an application in this process, and notes what it was asked."""

    def transport(app, log=None):
        server = TestClient(app, follow_redirects=False)

        def handle(request: httpx.Request) -> httpx.Response:
            answer = server.request(
                request.method,
                request.url.raw_path.decode(),
                content=request.read(),
                headers=list(request.headers.items()),
            )
            if log is not None:
                log.append((request.method, request.url.path, answer.status_code))
            return httpx.Response(answer.status_code, headers=list(answer.headers.items()), content=answer.content)

        return httpx.MockTransport(handle)

    return transport
