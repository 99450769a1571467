"""Checks of the way in and of the transport: who one is, login pages, versions in paths, ETag, compression."""

import re
from collections.abc import Sequence

from prefect_patterns.dhis2.preflight.contract import Answer, Ask, Check, Facts, Judged, differs, holds
from prefect_patterns.dhis2.versions import parse_version

__all__ = ["ETAG_QUERY", "TRANSPORT_CHECKS"]

_UNITS = "organisationUnits"
_ONE_PAGE = (("fields", "id"), ("pageSize", "1"))
ETAG_QUERY = (("fields", "id,level,parent[id]"), ("order", "level:desc"), ("pageSize", "1"))
"""The list whose ETag the facts have."""
_LOGIN_PATHS = {
    40: "/dhis-web-commons/security/login.action",
    41: "/dhis-web-login",
    42: "/dhis-web-login",
    43: "/login/",
}


def _version(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    version = str(answers[0].get("version") or "")
    return holds(version) if parse_version(version)[:1] == (2,) else differs(f"version is {version!r}")


def _me(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    authorities, units = answers[0].get("authorities"), answers[0].get("organisationUnits")
    if not isinstance(authorities, list) or not isinstance(units, list):
        return differs(f"{answers[0]}: no lists of authorities and organisation units")
    return holds(f"authorities: {len(authorities)}, organisation units: {len(units)}")


def _login(facts: Facts, answers: Sequence[Answer]) -> Judged:
    answer, due = answers[0], _LOGIN_PATHS[facts.release]
    where = re.sub(r"^https?://[^/]+", "", answer.headers.get("location", "")).partition("?")[0]
    seen = f"{answer.status} to {where or 'nowhere'}"
    as_known = answer.status in {302, 303, 307} and where.rstrip("/").endswith(due.rstrip("/"))
    return holds(seen) if as_known else differs(f"{seen}, where a redirect to {due} was due")


def _unauthorized(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    as_known = answers[0].status == 401 and answers[0].get("httpStatusCode") == 401
    return holds(answers[0]) if as_known else differs(f"{answers[0]}, where 401 in JSON was due")


def _not_modified(facts: Facts, answers: Sequence[Answer]) -> Judged:
    seen = f"{answers[0].status} after {facts.etag}"
    return holds(seen) if answers[0].status == 304 and not answers[0].body else differs(seen)


def _encoded(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    encoding = answers[0].headers.get("content-encoding", "none")
    if answers[0].status != 200 or not answers[0].rows(_UNITS) or encoding not in {"gzip", "none"}:
        return differs(f"{answers[0]}, encoding {encoding}")
    return holds(f"encoding {encoding}")


def _prefixes(facts: Facts, answers: Sequence[Answer]) -> Judged:
    own, unknown = answers
    seen = f"/api/{facts.release}: {own.status}, /api/27: {unknown.status}"
    return holds(seen) if own.status == 200 and own.get("version") and unknown.status == 404 else differs(seen)


def _suffix(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    rows = answers[0].rows(_UNITS)
    same = answers[0].status == 200 and bool(rows) and rows == answers[1].rows(_UNITS)
    return holds(answers[0]) if same else differs(f"{answers[0]} and {answers[1]} are not the same list")


TRANSPORT_CHECKS: tuple[Check, ...] = (
    Check("the server tells its version", "what differs between releases", lambda _: [Ask("system/info")], _version),
    Check(
        "the server tells who one is",
        "`login`, `info` and the reports name the user and what they may see",
        lambda _: [Ask("me", (("fields", "id,username,authorities,organisationUnits[id]"),))],
        _me,
    ),
    Check(
        "without credentials: to the login page",
        "a redirect to a login page is `AuthenticationFailed`, not an answer",
        lambda _: [Ask("me", signed=False)],
        _login,
    ),
    Check(
        "without credentials, as a script: 401",
        "a refusal has an envelope that says why",
        lambda _: [Ask("me", headers=(("X-Requested-With", "XMLHttpRequest"),), signed=False)],
        _unauthorized,
    ),
    Check(
        "a list that did not change: 304",
        "metadata that is read again and again costs little",
        lambda facts: [Ask(_UNITS, ETAG_QUERY, (("If-None-Match", facts.etag),))] if facts.etag else [],
        _not_modified,
    ),
    Check(
        "compressed by gzip or not at all",
        "the client asks for gzip and reads both",
        lambda _: [Ask(_UNITS, (("fields", "id,name"), ("pageSize", "50")), (("Accept-Encoding", "gzip"),))],
        _encoded,
    ),
    Check(
        "its own version in the path, not 27",
        "the client takes /api without a version, which means the newest",
        lambda facts: [Ask(f"{facts.release}/system/info"), Ask("27/system/info")],
        _prefixes,
    ),
    Check(
        ".json is the same list",
        "addresses in other tools have the suffix",
        lambda _: [
            Ask(f"{_UNITS}.json", (*_ONE_PAGE, ("order", "id:asc"))),
            Ask(_UNITS, (*_ONE_PAGE, ("order", "id:asc"))),
        ],
        _suffix,
    ),
)
