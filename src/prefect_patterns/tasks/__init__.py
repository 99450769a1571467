"""The Prefect face of the parts: what needs a flow run, its server or its context."""

from prefect_patterns.tasks.artifacts import in_run, markdown_report

__all__ = ["in_run", "markdown_report"]
