"""Read a data value set from a stream of bytes, in bounded memory."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

__all__ = ["COLUMNS", "ValueStream"]

COLUMNS: dict[str, type[pl.DataType]] = {
    "dataElement": pl.String,
    "period": pl.String,
    "orgUnit": pl.String,
    "categoryOptionCombo": pl.String,
    "attributeOptionCombo": pl.String,
    "value": pl.String,
    "dataSet": pl.String,
    "storedBy": pl.String,
    "created": pl.String,
    "lastUpdated": pl.String,
    "comment": pl.String,
    "followup": pl.Boolean,
    "deleted": pl.Boolean,
}
_ARRAY = re.compile(rb'"dataValues"\s*:\s*\[')
_SURROGATE = re.compile(rb"\\u[dD]")
_LONGEST_HEAD = 1_000_000
_LONGEST_ROW = 16_000_000
_CANDIDATES = 200


class ValueStream:
    """The rows of a data value set as frames of text, and its envelope.

    The array is cut where an object ends and another begins, and each piece parsed in C. A place inside a text or a
    nested object may look like such an end, but what comes before it is then no JSON array: that piece does not parse,
    and an earlier place is tried. So a cut is right by construction, without a scan of every character in Python.

    `envelope` holds the keys around the array: those before it at once, those after it when the iteration has ended.

    >>> stream = ValueStream([b'{"period":"202401","dataValues":[{"value":"1"},', b'{"value":"2"}]}'])
    >>> [frame["value"].to_list() for frame in stream], stream.envelope
    ([['1', '2']], {'period': '202401'})
    """

    def __init__(self, pieces: Iterable[bytes], *, chunk_bytes: int = 1_000_000) -> None:
        self.envelope: dict[str, Any] = {}
        self.ended = False
        self._pieces = pieces
        self._chunk = chunk_bytes

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Yield the rows; raise `JSONDecodeError` where they are cut off, another `ValueError` where they are none."""
        buffer = bytearray()
        inside = False
        threshold = self._chunk
        for piece in self._pieces:
            buffer += piece
            if not inside:
                inside = self._enter(buffer)
                if not inside and len(buffer) > max(_LONGEST_HEAD, self._chunk):
                    raise ValueError("No data values")
            while inside and len(buffer) >= threshold:
                frame = _cut(buffer)
                if frame is not None:
                    threshold = self._chunk
                    yield frame
                elif len(buffer) > max(_LONGEST_ROW, self._chunk):
                    raise ValueError("A row too long")
                else:
                    threshold = 2 * len(buffer)
        frame = self._end(buffer) if inside else self._without_rows(buffer)
        self.ended = True
        if frame.height:
            yield frame

    def _enter(self, buffer: bytearray) -> bool:
        """Take what comes before the array; a `dataValues` that is nested or quoted does not close as an object."""
        for match in _ARRAY.finditer(bytes(buffer)):
            try:
                head = json.loads(buffer[: match.end()] + b"]}")
            except ValueError:
                continue
            if isinstance(head, dict) and head.get("dataValues") == []:
                self._add(head)
                del buffer[: match.end()]
                return True
        return False

    def _end(self, buffer: bytearray) -> pl.DataFrame:
        close = buffer.rfind(b"]")
        if close >= 0:
            try:
                tail = json.loads(b'{"dataValues":[' + buffer[close:])
            except ValueError:
                tail = None
            rows = _parse(buffer, close) if tail is not None else None
            if tail is not None and rows is not None:
                self._add(tail)
                return rows
        # Unusual: brackets after the array, or no whole answer at all. The plain parser knows which.
        whole = json.loads((b'{"dataValues":[' + buffer).decode())
        rows = _from_objects(whole["dataValues"])
        self._add(whole)
        return rows

    def _without_rows(self, buffer: bytearray) -> pl.DataFrame:
        whole = json.loads(buffer.decode())
        if not isinstance(whole, dict) or whole.get("dataValues"):
            raise ValueError("No data value set")
        self._add(whole)
        return _from_objects([])

    def _add(self, keys: dict[str, Any]) -> None:
        self.envelope.update((name, value) for name, value in keys.items() if name != "dataValues")


def _cut(buffer: bytearray) -> pl.DataFrame | None:
    """Take as many whole rows as there are from the front of *buffer*, None when no end of a row is found."""
    end = len(buffer)
    for _ in range(_CANDIDATES):
        end = buffer.rfind(b"}", 0, end)
        if end < 0:
            return None
        following = re.match(rb"\s*,", buffer[end + 1 : end + 64])
        if following and (rows := _parse(buffer, end + 1)) is not None:
            del buffer[: end + 1 + following.end()]
            return rows
    return None


def _parse(buffer: bytearray, end: int) -> pl.DataFrame | None:
    with memoryview(buffer) as view:
        array = b"".join((b"[", view[:end], b"]"))
    if b"\\" not in array or not _SURROGATE.search(array):  # of half a pair Polars makes a NUL
        try:
            return pl.read_json(array, schema=COLUMNS)
        except pl.exceptions.PolarsError:
            pass  # not JSON, or JSON of other types than announced: then the tolerant way
    try:
        return _from_objects(json.loads(array.decode()))
    except ValueError:
        return None


def _from_objects(rows: list[Any]) -> pl.DataFrame:
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError("A data value that is no object")
    return pl.DataFrame(
        [
            pl.Series(name, [_typed(row.get(name), dtype) for row in rows], dtype=dtype)
            for name, dtype in COLUMNS.items()
        ]
    )


def _typed(value: object, dtype: type[pl.DataType]) -> object:
    if value is None:
        return None
    if dtype is pl.Boolean:
        return value in (True, "true")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()  # half a surrogate pair is JSON, but no text
