"""Every error that prefect-patterns raises; the class says who acts, the exit code says it to the shell.

    PatternsError                   1   we do: a bug of ours
    ├── UsageError                  2   the caller: a wrong argument
    │   └── ConfigError             2   whoever deploys: settings, credentials, a configuration file
    ├── QualityError                3   a person looks at the data
    ├── RemoteError                 4   carries the request, the status and what the server said
    │   ├── RemoteRefused           4   the other side will refuse again
    │   │   ├── AuthenticationFailed    credentials, permission, a login page
    │   │   ├── NotFound                no such path or object
    │   │   ├── QueryRefused            the server understood and said no
    │   │   └── UnexpectedAnswer        HTML where JSON was due, JSON of another shape
    │   └── RemoteUnavailable       5   later: down, late, or gone half-way
    ├── WaitTimeout                 5   later; also a TimeoutError
    └── LocalError                  6   this machine: a port, a database, a process
        └── StorageError                the disk is full, read-only or not ours

A message says what happened with which values; `hint` says what to do; `docs` names the page.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

__all__ = [
    "AuthenticationFailed",
    "ConfigError",
    "LocalError",
    "NotFound",
    "PatternsError",
    "QualityError",
    "QueryRefused",
    "RemoteError",
    "RemoteRefused",
    "RemoteUnavailable",
    "StorageError",
    "UnexpectedAnswer",
    "UsageError",
    "WaitTimeout",
]


class PatternsError(Exception):
    """What happened, with which values, and what to do about it.

    Args:
        what: One sentence without a full stop, with the values that matter and no secret.
        hint: What to do, starting in lower case.
        docs: The page that tells more, as `docs/page.md#section`.

    >>> str(PatternsError("the port 4200 is taken", hint="stop the other server"))
    'the port 4200 is taken. Try: stop the other server'
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, hint: str = "", docs: str = "") -> None:
        super().__init__(what)
        self.args = (what,)  # OSError's own, in WaitTimeout, would leave them empty
        self.what = what
        self.hint = hint
        self.docs = docs

    def __str__(self) -> str:
        return f"{self.what}. Try: {self.hint}" if self.hint else self.what

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, dict(self.__dict__))


def _restore(cls: type[PatternsError], args: tuple[Any, ...], fields: dict[str, Any]) -> PatternsError:
    # Exception's own pickling calls cls(*args) and would lose keyword-only fields.
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(fields)
    return error


class UsageError(PatternsError):
    """The caller gave an argument that cannot work."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting, a credential or a configuration file is missing or wrong."""


class QualityError(PatternsError):
    """The data failed its gate."""

    exit_code = 3


class RemoteError(PatternsError):
    """A server did not do what was asked.

    Args:
        method: The HTTP method.
        url: The address asked, without user information.
        status: The HTTP status, None when no answer came.
        envelope: The answer's JSON object, where it was one.
    """

    exit_code = 4

    def __init__(
        self,
        what: str,
        *,
        hint: str = "",
        docs: str = "",
        method: str = "",
        url: str = "",
        status: int | None = None,
        envelope: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(what, hint=hint, docs=docs)
        self.method = method
        self.url = url
        self.status = status
        self.envelope = envelope


class RemoteRefused(RemoteError):
    """The server refused, and will refuse the same request again."""


class AuthenticationFailed(RemoteRefused):
    """The server does not know the user, or does not let them do this."""


class NotFound(RemoteRefused):
    """The server has no such path or object."""


class QueryRefused(RemoteRefused):
    """The server understood the request and refused it, with a reason in its envelope."""

    @property
    def code(self) -> str | None:
        """The server's error code, such as DHIS2's `E7124`, or None."""
        code = (self.envelope or {}).get("errorCode")
        return code if isinstance(code, str) else None


class UnexpectedAnswer(RemoteRefused):
    """The answer is not what this address should give: not the service, or a proxy in between."""


class RemoteUnavailable(RemoteError):
    """The server is down, late, overloaded, or stopped half-way: the same request may succeed later."""

    exit_code = 5


class WaitTimeout(PatternsError, TimeoutError):
    """A condition was still not true at its deadline.

    Args:
        what: The name of what was waited for.
        waited: Seconds.
        checks: How often it was looked at.
    """

    exit_code = 5

    def __init__(self, what: str, *, waited: float, checks: int) -> None:
        super().__init__(
            f"{what} was not ready after {waited:g} s ({checks} checks)",
            hint="raise `timeout`, or look at what should produce it",
        )
        self.waited = waited
        self.checks = checks

    def __new__(cls, *_args: object, **_fields: object) -> Self:  # noqa: D102
        # TimeoutError is an OSError, whose __new__ rewrites args: give it none.
        return super().__new__(cls)


class LocalError(PatternsError):
    """Something on this machine failed: a disk, a port, a database, a process."""

    exit_code = 6


class StorageError(LocalError):
    """A file could not be written: the disk is full, read-only, or not ours.

    Args:
        path: The file or folder.
        reason: The operating system's words.
    """

    def __init__(
        self, path: object, reason: str, *, hint: str = "free some space, or choose another PATTERNS_HOME"
    ) -> None:
        super().__init__(f"cannot write {path}: {reason}", hint=hint)
        self.path = str(path)
        self.reason = reason
