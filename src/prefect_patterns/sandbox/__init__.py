"""Local servers that behave like the real services: what flows and tests talk to."""

from prefect_patterns.sandbox.published import Published, alive, publish, published, withdraw
from prefect_patterns.sandbox.services import NAMES, ensure, running, serve

__all__ = ["NAMES", "Published", "alive", "ensure", "publish", "published", "running", "serve", "withdraw"]
