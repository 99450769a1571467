"""httpbox's application: its paths, and a list of them at `/`."""

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from prefect_patterns.clock import SYSTEM, Clock
from prefect_patterns.sandbox.httpbox.demo import DEMO
from prefect_patterns.sandbox.httpbox.doors import Doors
from prefect_patterns.sandbox.httpbox.files import Files
from prefect_patterns.sandbox.httpbox.flaky import Flaky, drop, slow
from prefect_patterns.sandbox.httpbox.oauth2 import OAuth2
from prefect_patterns.sandbox.httpbox.paging import Items
from prefect_patterns.sandbox.httpbox.problems import Problem, answer, body_of, parsed, problem_of
from prefect_patterns.sandbox.httpbox.webhooks import Inbox
from prefect_patterns.sandbox.proxy import Faults

__all__ = ["build_app"]

_ANY = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SECRET = {"authorization", "cookie", "proxy-authorization", "x-api-key"}
_LARGEST = 1024 * 1024

Endpoint = Callable[[Request], Any]


def build_app(
    *, seed: int = 0, webhook_secret: str = DEMO.webhook_secret, token_lifetime: float = 3600, clock: Clock = SYSTEM
) -> Faults:
    """Return the whole application, with its faults in front; wrap it in `HostCheck` before serving it.

    Args:
        seed: Of the files and the collection.
        webhook_secret: What the inbox expects webhooks to be signed with.
        token_lifetime: Seconds that an access token is good for, unless the token request says otherwise.
    """
    flaky, files, items, doors = Flaky(), Files(seed), Items(seed), Doors(DEMO)
    inbox = Inbox(webhook_secret, flaky, clock)
    oauth2 = OAuth2(DEMO, lifetime=token_lifetime, clock=clock)
    endpoints: list[tuple[str, tuple[str, ...], Endpoint]] = [
        ("/echo", _ANY, echo),
        ("/flaky/{key}", _ANY, flaky.call),
        ("/flaky/{key}/calls", ("GET",), flaky.report),
        ("/flaky/{key}/calls", ("DELETE",), flaky.forget),
        ("/slow", ("GET",), slow),
        ("/drop", ("GET",), drop),
        ("/files", ("GET",), files.listing),
        ("/files/{name}", ("GET",), files.download),
        ("/webhooks/inbox", ("POST",), inbox.receive),
        ("/webhooks/inbox", ("GET",), inbox.listing),
        ("/webhooks/inbox", ("DELETE",), inbox.empty),
        ("/oauth2/token", ("POST",), oauth2.token),
        ("/oauth2/revoke", ("POST",), oauth2.revoke),
        ("/protected/api-key", ("GET",), doors.api_key),
        ("/protected/basic", ("GET",), doors.basic),
        ("/protected/bearer", ("GET",), doors.bearer),
        ("/protected/oauth2", ("GET", "POST"), oauth2.resource),
        ("/pages/number", ("GET",), items.by_number),
        ("/pages/link", ("GET",), items.by_link),
        ("/pages/cursor", ("GET",), items.by_cursor),
    ]
    contents = [
        {
            "path": path,
            "methods": list(methods),
            "does": " ".join((endpoint.__doc__ or "").partition("\n\n")[0].split()),
        }
        for path, methods, endpoint in endpoints
    ]
    app = Starlette(
        routes=[
            Route("/", lambda _: answer({"service": "httpbox", "endpoints": contents})),
            Route("/api/ping", lambda _: PlainTextResponse("pong", headers={"cache-control": "no-store"})),
            *(Route(path, endpoint, methods=list(methods)) for path, methods, endpoint in endpoints),
        ],
        exception_handlers={Problem: problem_of, HTTPException: problem_of},
    )
    app.router.redirect_slashes = False
    return Faults(app)


async def echo(request: Request) -> Response:
    """Answer what was sent: method, path, query, headers without the secret ones, and the body as JSON or text."""
    body = (await body_of(request, most=_LARGEST)).decode(errors="replace")
    try:
        value = parsed(body)
    except ValueError:
        value = None
    return answer(
        {
            "method": request.method,
            "path": request.url.path,
            "query": {name: request.query_params.getlist(name) for name in request.query_params},
            "headers": {name: "***" if name in _SECRET else value for name, value in request.headers.items()},
            "text": body,
            "json": value,
        }
    )
