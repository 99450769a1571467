"""httpbox's child process."""

from collections.abc import Mapping
from typing import Any

from prefect_patterns.sandbox.httpbox.app import build_app
from prefect_patterns.sandbox.proxy import HostCheck, control
from prefect_patterns.sandbox.server import run

__all__ = ["main"]


def main() -> None:
    """Serve httpbox until the parent goes."""
    run(_build)


def _build(given: Mapping[str, Any]) -> tuple[HostCheck, HostCheck]:
    wanted = {name: given[name] for name in ("seed", "webhook_secret", "token_lifetime") if name in given}
    app = build_app(**wanted)
    return HostCheck(app), HostCheck(control(app, str(given["token"])))
