"""The DHIS2 releases that the sandbox imitates, and what tells them apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from prefect_patterns.errors import UsageError

__all__ = ["NEWEST", "RELEASES", "Release", "release_of"]


@dataclass(frozen=True, slots=True)
class Release:
    """One release of DHIS2, as far as its API differs from its neighbours'.

    Args:
        number: Of the API: 43 is DHIS2 2.43.
        version: What the server calls itself.
        login_path: Where a request without credentials is sent.
        uid_mismatch: The status of an object whose id is not of eleven letters and digits.
        xss_protection: The header of that name.
        java: Of the server.
        hoists_common_keys: Whether data values leave out what all of them share.
        missing_operators: Filter operators that this release does not know yet.
    """

    number: int
    version: str
    login_path: str
    uid_mismatch: int
    xss_protection: str
    java: str
    hoists_common_keys: bool = False
    missing_operators: frozenset[str] = frozenset()


RELEASES: Mapping[str, Release] = MappingProxyType(
    {
        "40": Release(
            40,
            "2.40.9",
            login_path="/dhis-web-commons/security/login.action",
            uid_mismatch=404,
            xss_protection="1; mode=block",
            java="11.0.18",
            missing_operators=frozenset({"ieq", "!empty"}),
        ),
        "41": Release(
            41,
            "2.41.5",
            login_path="/dhis-web-login/",
            uid_mismatch=404,
            xss_protection="1; mode=block",
            java="17.0.2",
            missing_operators=frozenset({"!empty"}),
        ),
        "42": Release(42, "2.42.4", login_path="/dhis-web-login/", uid_mismatch=405, xss_protection="0", java="17.0.2"),
        "43": Release(
            43,
            "2.43.1",
            login_path="/login/",
            uid_mismatch=405,
            xss_protection="0",
            java="17.0.2",
            hoists_common_keys=True,
        ),
    }
)
"""By number, oldest first."""

NEWEST = "43"


def release_of(version: str) -> Release:
    """Return the release that *version* names, as `43` or `2.43`.

    Raises:
        UsageError: The sandbox does not imitate it.

    >>> release_of("2.40").login_path
    '/dhis-web-commons/security/login.action'
    """
    found = RELEASES.get(version.removeprefix("2."))
    if found is None:
        raise UsageError(
            f"the sandbox does not imitate DHIS2 {version!r}",
            hint=f"use one of: {', '.join(RELEASES)}",
            docs="docs/sandbox.md",
        )
    return found
