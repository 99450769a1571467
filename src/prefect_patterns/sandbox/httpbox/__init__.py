"""A small HTTP service of ours with what people meet in APIs: failures, files, webhooks, tokens, pages."""

from prefect_patterns.sandbox.httpbox.demo import DEMO, Demo
from prefect_patterns.sandbox.httpbox.process import HttpBox

__all__ = ["DEMO", "Demo", "HttpBox"]
