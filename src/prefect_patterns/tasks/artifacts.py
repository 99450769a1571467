"""Reports that are always a file, and an artifact too when a run can show it."""

import re
from pathlib import Path

from prefect.artifacts import create_markdown_artifact
from prefect.context import FlowRunContext, TaskRunContext

from prefect_patterns.errors import UsageError
from prefect_patterns.files import write_text

__all__ = ["in_run", "markdown_report"]

_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def in_run() -> bool:
    """Return whether this code runs inside a flow run or a task run."""
    return FlowRunContext.get() is not None or TaskRunContext.get() is not None


def markdown_report(key: str, markdown: str, *, path: Path, description: str | None = None) -> Path:
    """Write *markdown* to *path*; inside a run, publish it as the artifact *key* as well.

    Call it from synchronous code: inside an async flow Prefect's own call would have to be awaited.

    Args:
        key: Groups the artifact's versions in the UI: lower-case letters, digits and dashes.
        markdown: The text. Escape what comes from outside.
        path: Written as one step, so that a reader sees the old report or the new one.
        description: One line beside the artifact.

    Returns:
        The path.

    Raises:
        UsageError: Prefect would refuse the key.
        StorageError: The file cannot be written.
    """
    if not _KEY.fullmatch(key):
        raise UsageError(f"{key!r} cannot be an artifact's key", hint="use lower-case letters, digits and dashes")
    write_text(path, markdown)
    if in_run():
        create_markdown_artifact(markdown, key=key, description=description)
    return path
