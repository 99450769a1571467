"""Where a service is: the sandbox in development, the real one when asked for or deployed."""

import logging

import prefect.runtime
from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox import ensure
from prefect_patterns.settings import load_settings

__all__ = ["PUBLIC_ADDRESSES", "base_url", "is_deployed", "say"]

PUBLIC_ADDRESSES = {"dhis2": "https://play.im.dhis2.org/dev"}
"""The published address of each service that flows use."""


def base_url(name: str) -> str:
    """Return the address of the service *name*, and log in one line which one it is.

    The sandbox, which starts when it is first needed; the real service with `PATTERNS_SERVICES=live` or inside a
    deployment.

    Args:
        name: As `dhis2`.

    Raises:
        UsageError: No service has this name.
        LocalError: The sandbox cannot be started.
    """
    if name not in PUBLIC_ADDRESSES:
        raise UsageError(f"there is no service {name!r}", hint=f"use one of: {', '.join(sorted(PUBLIC_ADDRESSES))}")
    if is_live():
        address = PUBLIC_ADDRESSES[name]
        say(f"{name}: the live service at {address}")
    else:
        address = ensure(name)
        say(f"{name}: the sandbox at {address}")
    return address


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
