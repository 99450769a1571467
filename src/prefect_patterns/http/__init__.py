"""HTTP clients that give up in time, repeat only what may be repeated, and keep credentials to one host."""

from prefect_patterns.http.client import WHOLE, Retries, build_client
from prefect_patterns.http.failures import connection_failure
from prefect_patterns.http.urls import base_address, is_loopback, same_origin, without_secrets

__all__ = [
    "WHOLE",
    "Retries",
    "base_address",
    "build_client",
    "connection_failure",
    "is_loopback",
    "same_origin",
    "without_secrets",
]
