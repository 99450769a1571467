"""A Prefect server as a child process: started, health-checked, and gone with the last process that uses it."""

import errno
import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from prefect_patterns.clock import SYSTEM, Clock
from prefect_patterns.errors import LocalError, StorageError
from prefect_patterns.files import atomic_path, is_full, storage, write_text

__all__ = ["PrefectServer", "own_environment", "use_own_environment"]


def own_environment(home: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return *environment* without anybody else's Prefect in it, and with PREFECT_HOME at *home*.

    No setting of Prefect stays: a storage block, a base path or open origins that belong to another server would
    break ours, and half of them have older names beside the one that we set.

    >>> own_environment(Path("/data/prefect"), {"PREFECT_API_KEY": "x", "LANG": "C"})["PREFECT_HOME"]
    '/data/prefect'
    """
    kept = {key: value for key, value in environment.items() if not key.upper().startswith("PREFECT_")}
    return kept | {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


def use_own_environment(home: Path) -> None:
    """Make `own_environment(home)` this process's: before Prefect is imported, which reads its settings then."""
    ours = own_environment(home)
    for name in set(os.environ) - set(ours):
        del os.environ[name]
    os.environ.update(ours)


class PrefectServer:
    """A Prefect server for as long as somebody holds it.

    Each user holds a shared lock on `HOME/users.lock`; the server waits for that lock to be free and ends then, so
    it goes even when its users are killed. Another process joins by `PrefectServer.join(home)`.

    Args:
        home: Its PREFECT_HOME, with its database; one server at a time may use it.
        task_runs: Whether task runs are recorded; without them flow runs start an order of magnitude faster.
        timeout: Seconds that it may take to answer; the first start on an empty database takes 5 to 14.

    Raises:
        LocalError: It ended or was not ready in time; the last lines of its log are in the message.
    """

    def __init__(self, home: Path, *, task_runs: bool = False, timeout: float = 90, clock: Clock = SYSTEM) -> None:
        self.home = home.absolute()
        self.task_runs = task_runs
        self.timeout = timeout
        self.url = ""
        self.auth = f"patterns:{secrets.token_urlsafe(24)}"
        self._clock = clock
        self._process: subprocess.Popen[str] | None = None
        self._hold: IO[str] | None = None

    def launch(self) -> Self:
        """Start the process and return at once; `wait_ready` waits until it answers."""
        with storage(self.home):
            self.home.mkdir(parents=True, exist_ok=True)
            self._hold = _hold(self.home)
            self._set_unfinished_database_aside()
            environment = own_environment(self.home) | {
                "PREFECT_SERVER_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:///prefect.db",
                "PREFECT_SERVER_API_AUTH_STRING": self.auth,
                "PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS": "http://127.0.0.1",
                "PREFECT_SERVER_UI_ENABLED": "false",
                "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED": str(self.task_runs).lower(),
                "PREFECT__SERVER_EPHEMERAL": "1",
                "PREFECT__SERVER_FINAL": "1",
                "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
            }
            # A server inherits nothing of a run: neither its warnings filter nor its flow run.
            environment.pop("PYTHONWARNINGS", None)
            with (self.home / "server.log").open("w") as log:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "prefect_patterns.stack.child", str(self.home)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    env=environment,
                    # Prefect reads .env and prefect.toml where it starts: not the user's. And from here the database
                    # has a name that fits into its address, whatever the folder is called.
                    cwd=self.home,
                    text=True,
                    start_new_session=True,  # Ctrl-C is for us: we end the server after the flow has ended
                )
        return self

    def wait_ready(self, poll: Callable[[], None] = lambda: None) -> Self:
        """Wait until the server answers, calling *poll* about ten times a second; then write down where it is."""
        process = self._process
        if process is None or process.stdout is None:
            raise LocalError("the Prefect server was not launched", hint="call launch() first")
        deadline = self._clock.monotonic() + self.timeout
        line = process.stdout.readline()  # its first act, or end of file when it died
        port = int(line) if line.strip().isdigit() else 0
        while not (port and _answers(f"http://127.0.0.1:{port}/api/health")):
            poll()
            ended = process.poll() is not None
            if ended or self._clock.monotonic() > deadline:
                self.stop()
                raise self._not_started("it ended" if ended else f"no answer within {self.timeout:g} s")
            self._clock.sleep(0.1)
        write_text(self._migrated, version("prefect"))
        self.url = f"http://127.0.0.1:{port}/api"
        with atomic_path(self.home / "server.json") as draft:
            draft.touch(mode=0o600)
            draft.write_text(json.dumps({"url": self.url, "auth": self.auth}))
        return self

    @classmethod
    def join(cls, home: Path) -> Self | None:
        """Return a handle on the server that another process started on *home*, and hold it; None when it is gone."""
        server = cls(home)
        try:
            address = json.loads((home / "server.json").read_text())
        except FileNotFoundError:
            return None
        server.url, server.auth = address["url"], address["auth"]
        server._hold = _hold(home)  # waits for a server that is about to end, so that the next line tells the truth
        if _answers(f"{server.url}/health"):
            return server
        server.stop()
        return None

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs in its environment before it imports Prefect."""
        return own_environment(self.home) | {"PREFECT_API_URL": self.url, "PREFECT_API_AUTH_STRING": self.auth}

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Make this process's Prefect use the server inside the block, and send what its logs still hold at the end.

        Heartbeats are off: they cost each flow run a second, and serve automations that such a server does not have.
        """
        from prefect.logging.handlers import APILogHandler
        from prefect.settings import (
            PREFECT_API_AUTH_STRING,
            PREFECT_API_URL,
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
            temporary_settings,
        )

        settings = {
            PREFECT_API_URL: self.url,
            PREFECT_API_AUTH_STRING: self.auth,
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        }
        with temporary_settings(settings):
            try:
                yield
            finally:
                APILogHandler().flush()

    def stop(self) -> None:
        """Let go of the server; who started it ends it and waits until it is gone. Safe to call twice."""
        if self._hold is not None:
            self._hold.close()
            self._hold = None
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def leave(self) -> None:
        """Let go of the server; who started it waits until the others have let go too and it is gone."""
        if self._process is not None:
            if self._hold is not None:
                self._hold.close()
            self._process.wait()
        self.stop()

    @property
    def _migrated(self) -> Path:
        """Holds the version of Prefect whose tables the database has, once it has all of them."""
        return self.home / "migrated"

    def _set_unfinished_database_aside(self) -> None:
        # Prefect's migrations do not survive being cut short: the next start would fail on half of them, for ever.
        database = self.home / "prefect.db"
        before = self._migrated.read_text() if self._migrated.exists() else ""
        if before == version("prefect") or not database.exists():
            return
        if before:
            shutil.copy(database, self.home / f"prefect-{before}.db")
        else:
            for file in self.home.glob("prefect.db*"):
                file.unlink()
        self._migrated.unlink(missing_ok=True)

    def _not_started(self, otherwise: str) -> LocalError:
        if is_full(self.home):
            return StorageError(self.home, os.strerror(errno.ENOSPC))
        log = self.home / "server.log"
        lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        return LocalError(f"the Prefect server did not start: {lines[-1] if lines else otherwise}", hint=f"read {log}")

    def __enter__(self) -> Self:
        return self.launch().wait_ready()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _hold(home: Path) -> IO[str]:
    lock = (home / "users.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
