"""Data values as a folder of Parquet files, one a period: what is there whole is not fetched again."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import polars as pl
from filelock import FileLock, Timeout

from prefect_patterns.dhis2.data_values import DATA_VALUE_SCHEMA, ValueQuery, write_parquet
from prefect_patterns.errors import UsageError
from prefect_patterns.files import storage, write_text

__all__ = ["Download", "download"]

_MANIFEST = "query.json"
_LOCK = ".lock"
_DRAFTS = re.compile(r"\.parts-.*|\.\w+\.parquet\..*|\.query\.json\..*")


@dataclass(frozen=True, slots=True)
class Download:
    """What a folder of data values holds now.

    Args:
        fetched: The periods that were asked for in this call.
        resumed: The periods that were there already.
        rows: Values in both.
    """

    folder: Path
    fetched: tuple[str, ...]
    resumed: tuple[str, ...]
    rows: int


def download(
    folder: Path,
    query: ValueQuery,
    periods: Sequence[str],
    *,
    server: str,
    fetch: Callable[[ValueQuery], Iterator[pl.DataFrame]],
) -> Download:
    """Write `<period>.parquet` into *folder* for each of *periods* that is not there whole.

    `query.json` holds the query, so that the folder never mixes two. A process that was killed leaves whole files and
    drafts with a dot; the next call removes those.

    Args:
        query: Without periods.
        server: The address, part of the query.

    Raises:
        UsageError: The query is incomplete or *periods* are none, *folder* belongs to another query or holds other
            files, or another process writes into it.
        StorageError: The disk is full or read-only.
    """
    wanted = tuple(dict.fromkeys([periods] if isinstance(periods, str) else periods))
    wrong = [period for period in wanted if not re.fullmatch(r"\w+", str(period), re.ASCII)]
    if wrong or not wanted:
        raise UsageError(
            f"{', '.join(map(repr, wrong))} cannot be periods" if wrong else "name at least one period to download",
            hint="give ISO ids, as 202401 or 2024Q1",
        )
    replace(query, periods=wanted).params()  # refuses what cannot be asked for, before anything is made
    fetched, resumed, rows = [], [], 0
    with _owned(folder):
        _check_manifest(folder, query, server)
        for period in wanted:
            path = folder / f"{period}.parquet"
            there = _whole(path)
            if there is None:
                rows += write_parquet(fetch(replace(query, periods=(period,))), path, DATA_VALUE_SCHEMA)
                fetched.append(period)
            else:
                rows += there
                resumed.append(period)
    return Download(folder, tuple(fetched), tuple(resumed), rows)


@contextmanager
def _owned(folder: Path) -> Iterator[None]:
    with storage(folder):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with storage(folder), FileLock(folder / _LOCK, timeout=0):
            for path in folder.iterdir():
                if _DRAFTS.fullmatch(path.name):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            yield
    except Timeout:
        raise UsageError(
            f"another process downloads into {folder}", hint="wait for it, or use another folder"
        ) from None


def _check_manifest(folder: Path, query: ValueQuery, server: str) -> None:
    asked = {"server": server} | {name: _plain(value) for name, value in asdict(query).items() if name != "periods"}
    fingerprint = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    path = folder / _MANIFEST
    try:
        found = json.loads(path.read_text())
        there = found["query"] if found["fingerprint"] else None
    except FileNotFoundError:
        if any(entry.suffix == ".parquet" for entry in folder.iterdir()):
            raise UsageError(f"{folder} holds files of no known query", hint="use an empty folder") from None
        write_text(path, json.dumps({"fingerprint": fingerprint, "query": asked}, indent=1) + "\n")
        return
    except (ValueError, KeyError, TypeError):
        raise UsageError(f"{path} cannot be read", hint="remove the folder, or use another one") from None
    if found["fingerprint"] != fingerprint:
        other = there if isinstance(there, dict) else {}
        names = ", ".join(name for name in asked if other.get(name) != asked[name]) or "something"
        raise UsageError(
            f"{folder} holds the values of another query: {names} differs", hint="use a folder for each query"
        )


def _plain(value: object) -> object:
    """Return a query's value for JSON: lists sorted, as their order makes no other query; a single name is a list."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, bool) or value is None:
        return value
    return sorted(set(value)) if isinstance(value, Sequence) else str(value)


def _whole(path: Path) -> int | None:
    """Return how many rows the file has; None when it is not there, not whole, or of other columns."""
    try:
        frame = pl.scan_parquet(path)
        if frame.collect_schema() != pl.Schema(DATA_VALUE_SCHEMA):
            return None
        return int(frame.select(pl.len()).collect().item())
    except (OSError, pl.exceptions.PolarsError):
        return None
