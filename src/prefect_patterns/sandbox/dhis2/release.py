"""The DHIS2 releases that the sandbox imitates, and what tells them apart."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypedDict

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
        json_type: The content type of JSON answers.
        settings_type: That of system settings.
        settings_cache: The Cache-Control of system settings.
        file_cache: The Cache-Control of a static file that is not there.
        method_refusal: What it says of a method that a path does not have.
        type_refusal: What it says when it has no form that the client accepts.
        content_refusal: What it says of a body whose type it does not read.
        unread_messages: How many messages wait for the user.
        has_user_credentials: Whether `/api/me` repeats the user name in `userCredentials`.
        missing_info: Keys that `/api/system/info` has not got yet.
        hoists_common_keys: Whether data values leave out what all of them share.
        missing_operators: Filter operators that this release does not know yet.
        filters_attribute_values: Whether a filter may look into `attributeValues`.
        locale_needs_translate: Whether `locale` counts only beside `translate=true`.
    """

    number: int
    version: str
    login_path: str
    uid_mismatch: int
    xss_protection: str
    java: str
    json_type: str
    settings_type: str
    settings_cache: str
    file_cache: str | None
    method_refusal: str
    type_refusal: str
    content_refusal: str
    unread_messages: int = 236
    has_user_credentials: bool = False
    missing_info: frozenset[str] = frozenset()
    hoists_common_keys: bool = False
    missing_operators: frozenset[str] = frozenset()
    filters_attribute_values: bool = False
    locale_needs_translate: bool = False

    @property
    def shows_errors_as_pages(self) -> bool:
        """Whether a refused `analytics.csv` is a 200 with the error as its text: from 2.40.9, 2.41.5 and 2.42.1 on."""
        first = {40: 9, 41: 5, 42: 1}.get(self.number, 0)
        return int(re.findall(r"[0-9]+", self.version)[2]) >= first


class _Shared(TypedDict, total=False):
    uid_mismatch: int
    xss_protection: str
    json_type: str
    settings_type: str
    settings_cache: str
    file_cache: str | None
    method_refusal: str
    type_refusal: str
    content_refusal: str
    unread_messages: int
    has_user_credentials: bool
    locale_needs_translate: bool
    missing_info: frozenset[str]


# What tells the releases before the change to Spring 6 from those after it.
_OLD: _Shared = {
    "uid_mismatch": 404,
    "xss_protection": "1; mode=block",
    "json_type": "application/json",
    "settings_type": "application/json;charset=utf-8",
    "settings_cache": "no-cache, private",
    "file_cache": "no-cache, private",
    "method_refusal": "Request method '{}' not supported",
    "type_refusal": "Could not find acceptable representation",
    "content_refusal": "Content type '{}' not supported",
    "unread_messages": 187,
    "has_user_credentials": True,
    "missing_info": frozenset(
        {
            "lastAnalyticsTablePartitionSuccess",
            "intervalSinceLastAnalyticsTablePartitionSuccess",
            "lastAnalyticsTablePartitionRuntime",
            "systemMetadataVersion",
            "lastMetadataVersionSyncAttempt",
            "databaseInfo.time",
        }
    ),
}
_NEW: _Shared = {
    "locale_needs_translate": True,
    "uid_mismatch": 405,
    "xss_protection": "0",
    "json_type": "application/json;charset=UTF-8",
    "settings_type": "application/json;charset=UTF-8",
    "settings_cache": "no-cache, no-store, must-revalidate",
    "file_cache": None,
    "method_refusal": "Request method '{}' is not supported",
    "type_refusal": "No acceptable representation",
    "content_refusal": "Content-Type '{}' is not supported",
}

RELEASES: Mapping[str, Release] = MappingProxyType(
    {
        "40": Release(
            40,
            "2.40.9",
            **_OLD,
            login_path="/dhis-web-commons/security/login.action",
            java="11.0.18",
            missing_operators=frozenset({"ieq", "!empty"}),
        ),
        "41": Release(
            41,
            "2.41.5",
            **_OLD,
            login_path="/dhis-web-login",
            java="17.0.2",
            missing_operators=frozenset({"!empty"}),
            filters_attribute_values=True,
        ),
        "42": Release(42, "2.42.4", **_NEW, login_path="/dhis-web-login", java="17.0.2"),
        "43": Release(43, "2.43.1", **_NEW, login_path="/login/", java="17.0.2", hoists_common_keys=True),
    }
)
"""By number, oldest first."""

NEWEST = "43"


def release_of(version: str | int) -> Release:
    """Return the release that *version* names, as `43` or `2.43`; a number will do.

    Raises:
        UsageError: The sandbox does not imitate it.

    >>> release_of("2.40").login_path, release_of(43).login_path
    ('/dhis-web-commons/security/login.action', '/login/')
    """
    found = RELEASES.get(str(version).removeprefix("2."))
    if found is None:
        raise UsageError(
            f"the sandbox does not imitate DHIS2 {version!r}",
            hint=f"use one of: {', '.join(RELEASES)}",
            docs="docs/sandbox.md",
        )
    return found
