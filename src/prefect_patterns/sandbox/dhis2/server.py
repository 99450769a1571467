"""The DHIS2 sandbox's child process."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from prefect_patterns.clock import SYSTEM, Clock
from prefect_patterns.sandbox.dhis2.app import build_app, serve_app
from prefect_patterns.sandbox.proxy import HostCheck, control
from prefect_patterns.sandbox.server import run

__all__ = ["main"]

_OPTIONS = ("seed", "patch", "version", "scale", "settings", "analytics")


def main(clock: Clock = SYSTEM) -> None:
    """Serve the sandbox until the parent goes."""
    run(lambda given: _build(given, clock), date_header=False)


def _build(given: Mapping[str, Any], clock: Clock) -> tuple[Any, Any]:
    skew = timedelta(seconds=given.get("clock_skew") or 0.0)

    def now() -> datetime:
        return clock.now() + skew

    fixed = date.fromisoformat(given["today"]) if given.get("today") else None
    wanted = {name: given[name] for name in _OPTIONS if given.get(name) is not None}
    app = build_app(today=fixed or now().date(), now=None if fixed else now, **wanted)
    return serve_app(app), HostCheck(control(app.faults, str(given["token"])))
