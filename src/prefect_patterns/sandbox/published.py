"""Which sandboxes run for this project: `PATTERNS_HOME/sandbox.json`, written whole and readable by its owner only."""

import http.client
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from prefect_patterns.files import atomic_path, storage

__all__ = ["Published", "alive", "publish", "published", "withdraw"]


@dataclass(frozen=True, slots=True)
class Published:
    """One running sandbox.

    Args:
        url: Its base address.
        pid: The process that serves it.
        version: Of the service that it imitates.
        username: Its user.
        password: The user's password; everybody may know it, the server is on loopback.
        token: An API token of the user's, where the service has such.
    """

    url: str
    pid: int
    version: str
    username: str
    password: str
    token: str = ""


def published(name: str, home: Path) -> Published | None:
    """Return the sandbox that was published as *name* and still answers, or None.

    >>> published("dhis2", Path("/nowhere")) is None
    True
    """
    entry = _read(home).get(name, {})
    try:
        texts = {key: str(entry[key]) for key in ("url", "version", "username", "password")}
        found = Published(**texts, pid=int(str(entry["pid"])), token=str(entry.get("token", "")))
    except (KeyError, TypeError, ValueError):
        return None  # somebody else wrote it
    return found if alive(found) else None


def alive(sandbox: Published) -> bool:
    """Say whether its process exists and its `/api/ping` answers on loopback."""
    try:
        address = urlsplit(sandbox.url)
        if address.hostname != "127.0.0.1" or address.port is None or sandbox.pid <= 0:
            return False
        os.kill(sandbox.pid, 0)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=2)
        try:
            connection.request("GET", "/api/ping")
            return connection.getresponse().read(16) == b"pong"
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError, OverflowError):  # the latter two: somebody else wrote it
        return False


def publish(name: str, sandbox: Published, home: Path) -> None:
    """Publish *sandbox* as *name*, in the place of an earlier one.

    Raises:
        StorageError: The file cannot be written.
    """
    with storage(home):
        home.mkdir(parents=True, exist_ok=True)
        with _locked(home):
            _write(home, {**_read(home), name: asdict(sandbox)})


def withdraw(name: str, sandbox: Published, home: Path) -> None:
    """Take *sandbox* back, unless another one has taken its place."""
    with storage(home), _locked(home):
        known = _read(home)
        if known.get(name) == asdict(sandbox):
            _write(home, {other: entry for other, entry in known.items() if other != name})


def _locked(home: Path) -> FileLock:
    return FileLock(home / ".sandbox.lock", mode=0o600)


def _read(home: Path) -> dict[str, dict[str, object]]:
    try:
        found = json.loads((home / "sandbox.json").read_text())
    except (OSError, ValueError):
        return {}
    return {name: entry for name, entry in found.items() if isinstance(entry, dict)} if isinstance(found, dict) else {}


def _write(home: Path, entries: Mapping[str, object]) -> None:
    with atomic_path(home / "sandbox.json") as draft:
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(entries, indent=2) + "\n")
