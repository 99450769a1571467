"""Where a service is: the sandbox in development, the real one when asked for or deployed."""

import logging

import prefect.runtime
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from prefect_patterns.errors import ConfigError, UsageError
from prefect_patterns.http import base_address
from prefect_patterns.sandbox import NAMES, ensure
from prefect_patterns.settings import load_settings

__all__ = ["PUBLIC_ADDRESSES", "base_url", "is_deployed", "say"]

_DOCS = "docs/sandbox.md#httpbox"

PUBLIC_ADDRESSES = {"dhis2": "https://play.im.dhis2.org/dev"}
"""The published address of each real service that flows use; what is not here exists as a sandbox only."""


def base_url(name: str) -> str:
    """Return the address of the service *name*, and log in one line which one it is.

    The sandbox, which starts when it is first needed; the real service with `PATTERNS_SERVICES=live` or inside a
    deployment. `httpbox` stands for no real service: `PATTERNS_HTTPBOX_URL` may name one that runs elsewhere.

    Args:
        name: `dhis2` or `httpbox`.

    Raises:
        UsageError: No service has this name.
        ConfigError: A real one is asked for, and there is none.
        LocalError: The sandbox cannot be started.
    """
    if name not in NAMES:
        raise UsageError(f"there is no service {name!r}", hint=f"use one of: {', '.join(sorted(NAMES))}")
    given = load_settings().httpbox_url if name == "httpbox" else None
    if given:
        address = _checked(given)
        say(f"{name}: at {address}, as PATTERNS_HTTPBOX_URL says")
    elif is_live():
        address = _public(name)
        say(f"{name}: the live service at {address}")
    else:
        address = ensure(name)
        say(f"{name}: the sandbox at {address}")
    return address


def _checked(url: str) -> str:
    try:
        return base_address(url)
    except ConfigError as error:
        raise ConfigError(f"PATTERNS_HTTPBOX_URL: {error.what}", hint=error.hint, docs=_DOCS) from None


def _public(name: str) -> str:
    if name in PUBLIC_ADDRESSES:
        return PUBLIC_ADDRESSES[name]
    where = "a deployment" if is_deployed() else "a run with PATTERNS_SERVICES=live"
    raise ConfigError(
        f"{name} is a stand-in of ours and has no live service for {where}",
        hint="run the flow here without --live, or start one with `patterns sandbox --service httpbox` and set "
        "PATTERNS_HTTPBOX_URL to its address; for an API of your own save an ApiAuthConfig block",
        docs=_DOCS,
    )


def is_live() -> bool:
    """Return whether flows use the real services."""
    return is_deployed() or load_settings().services == "live"


def is_deployed() -> bool:
    """Return whether this runs inside a deployment."""
    return bool(prefect.runtime.deployment.id)


def say(line: str) -> None:
    """Log *line* in the run, or to Python's logging outside of one."""
    logger: logging.Logger | logging.LoggerAdapter[logging.Logger]
    try:
        logger = get_run_logger()
    except MissingContextError:
        logger = logging.getLogger("prefect_patterns")
    logger.info(line)
