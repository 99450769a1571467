"""The Prefect face of the parts: what needs a flow run, its server or its context."""

from prefect_patterns.tasks.artifacts import in_run, markdown_report
from prefect_patterns.tasks.futures import settled

__all__ = ["in_run", "markdown_report", "settled"]
