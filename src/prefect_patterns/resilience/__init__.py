"""Go on in spite of a world that fails: pure decisions, without Prefect and without I/O."""

from prefect_patterns.resilience.retry import backoff, is_worth_retrying, retry_after

__all__ = ["backoff", "is_worth_retrying", "retry_after"]
