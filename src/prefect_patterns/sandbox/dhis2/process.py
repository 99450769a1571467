"""The sandbox from outside: a child process, its address, and the faults it is told to have."""

import http.client
import json
import secrets
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import date
from types import TracebackType
from typing import NoReturn, Self

from prefect_patterns.clock import SYSTEM, Clock
from prefect_patterns.errors import LocalError, UsageError
from prefect_patterns.sandbox.dhis2.metadata import COLLECTIONS, Patch

__all__ = ["VERSIONS", "Dhis2Sandbox"]

VERSIONS = ("43",)

_DOCS = "docs/sandbox.md"


class Dhis2Sandbox:
    """A DHIS2 2.43 server on this machine, for as long as the block lasts.

    The API is at the root of `url`; the user is `username` with `password`. The process ends with its parent, however
    that ends.

    Args:
        version: "43" or "2.43": the only one imitated yet.
        port: The API's port on 127.0.0.1; 0 takes a free one.
        today: The server's day; None is the real one. The data values end with the last whole month before it.
        seed: Of the data values; None is the usual seed.
        patch: Changes of the metadata, as `{collection: {uid: {property: value}}}`: merged into the object, None takes
            a property away, an unknown uid adds an object.
        start_timeout: Seconds until the server must answer.

    Raises:
        UsageError: The version, the port or the patch cannot be.
        LocalError: On entering: the port is taken, or the process did not start.

    >>> Dhis2Sandbox(version="40")
    Traceback (most recent call last):
    prefect_patterns.errors.UsageError: the sandbox does not imitate DHIS2 '40'. Try: use version 43
    """

    username = "admin"
    password = "district"  # noqa: S105 - the demo's, published by DHIS2

    def __init__(
        self,
        *,
        version: str = "43",
        port: int = 0,
        today: date | None = None,
        seed: int | None = None,
        patch: Patch | None = None,
        start_timeout: float = 30.0,
        clock: Clock = SYSTEM,
    ) -> None:
        if version.removeprefix("2.") not in VERSIONS:
            raise UsageError(
                f"the sandbox does not imitate DHIS2 {version!r}", hint=f"use version {VERSIONS[0]}", docs=_DOCS
            )
        if not 0 <= port <= 65_535:
            raise UsageError(f"{port} is not a port", hint="give a number from 0 (a free one) to 65535", docs=_DOCS)
        self.version = VERSIONS[0]
        self.process: subprocess.Popen[bytes] | None = None
        self._token = secrets.token_hex(16)
        self._config = _encoded(
            {
                "token": self._token,
                "port": port,
                "today": today.isoformat() if today else None,
                **({"seed": seed} if seed is not None else {}),
                "patch": patch,
            }
        )
        _check(patch)
        self._wanted_port = port
        self._start_timeout = start_timeout
        self._clock = clock
        self._ports: tuple[int, int] | None = None

    @property
    def url(self) -> str:
        """The base address of the API.

        Raises:
            UsageError: The sandbox is not running.
        """
        return f"http://127.0.0.1:{self._running()[0]}"

    def start(self) -> Self:
        """Start the process and return once it answers."""
        if self.process is not None:
            return self
        with tempfile.TemporaryFile() as stderr:
            try:
                self.process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "prefect_patterns.sandbox.dhis2"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    start_new_session=True,  # Ctrl-C is for the parent; the child ends when its stdin closes
                )
            except OSError as error:
                raise LocalError(f"cannot start the DHIS2 sandbox: {error.strerror}", docs=_DOCS) from error
            try:
                answer = self._announcement(self.process)
            except BaseException:
                self.stop()
                raise
            if "control" not in answer:
                self.stop()
                stderr.seek(0)
                self._refuse(answer, stderr.read().decode(errors="replace"))
        self._ports = int(str(answer["port"])), int(str(answer["control"]))
        return self

    def stop(self) -> None:
        """End the process; nothing happens when it has ended already."""
        process, self.process, self._ports = self.process, None, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def fault(
        self,
        path: str,
        *,
        status: int | None = None,
        body: str = "",
        headers: Mapping[str, str] | None = None,
        login_page: bool = False,
        drop_after: int | None = None,
        times: int | None = None,
    ) -> None:
        """Let requests for *path*, and for what is below it, go wrong; the newest fault of a path counts.

        Args:
            path: Such as `/api/analytics`, which also covers `/api/analytics.json`.
            status: Answer with this HTTP status, *body* and *headers*.
            login_page: Answer 200 with the HTML login page, as an expired session gets it.
            drop_after: Close the connection after so many bytes of the real answer's body.
            times: How many requests it hits; None for all.

        Raises:
            UsageError: Not exactly one of status, login_page and drop_after is given, or the sandbox is not running.
        """
        if (status is not None) + login_page + (drop_after is not None) != 1:
            raise UsageError(
                f"a fault of {path} needs one kind", hint="give one of status, login_page and drop_after", docs=_DOCS
            )
        if not path.startswith("/") or "?" in path:
            raise UsageError(f"{path!r} is not a path", hint="give it as `/api/analytics`", docs=_DOCS)
        if status is not None and not 200 <= status <= 599:
            raise UsageError(f"{status} is not a status to answer with", hint="give one from 200 to 599", docs=_DOCS)
        if (times is not None and times < 1) or (drop_after is not None and drop_after < 0):
            raise UsageError(
                f"a fault of {path} cannot have times={times}, drop_after={drop_after}",
                hint="count times from 1 and bytes from 0",
                docs=_DOCS,
            )
        fault = {
            "path": path,
            "status": status,
            "body": body,
            "headers": dict(headers or {}),
            "login_page": login_page,
            "drop_after": drop_after,
            "times": times,
        }
        self._control("POST", fault)

    def clear_faults(self) -> None:
        """End all faults."""
        self._control("DELETE", None)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _running(self) -> tuple[int, int]:
        if self._ports is None:
            raise UsageError("the sandbox is not running", hint="use it in a with block, or call start()", docs=_DOCS)
        return self._ports

    def _control(self, method: str, body: object) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._running()[1], timeout=5)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, "/faults", content, {"X-Sandbox-Token": self._token})
            status = connection.getresponse().status
        except OSError as error:
            raise LocalError(f"the sandbox does not answer: {error}", hint="start it again", docs=_DOCS) from error
        finally:
            connection.close()
        if status != 204:
            raise LocalError(f"the sandbox refused a fault ({status})", hint="start it again", docs=_DOCS)

    def _announcement(self, process: subprocess.Popen[bytes]) -> dict[str, object]:
        assert process.stdin is not None  # noqa: S101
        assert process.stdout is not None  # noqa: S101
        try:
            process.stdin.write(self._config)
            process.stdin.flush()
        except BrokenPipeError:
            return {}
        deadline = self._clock.monotonic() + self._start_timeout
        if not select.select([process.stdout], [], [], max(deadline - self._clock.monotonic(), 0))[0]:
            return {"error": f"no answer after {self._start_timeout:g} s"}
        line = process.stdout.readline()
        found: dict[str, object] = json.loads(line) if line.startswith(b"{") else {}
        return found

    def _refuse(self, answer: Mapping[str, object], stderr: str) -> NoReturn:
        reason = str(answer.get("error") or (stderr.strip().splitlines() or ["the process ended"])[-1])
        where = f" on port {self._wanted_port}" if self._wanted_port else ""
        raise LocalError(
            f"cannot start the DHIS2 sandbox{where}: {reason}",
            hint="choose another port, or 0 for a free one",
            docs=_DOCS,
        )


def _encoded(config: Mapping[str, object]) -> bytes:
    try:
        return json.dumps(config).encode() + b"\n"
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"the patch is not JSON: {error}", hint="use text, numbers, lists and None", docs=_DOCS
        ) from None


def _check(patch: Patch | None) -> None:
    wrong = sorted(set(patch or {}) - set(COLLECTIONS))
    if wrong:
        raise UsageError(
            f"the patch names unknown collections: {', '.join(wrong)}", hint=f"use {', '.join(COLLECTIONS)}", docs=_DOCS
        )
    for name, changes in (patch or {}).items():
        if not isinstance(changes, Mapping) or not all(isinstance(change, Mapping) for change in changes.values()):
            raise UsageError(f"the patch of {name} is none", hint="write it as {uid: {property: value}}", docs=_DOCS)
