"""A server that gives each answer once from another one, then from memory: so that a benchmark times clients only."""

import asyncio
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen
from urllib.parse import parse_qsl

import httpx

__all__ = ["replaying"]


@contextmanager
def replaying(upstream: str, username: str, password: str) -> Iterator[str]:
    """Give the address of a process that plays back what *upstream* answers to the user."""
    process = Popen([sys.executable, __file__, upstream, username, password], stdin=PIPE, stdout=PIPE, text=True)
    assert process.stdout
    try:
        yield f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
    finally:
        process.kill()
        process.wait()


class Player:
    """Answers GET requests over HTTP/1.1, keeping each whole answer as the bytes to send."""

    def __init__(self, upstream: str, username: str, password: str) -> None:
        self._answers: dict[str, bytes] = {}
        self._upstream = httpx.AsyncClient(
            base_url=upstream,
            auth=(username, password),
            headers={"Accept-Encoding": "identity"},  # every client is given the same bytes
            timeout=600,
        )

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        try:
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                target = request.split(b" ", 2)[1].decode()
                writer.write(await self._answer(target))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _answer(self, target: str) -> bytes:
        path, _, query = target.partition("?")
        # Clients write the same request in different orders.
        key = f"{path}?{sorted(parse_qsl(query))}"
        if key not in self._answers:
            answer = await self._upstream.get(target)
            head = (
                f"HTTP/1.1 {answer.status_code} OK\r\nContent-Type: {answer.headers['content-type']}\r\n"
                f"Set-Cookie: JSESSIONID=bench; Path=/\r\nContent-Length: {len(answer.content)}\r\n\r\n"
            )
            self._answers[key] = head.encode() + answer.content
        return self._answers[key]


async def main(upstream: str, username: str, password: str) -> None:
    """Serve until stdin closes."""
    server = await asyncio.start_server(Player(upstream, username, password).serve, "127.0.0.1", 0, limit=2**20)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)), daemon=True).start()
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
