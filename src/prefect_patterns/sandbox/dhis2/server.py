"""The child process: two loopback ports, announced once both answer, gone when the parent is.

The parent writes one JSON object to stdin and keeps the pipe open; when that closes,
for whatever reason, the child ends.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

import uvicorn

from prefect_patterns.clock import SYSTEM, Clock
from prefect_patterns.sandbox.dhis2.app import build_app, serve_app
from prefect_patterns.sandbox.dhis2.faults import control
from prefect_patterns.sandbox.dhis2.guards import HostCheck
from prefect_patterns.sandbox.dhis2.values import SEED

__all__ = ["main"]


class _Server(uvicorn.Server):
    """A server that leaves the process's signals alone and says when it answers."""

    def __init__(self, app: Any) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
            )
        )
        self.ready = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def main(clock: Clock = SYSTEM) -> None:
    """Read what to serve from stdin, and serve it until the parent goes."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: os._exit(0))  # nothing here is worth a shutdown
    given = json.loads(sys.stdin.buffer.readline() or b"{}")
    today = date.fromisoformat(given["today"]) if given.get("today") else clock.now().date()
    try:
        sockets = [_listen(int(given.get("port") or 0)), _listen(0)]
    except OSError as error:
        _say({"error": os.strerror(error.errno or 0)})
        os._exit(6)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    app = build_app(today=today, seed=int(given.get("seed", SEED)), patch=given.get("patch"))
    asyncio.run(_serve(serve_app(app), HostCheck(control(app, str(given["token"]))), sockets))


async def _serve(api: Any, controls: Any, sockets: list[socket.socket]) -> None:
    servers = [_Server(api), _Server(controls)]
    tasks = [asyncio.create_task(server.serve([each])) for server, each in zip(servers, sockets, strict=True)]
    for server in servers:
        await server.ready.wait()
    _say({"port": sockets[0].getsockname()[1], "control": sockets[1].getsockname()[1]})
    await asyncio.gather(*tasks)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio: no Nagle delay
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


def _say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    with suppress(OSError, ValueError):
        while os.read(0, 1024):
            pass
    os._exit(0)
