"""What goes wrong on request: calls that fail so many times, slow answers, connections that break off."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from prefect_patterns.sandbox.httpbox.problems import Problem, answer, integer, number

__all__ = ["BrokenOff", "Flaky", "broken_off", "drop", "slow"]

_KEYS = 10_000
_MOST = 16 * 1024 * 1024  # bytes
_BLOCK = bytes(range(32, 127)) * 100


class BrokenOff(Exception):
    """Ends a response half-way: the server then closes the connection."""


class Flaky:
    """Endpoints that fail at first, one for each key; it counts their calls."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, tuple[int, int]] = OrderedDict()  # all calls, those that failed

    async def call(self, request: Request) -> Response:
        """Fail the first `fail` calls of this key, with `status` or by breaking off; then succeed."""
        key = request.path_params["key"]
        fail = integer(request, "fail", 1, most=1_000_000)
        status = integer(request, "status", 503, least=400, most=599)
        wait = number(request, "retry_after", -1, most=3600)
        drop_after = integer(request, "drop", -1, most=_MOST)
        await asyncio.sleep(number(request, "delay", 0, most=60))
        calls, failed = self.count(key, fail)
        if calls > fail:
            return answer({"key": key, "calls": calls, "failed": failed})
        if drop_after >= 0:
            return broken_off(drop_after, declared=drop_after + 1)
        headers = {"retry-after": f"{wait:g}"} if wait >= 0 else {}
        raise Problem(status, f"This is call {calls} of {key}; the first {fail} fail.", headers=headers)

    def count(self, key: str, fail: int) -> tuple[int, int]:
        """Count one more call of *key*; return how many there were, and how many of them were among the first *fail*.

        Only so many keys are remembered: the one that was called longest ago is forgotten first.
        """
        calls, failed = self._calls.pop(key, (0, 0))
        calls += 1
        failed += calls <= fail
        self._calls[key] = calls, failed
        if len(self._calls) > _KEYS:
            self._calls.popitem(last=False)
        return calls, failed

    async def report(self, request: Request) -> Response:
        """Say how often a key was called and how often it failed; this does not count as a call."""
        key = request.path_params["key"]
        calls, failed = self._calls.get(key, (0, 0))
        return answer({"key": key, "calls": calls, "failed": failed})

    async def forget(self, request: Request) -> Response:
        """Start a key again."""
        with suppress(KeyError):
            del self._calls[request.path_params["key"]]
        return Response(status_code=204)


async def slow(request: Request) -> Response:
    """Answer `bytes` bytes in `pieces` pieces, with `delay` seconds before the first and `pause` between two."""
    size = integer(request, "bytes", 1000, most=_MOST)
    pieces = integer(request, "pieces", 5, least=1, most=1000)
    delay = number(request, "delay", 0, most=60)
    pause = number(request, "pause", 0.1, most=60)

    async def body() -> AsyncIterator[bytes]:
        for index in range(pieces):
            await asyncio.sleep(pause if index else 0)
            for block in _blocks(size * (index + 1) // pieces - size * index // pieces):
                yield block

    await asyncio.sleep(delay)
    return StreamingResponse(body(), headers={"content-type": "text/plain", "content-length": str(size)})


def drop(request: Request) -> Response:
    """Announce `bytes` bytes and close the connection after `after` of them."""
    size = integer(request, "bytes", 1000, least=1, most=_MOST)
    return broken_off(integer(request, "after", size // 2, most=size - 1), declared=size)


def broken_off(after: int, *, declared: int) -> Response:
    """Return an answer of *declared* bytes that breaks off after so many."""

    async def body() -> AsyncIterator[bytes]:
        for block in _blocks(after):
            yield block
        yield b""
        raise BrokenOff

    return StreamingResponse(body(), headers={"content-type": "text/plain", "content-length": str(declared)})


def _blocks(size: int) -> list[bytes]:
    whole, rest = divmod(size, len(_BLOCK))
    return [_BLOCK] * whole + [_BLOCK[:rest]] * bool(rest)
