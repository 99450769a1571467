"""`patterns dhis2 info`: which credentials a run would use and why, and what the server says of itself."""

import json
import sys
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any

from prefect_patterns.cli.output import style, waiting
from prefect_patterns.cli.server_credentials import found_credentials
from prefect_patterns.clock import SYSTEM, Clock
from prefect_patterns.dhis2.analytics import Freshness
from prefect_patterns.dhis2.changes import ServerTime
from prefect_patterns.dhis2.preflight import plain
from prefect_patterns.http import without_secrets

__all__ = ["show_info"]

_UNITS = 3


def show_info(*, as_json: bool, local: bool, clock: Clock = SYSTEM) -> int:
    """Print the credentials that a run would use, and what their server says; no secret is shown.

    Raises:
        ConfigError: No source has credentials, or one is wrong.
        RemoteError: The server does not answer, or refuses them.
    """
    with found_credentials(local=local, quiet=as_json) as explanation:
        credentials = explanation.required()
        address = without_secrets(credentials.base_url)
        with nullcontext() if as_json else waiting(f"asking {address}"), credentials.get_client() as client:
            asked = _server(client, clock)
        sources = [{"name": each.name, "state": each.state, "why": each.why} for each in explanation.sources]
        identity = "an access token" if client.username is None else f"the user {client.username!r}"
        answer = {"credentials": {"from": explanation.winner, "as": identity, "sources": sources}, **asked}
    if as_json:
        only_ascii = (sys.stdout.encoding or "").lower() != "utf-8"
        print(json.dumps(answer, indent=2, ensure_ascii=only_ascii))
    else:
        _print(answer)
    return 0


def _server(client: Any, clock: Clock) -> dict[str, Any]:
    version = client.version  # opens the connection, so that the next answer comes at once
    before = clock.now()
    info = client.get_server_info()
    between = before + (clock.now() - before) / 2
    me = client.me()
    fresh = Freshness.of(info)
    return {
        "server": {
            "address": client.base_url,
            "system": _text(info.get("systemName")),
            "version": _text(info.get("version")) or ".".join(map(str, version)),
            "date": _text(info.get("serverDate")),
            "clock_ahead_seconds": _ahead(info, between),
        },
        "user": {
            "username": _text(me.get("username")),
            "authorities": len(_list(me.get("authorities"))),
            "is_superuser": "ALL" in _list(me.get("authorities")),
            "org_units": _units(client, me),
        },
        "analytics": {
            "made": fresh.made.isoformat() if fresh.made else None,
            "age_hours": round(fresh.age.total_seconds() / 3600, 1) if fresh.age is not None else None,
            "warning": fresh.warning(),
        },
    }


def _units(client: Any, me: dict[str, Any]) -> dict[str, Any]:
    ids = [str(unit["id"]) for unit in _list(me.get("organisationUnits")) if isinstance(unit, dict) and "id" in unit]
    shown = ids[:_UNITS]
    named = (
        client.fetch_metadata("organisationUnits", "id,name", filters=[f"id:in:[{','.join(shown)}]"]) if shown else []
    )
    names = {row.get("id"): _text(row.get("name")) for row in named}
    return {"count": len(ids), "first": [names.get(key) or key for key in shown]}


def _ahead(info: dict[str, Any], between: datetime) -> float | None:
    """Return how many seconds the server's clock is ahead of ours; None when it does not say its time zone."""
    server = ServerTime.of(info)
    if server.now is None or server.zone is None:
        return None
    return round((server.now.replace(tzinfo=server.zone) - between).total_seconds(), 1)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return plain(value) if isinstance(value, str) else ""


def _print(answer: dict[str, Any]) -> None:
    credentials, server, user, analytics = (answer[key] for key in ("credentials", "server", "user", "analytics"))
    print(style(f"{server['system'] or 'DHIS2'} {server['version']} at {server['address']}", "bold"))
    passed = [
        each for each in credentials["sources"][1:] if each["state"] == "not set"
    ]  # the first: a flow's parameter
    line: Callable[[str, str], None] = lambda name, text: print(f"{name:12}{text}")  # noqa: E731
    line("credentials", f"{credentials['as']}, from {credentials['from']}")
    for each in passed:
        line("", f"not from {each['name']}: {each['why']}")
    units = user["org_units"]
    names = ", ".join(units["first"]) + (", …" if units["count"] > len(units["first"]) else "")
    line("user", f"{user['username']}, {'superuser' if user['is_superuser'] else 'no superuser'}")
    line("authorities", f"{user['authorities']:,}")
    line("org units", f"{units['count']:,}{f': {names}' if names else ''}")
    made = analytics["made"]
    line("analytics", f"tables made {made}, {analytics['age_hours']:,} hours ago" if made else "no tables")
    if analytics["warning"]:
        line("", style(analytics["warning"], "amber"))
    ahead = server["clock_ahead_seconds"]
    if ahead is None:
        line("clock", f"{server['date'] or 'unknown'}; the server does not say its time zone")
    elif abs(ahead) < 2:
        line("clock", "the same as here")
    else:
        line(
            "clock",
            style(f"{timedelta(seconds=round(abs(ahead)))} {'ahead of' if ahead > 0 else 'behind'} ours", "amber"),
        )
