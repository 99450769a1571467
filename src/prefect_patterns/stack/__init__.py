"""Prefect's server as a process of ours, that ends with those who use it."""

from prefect_patterns.stack.server import PrefectServer, own_environment, use_own_environment

__all__ = ["PrefectServer", "own_environment", "use_own_environment"]
