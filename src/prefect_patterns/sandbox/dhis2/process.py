"""The DHIS2 sandbox from outside: a child process, its address, its users and the faults it is told to have."""

import json
from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.dhis2.metadata import COLLECTIONS, Patch
from prefect_patterns.sandbox.dhis2.release import NEWEST, RELEASES, release_of
from prefect_patterns.sandbox.dhis2.settings import SETTINGS
from prefect_patterns.sandbox.dhis2.users import ADMIN, TOKENS
from prefect_patterns.sandbox.process import SandboxProcess

__all__ = ["MAX_SCALE", "VERSIONS", "Dhis2Sandbox"]

VERSIONS = tuple(RELEASES)
MAX_SCALE = 1000

_DOCS = "docs/sandbox.md"
_TABLES = ("fresh", "stale", "missing")
_LONGEST_SKEW = 10 * 365 * 86_400.0


class Dhis2Sandbox(SandboxProcess):
    """A DHIS2 server on this machine, for as long as the block lasts.

    The API is at the root of `url`; the superuser is `username` with `password`, or the API token `token`. `tokens` has
    others that are good for less or for nothing. The process ends with its parent, however that ends.

    Args:
        version: The release to imitate: 40 to 43, or 2.40 to 2.43.
        port: The API's port on 127.0.0.1; 0 takes a free one.
        today: The server's day, whose noon its clock then always shows; None is the real time. The data values end with
            the last whole month before it.
        seed: Of the data values; None is the usual seed.
        patch: Changes of the metadata, as `{collection: {uid: {property: value}}}`: merged into the object, None takes
            a property away, an unknown uid adds an object.
        scale: How many of each facility there are, with as many values.
        settings: Changes of the system settings, such as `{"keyAnalyticsMaxLimit": 1000}` or `{"keyDbLocale": "fr"}`.
        analytics: The state of the analytics tables: `fresh`; `stale`, without the last month's values until the job
            that makes them has run; `missing`.
        clock_skew: Seconds that the server's clock is ahead of ours, without *today*.
        start_timeout: Seconds until the server must answer.

    Raises:
        UsageError: The version, the port, the patch or another argument cannot be; all that is wrong is said.
        LocalError: On entering: the port is taken, or the process did not start.

    >>> Dhis2Sandbox(version="39")
    Traceback (most recent call last):
    prefect_patterns.errors.UsageError: the sandbox does not imitate DHIS2 '39'. Try: use one of: 40, 41, 42, 43
    """

    service: ClassVar[str] = "DHIS2"
    module: ClassVar[str] = "prefect_patterns.sandbox.dhis2"
    username: ClassVar[str] = ADMIN.username
    password: ClassVar[str] = ADMIN.password
    token: ClassVar[str] = TOKENS["admin"]
    tokens: ClassVar[Mapping[str, str]] = TOKENS

    def __init__(
        self,
        *,
        version: str | int = NEWEST,
        port: int = 0,
        today: date | None = None,
        seed: int | None = None,
        patch: Patch | None = None,
        scale: int = 1,
        settings: Mapping[str, object] | None = None,
        analytics: str = "fresh",
        clock_skew: float = 0.0,
        start_timeout: float = 30.0,
    ) -> None:
        release = release_of(version)
        problems = [
            *_of_patch(patch),
            *_of_settings(settings),
            *_of_numbers(scale, clock_skew),
            *([] if analytics in _TABLES else [f"the analytics tables cannot be {analytics!r}"]),
        ]
        if problems:
            raise UsageError(
                f"such a sandbox cannot be: {'; '.join(problems)}", hint="see the arguments of Dhis2Sandbox", docs=_DOCS
            )
        self.version = str(release.number)
        config = {
            "version": self.version,
            "today": today.isoformat() if today else None,
            "seed": seed,
            "patch": patch,
            "scale": scale,
            "settings": settings,
            "analytics": analytics,
            "clock_skew": clock_skew,
        }
        super().__init__(config, port=port, start_timeout=start_timeout)


def _of_patch(patch: Patch | None) -> list[str]:
    if patch is None:
        return []
    if not isinstance(patch, Mapping):
        return [f"the patch {patch!r} is none: write it as {{collection: {{uid: {{property: value}}}}}}"]
    found = [
        f"the patch names the unknown collection {name} (known: {', '.join(COLLECTIONS)})"
        for name in patch
        if name not in COLLECTIONS
    ]
    found += [
        f"the patch of {name} is none: write it as {{uid: {{property: value}}}}"
        for name, changes in patch.items()
        if not isinstance(changes, Mapping) or not all(isinstance(change, Mapping) for change in changes.values())
    ]
    return [*found, *_not_json("the patch", patch)]


def _of_settings(settings: Mapping[str, object] | None) -> list[str]:
    unknown = sorted(set(settings or {}) - set(SETTINGS))
    found = [f"there is no setting {name}" for name in unknown]
    limit = (settings or {}).get("keyAnalyticsMaxLimit", 1)
    if not isinstance(limit, int) or isinstance(limit, bool):
        found.append(f"keyAnalyticsMaxLimit={limit!r} is no whole number")
    return [*found, *_not_json("the settings", settings)]


def _of_numbers(scale: int, clock_skew: float) -> list[str]:
    found = []
    if not isinstance(scale, int) or isinstance(scale, bool) or not 1 <= scale <= MAX_SCALE:
        found.append(f"scale={scale!r} is not a number from 1 to {MAX_SCALE}")
    if not abs(clock_skew) <= _LONGEST_SKEW:
        found.append(f"clock_skew={clock_skew!r} is not a number of seconds within ten years")
    return found


def _not_json(what: str, value: object) -> list[str]:
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        return [f"{what} cannot be written as JSON: {error}"]
    return []
