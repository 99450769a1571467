"""A sandbox from outside: a child process, its address, and the faults it is told to have."""

import http.client
import json
import secrets
import select
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from types import TracebackType
from typing import Any, ClassVar, NoReturn, Self

from prefect_patterns.errors import LocalError, UsageError
from prefect_patterns.sandbox.faults import Fault

__all__ = ["SandboxProcess"]

_DOCS = "docs/sandbox.md"


class SandboxProcess:
    """A server on this machine, for as long as the block lasts; it ends with its parent, however that ends.

    A subclass names the service and the module that `python -m` runs; that module calls `sandbox.server.run`.

    Args:
        config: What the child is told, as JSON; its port and its token are added.
        port: The service's port on 127.0.0.1; 0 takes a free one.
        start_timeout: Seconds until the server must answer.

    Raises:
        UsageError: The port cannot be.
        LocalError: On entering: the port is taken, or the process did not start.
    """

    service: ClassVar[str]
    module: ClassVar[str]

    def __init__(self, config: Mapping[str, object], *, port: int = 0, start_timeout: float = 30.0) -> None:
        if not 0 <= port <= 65_535:
            raise UsageError(f"{port} is not a port", hint="give a number from 0 (a free one) to 65535", docs=_DOCS)
        self.process: subprocess.Popen[bytes] | None = None
        self._token = secrets.token_hex(16)
        self._config = json.dumps({**config, "token": self._token, "port": port}).encode() + b"\n"
        self._wanted_port = port
        self._start_timeout = start_timeout
        self._ports: tuple[int, int] | None = None

    @property
    def url(self) -> str:
        """The base address of the service.

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
                    [sys.executable, "-P", "-m", self.module],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    start_new_session=True,  # Ctrl-C is for the parent; the child ends when its stdin closes
                )
            except OSError as error:
                raise LocalError(f"cannot start the {self.service} sandbox: {error.strerror}", docs=_DOCS) from error
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

    def fault(self, path: str, **what: Any) -> None:
        """Let requests for *path*, and for what is below it, go wrong; the newest fault that covers a request counts.

        Args:
            path: Such as `/files`, which also covers `/files/kilobyte.bin`.
            what: What happens, as `sandbox.faults.Fault` names it: `status=503, times=2`.

        Raises:
            UsageError: There is no such fault, or the sandbox is not running.
        """
        self._control("POST", asdict(Fault.of({"path": path, **what})))

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
        if not select.select([process.stdout], [], [], self._start_timeout)[0]:
            return {"error": f"no answer after {self._start_timeout:g} s"}
        line = process.stdout.readline()
        found: dict[str, object] = json.loads(line) if line.startswith(b"{") else {}
        return found

    def _refuse(self, answer: Mapping[str, object], stderr: str) -> NoReturn:
        reason = str(answer.get("error") or (stderr.strip().splitlines() or ["the process ended"])[-1])
        where = f" on port {self._wanted_port}" if self._wanted_port else ""
        raise LocalError(
            f"cannot start the {self.service} sandbox{where}: {reason}",
            hint="choose another port, or 0 for a free one",
            docs=_DOCS,
        )
