"""A difference between a release of DHIS2 and the one before it, as a value."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from prefect_patterns.dhis2.preflight.calls import Call

__all__ = ["BUGS", "CORE", "DIFF", "NOTES", "Change"]

_NOTES = "github.com/dhis2/dhis2-releases, releases/2.{}/README.md"
NOTES = {number: _NOTES.format(number) for number in (41, 42, 43)}
"""The upgrade notes of a release."""
CORE = "dhis2-core, "
"""The server's source; the names of its classes follow."""
BUGS = "winterop-com/dhis2w-utils, BUGS.md #{}"
"""What others saw on running servers."""
DIFF = "winterop-com/dhis2w-utils, docs/architecture/schema-diff-v41-v42-v43.md"
"""What `/api/schemas` of three releases differ in."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between a release and the one before it.

    Args:
        release: The first that has it: 43 is DHIS2 2.43.
        matches: Whether a call meets it, as far as its text tells.
        what: What the server does differently.
        do: What the caller does about it.
        source: Where it is written.
        side: Whether it is about reading or about writing.
        client_copes: Whether `Dhis2Client` already does what is to be done.
        patches: Patch releases of earlier releases that have it already.
    """

    release: int
    name: str
    matches: Callable[[Call], bool]
    what: str
    do: str
    source: str
    side: Literal["read", "write"] = "read"
    client_copes: bool = False
    patches: tuple[tuple[int, int, int], ...] = ()

    def is_between(self, server: tuple[int, ...], target: int) -> bool:
        """Return whether a server of version *server* has not got it yet and release *target* has.

        >>> Change(42, "a", lambda call: True, "b", "c", "d", patches=((2, 41, 5),)).is_between((2, 41, 8), 43)
        False
        """
        has = self.release <= server[1] or any(server[:2] == patch[:2] and server >= patch for patch in self.patches)
        return not has and self.release <= target
