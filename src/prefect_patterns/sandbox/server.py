"""A sandbox's child process: two loopback ports, announced once both answer, gone when the parent is.

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
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

__all__ = ["run"]

Applications = tuple[Any, Any]

# Bytes of a request's line and headers: a long URL is refused by a fault, with 414, or not at all.
_LONGEST_HEAD = 1 << 18


class _Server(uvicorn.Server):
    """A server that leaves the process's signals alone and says when it answers."""

    def __init__(self, app: Any, *, date_header: bool = True) -> None:
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
                date_header=date_header,
                h11_max_incomplete_event_size=_LONGEST_HEAD,
            )
        )
        self.ready = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def run(build: Callable[[Mapping[str, Any]], Applications], *, date_header: bool = True) -> None:
    """Read from stdin what to serve, and serve it until the parent goes.

    Args:
        build: Gives the service's application and that of the control port, from what the parent wrote.
        date_header: Whether answers get the Date header; an application may write its own.
    """
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: os._exit(0))  # nothing here is worth a shutdown
    given: Mapping[str, Any] = json.loads(sys.stdin.buffer.readline() or b"{}")
    try:
        sockets = [_listen(int(given.get("port") or 0)), _listen(0)]
    except OSError as error:
        _say({"error": os.strerror(error.errno or 0)})
        os._exit(6)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    asyncio.run(_serve(build(given), sockets, date_header=date_header))


async def _serve(applications: Applications, sockets: list[socket.socket], *, date_header: bool) -> None:
    servers = [_Server(application, date_header=date_header) for application in applications]
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


def _say(what: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    with suppress(OSError, ValueError):
        while os.read(0, 1024):
            pass
    os._exit(0)
