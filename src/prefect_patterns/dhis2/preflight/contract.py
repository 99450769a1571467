"""The read-side contract: what our client relies on, as checks that are values.

A check says what to ask and judges the answers; nothing here sends anything.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from prefect_patterns.dhis2.preflight.calls import plain

__all__ = [
    "Answer",
    "Ask",
    "Asks",
    "Check",
    "Facts",
    "Finding",
    "Judge",
    "Judged",
    "differs",
    "holds",
    "refused",
    "skipped",
]

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the server before the checks begin: which of its own objects they may ask for.

    Args:
        version: As `(2, 43, 1)`.
        release: 40 to 43: the one whose behaviour is expected.
        unit: The id of the lowest of its organisation units that was found, with its level and its parent's id.
        element: The id of a data element that can be summed.
        root: The id of a unit that the user may see the data of.
        value: One data value, with the data set that it was asked by.
        etag: Of the list that `unit` was found in.
    """

    version: tuple[int, ...]
    release: int
    unit: str = ""
    level: int = 0
    parent: str = ""
    root: str = ""
    element: str = ""
    value: Mapping[str, str] = field(default_factory=dict)
    etag: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """One GET.

    Args:
        path: Below `/api`.
        signed: Whether it carries the credentials.
    """

    path: str
    params: Pairs = ()
    headers: Pairs = ()
    signed: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Args:
        headers: With names in lower case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def get(self, name: str) -> Any:
        """Return a value of the body, which may be no object at all."""
        value = self.json
        return value.get(name) if isinstance(value, dict) else None

    def object(self, name: str) -> dict[str, Any]:
        """Return the object *name* of the body; empty when there is none."""
        value = self.get(name)
        return value if isinstance(value, dict) else {}

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the objects of the list *name*; empty when there is none."""
        value = self.get(name)
        return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []

    @property
    def code(self) -> str:
        """The envelope's error code, such as `E7124`."""
        return str(self.get("errorCode") or "")

    def __str__(self) -> str:
        kind = self.headers.get("content-type", "").partition(";")[0]
        said = self.get("message")
        about = f"{self.code} {said or ''}" if self.code or said else kind or "no body"
        return plain(f"{self.status} {about}", 120)


State = Literal["holds", "differs", "skipped"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a check says of the answers, and what it saw."""

    state: State
    seen: str


def holds(seen: object) -> Judged:
    """Return that the server does what our client relies on."""
    return Judged("holds", plain(str(seen)))


def differs(seen: object) -> Judged:
    """Return that it does something else."""
    return Judged("differs", plain(str(seen)))


def skipped(why: str) -> Judged:
    """Return that it cannot be tried here: no permission, or no data."""
    return Judged("skipped", plain(why))


Asks = Callable[[Facts], Sequence[Ask]]
Judge = Callable[[Facts, Sequence[Answer]], Judged]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that our client relies on.

    Args:
        name: What should be so, in a few words.
        why: What of ours needs it.
        asks: The requests; none when the server has nothing to try it on.
        judge: Says of the answers to these requests whether it is so.
    """

    name: str
    why: str
    asks: Asks
    judge: Judge


def refused(status: int, *codes: str) -> Judge:
    """Return a judge to whom the first request must be refused with this status and one of these error codes."""

    def judge(_facts: Facts, answers: Sequence[Answer]) -> Judged:
        as_known = answers[0].status == status and (answers[0].code in codes or not codes)
        due = f"{status} {' or '.join(codes)}".strip()
        return holds(answers[0]) if as_known else differs(f"{answers[0]}, where {due} was due")

    return judge


@dataclass(frozen=True, slots=True)
class Finding:
    """A check on a server, with its result."""

    check: str
    state: State
    seen: str
    why: str
