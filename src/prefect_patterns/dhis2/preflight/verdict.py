"""Which calls change on the way from a server's version to a later release."""

from collections.abc import Iterable
from dataclasses import dataclass

from prefect_patterns.dhis2.preflight.calls import Call
from prefect_patterns.dhis2.preflight.change import Change
from prefect_patterns.dhis2.preflight.changes import CHANGES, changes_of
from prefect_patterns.dhis2.preflight.run import RELEASES
from prefect_patterns.dhis2.versions import parse_version
from prefect_patterns.errors import UsageError

__all__ = ["Affected", "Verdict", "judge_calls", "target_release"]

_DOCS = "docs/dhis2.md#preflight"


@dataclass(frozen=True, slots=True)
class Affected:
    """A call and a change that it meets."""

    call: Call
    change: Change


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an upgrade means for the calls.

    Args:
        affected: Each call with each of its changes.
        unchanged: Calls that meet none.
        unknown: Calls whose path is only known when the code runs.
    """

    affected: tuple[Affected, ...]
    unchanged: tuple[Call, ...]
    unknown: tuple[Call, ...]


def judge_calls(calls: Iterable[Call], version: tuple[int, ...], target: int) -> Verdict:
    """Return which of *calls* change when a server of *version* becomes release *target*.

    Args:
        version: The server's, as `(2, 41, 5)`.
        target: 40 to 43.

    >>> judge_calls([Call("events"), Call("me")], (2, 40), 42).affected[0].change.name
    'old tracker API'
    """
    due = [change for change in CHANGES if change.is_between(version, target)]
    affected: list[Affected] = []
    unchanged: list[Call] = []
    unknown: list[Call] = []
    for call in calls:
        met = list(changes_of(call, due))
        affected += [Affected(call, change) for change in met]
        if not met:
            (unchanged if call.is_known else unknown).append(call)
    return Verdict(tuple(affected), tuple(unchanged), tuple(unknown))


def target_release(text: str, server: tuple[int, ...] = ()) -> int:
    """Return the release that *text* names, as 43 for `43`, `2.43` or `2.43.1`.

    Args:
        server: The version that is upgraded; releases before it are refused.

    Raises:
        UsageError: There is no such release here, or it is older than the server's.

    >>> target_release("2.43"), target_release("42", (2, 41, 5))
    (43, 42)
    """
    numbers = parse_version(text)
    release = numbers[1] if len(numbers) > 1 and numbers[0] == 2 else numbers[0] if len(numbers) == 1 else 0
    if release not in RELEASES:
        raise UsageError(
            f"the changes up to DHIS2 {text!r} are not known",
            hint=f"use one of: {', '.join(map(str, RELEASES))}",
            docs=_DOCS,
        )
    if server and release < server[1]:
        raise UsageError(
            f"the server is DHIS2 2.{server[1]} already, and 2.{release} is older",
            hint="name its own release or a later one: a downgrade is not what DHIS2 supports",
            docs=_DOCS,
        )
    return release
