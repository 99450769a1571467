"""Files to download: made from a seed, with ranges, validators and checksums (RFC 9110, RFC 9530)."""

import base64
import hashlib
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from prefect_patterns.sandbox.httpbox.flaky import BrokenOff
from prefect_patterns.sandbox.httpbox.problems import Problem, answer, integer

__all__ = ["SIZES", "Files", "byte_range", "precondition"]

SIZES: Mapping[str, int] = {
    "empty.bin": 0,
    "kilobyte.bin": 1024,
    "megabyte.bin": 1024**2,
    "eight megabytes.bin": 8 * 1024**2,
    "mesures d'été.csv": 150_000,
}
"""The files and their bytes; two have names that must be encoded."""

_BLOCK = 65_536
_RANGE = re.compile(r"bytes=(?:(?P<first>\d{1,18})-(?P<last>\d{0,18})|-(?P<suffix>\d{1,18}))", re.ASCII)


@dataclass(frozen=True)
class _File:
    """One edition of one file; its bytes are made block by block, whenever they are asked for."""

    name: str
    seed: int
    edition: int

    @property
    def size(self) -> int:
        return SIZES[self.name]

    @property
    def modified(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=self.edition)

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from *start* to before *end*."""
        for index in range(start // _BLOCK, -(-end // _BLOCK)):
            offset = index * _BLOCK
            yield self._block(index)[max(start - offset, 0) : end - offset]

    def _block(self, index: int) -> bytes:
        dice = random.Random(f"{self.seed} {self.name} {self.edition} {index}")  # noqa: S311
        if not self.name.endswith(".csv"):
            return dice.randbytes(_BLOCK)
        # 16 bytes a line, so that a block holds whole lines; the first one is the head.
        lines = [f"{index * 4096 + line:07d},{dice.randrange(10_000_000):07d}\n" for line in range(_BLOCK // 16)]
        return "".join(["measure,  value\n", *lines[1:]] if index == 0 else lines).encode()


@lru_cache(maxsize=256)
def _sha256(file: _File) -> bytes:
    digest = hashlib.sha256()
    for block in file.blocks(0, file.size):
        digest.update(block)
    return digest.digest()


class Files:
    """The folder: a listing, the files, and a `.sha256` beside each."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def listing(self, request: Request) -> Response:
        """List the files with what a client needs to check them."""
        edition = integer(request, "edition", 1, least=1, most=10_000)
        files = [_File(name, self._seed, edition) for name in SIZES]
        rows = [
            {
                "name": file.name,
                "size": file.size,
                "sha256": _sha256(file).hex(),
                "etag": _etag(file),
                "modified": file.modified.isoformat(),
                "href": f"/files/{quote(file.name)}?edition={edition}",
            }
            for file in files
        ]
        return answer({"files": rows, "total": len(rows)})

    def download(self, request: Request) -> Response:
        """Answer a file, a part of it, or that the client has it already.

        The parameter `edition` takes another version of the content, `max_age` lets caches keep it so many seconds,
        and with `drop` an answer that starts at the first byte breaks off after so many, so that only a client which
        goes on from there gets to the end.
        """
        edition = integer(request, "edition", 1, least=1, most=10_000)
        drop_after = integer(request, "drop", -1, most=10**9)
        max_age = integer(request, "max_age", 0, most=86_400)
        name = request.path_params["name"]
        if name.removesuffix(".sha256") not in SIZES:
            raise Problem(404, "There is no such file; GET /files lists them.")
        file = _File(name.removesuffix(".sha256"), self._seed, edition)
        if name != file.name:
            line = f"{_sha256(file).hex()}  {file.name}\n".encode()
            return Response(line, headers={"content-type": "text/plain; charset=utf-8"})
        etag, modified = _etag(file), file.modified
        headers = {
            "etag": etag,
            "last-modified": format_datetime(modified, usegmt=True),
            "cache-control": f"max-age={max_age}" if max_age else "no-cache",
        }
        status = precondition(request.headers, etag, modified)
        if status == 304:
            return Response(status_code=304, headers=headers)
        if status == 412:
            raise Problem(412, "The file is not the one that the request means.", headers=headers)
        return _content(request, file, headers, drop_after)


def _content(request: Request, file: _File, headers: dict[str, str], drop_after: int) -> Response:
    start, end, status = 0, file.size, 200
    wanted = request.headers.get("range")
    if request.method == "GET" and wanted and _range_holds(request.headers, _etag(file), file.modified):
        found = byte_range(wanted, file.size)
        if found == (0, 0):
            raise Problem(416, "The file has no such bytes.", headers={"content-range": f"bytes */{file.size}"})
        if found is not None:
            (start, end), status = found, 206
            headers["content-range"] = f"bytes {start}-{end - 1}/{file.size}"
    ascii_name = file.name.encode("ascii", "replace").decode().replace("?", "_")
    headers |= {
        "accept-ranges": "bytes",
        "content-type": "text/csv; charset=utf-8" if file.name.endswith(".csv") else "application/octet-stream",
        "content-length": str(end - start),
        "content-disposition": f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(file.name, safe='')}",
        "repr-digest": f"sha-256=:{base64.b64encode(_sha256(file)).decode()}:",
    }
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    stop = drop_after if start == 0 and 0 <= drop_after < end else None
    return StreamingResponse(_body(file, start, end, stop), status, headers)


def _body(file: _File, start: int, end: int, stop: int | None) -> Iterator[bytes]:
    yield from file.blocks(start, end if stop is None else stop)
    if stop is not None:
        yield b""
        raise BrokenOff


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first byte that a Range header asks for and the one after the last.

    None when the header is not understood or asks for several ranges, which RFC 9110 lets a server ignore; `(0, 0)`
    when there are no such bytes.

    >>> byte_range("bytes=10-19", 100), byte_range("bytes=-5", 100), byte_range("bytes=100-", 100)
    ((10, 20), (95, 100), (0, 0))
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None:
        return None
    if match["suffix"] is not None:
        length = min(int(match["suffix"]), size)
        return (size - length, size) if length else (0, 0)
    first, last = int(match["first"]), int(match["last"] or size)
    if match["last"] and last < first:
        return None
    return (first, min(last + 1, size)) if first < size else (0, 0)


def precondition(headers: Mapping[str, str], etag: str, modified: datetime) -> int:
    """Return 200, or 304 or 412 when a conditional header says so, in the order of RFC 9110, 13.2.2."""
    if "if-match" in headers:
        if not _matches(headers["if-match"], etag, weak=False):
            return 412
    elif "if-unmodified-since" in headers:
        unchanged_since = _moment(headers["if-unmodified-since"])
        if unchanged_since is not None and modified > unchanged_since:
            return 412
    if "if-none-match" in headers:
        return 304 if _matches(headers["if-none-match"], etag, weak=True) else 200
    since = _moment(headers.get("if-modified-since", ""))
    return 304 if since is not None and modified <= since else 200


def _range_holds(headers: Mapping[str, str], etag: str, modified: datetime) -> bool:
    given = headers.get("if-range", "").strip()
    return not given or given == etag or (not given.startswith(('"', "W/")) and _moment(given) == modified)


def _matches(header: str, etag: str, *, weak: bool) -> bool:
    given = [each.strip() for each in header.split(",")]
    return "*" in given or etag in given or (weak and f"W/{etag}" in given)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _etag(file: _File) -> str:
    return f'"{_sha256(file).hex()[:32]}"'
