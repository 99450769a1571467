"""HTTP clients that give up in time, repeat only what may be repeated, and keep credentials to one host."""

from prefect_patterns.http.auth import ApiKeyAuth, BasicAuth, BearerAuth, basic_value, bearer_value, key_value
from prefect_patterns.http.client import DIVISIBLE, WHOLE, Retries, build_client
from prefect_patterns.http.failures import connection_failure
from prefect_patterns.http.oauth2 import ClientCredentialsAuth
from prefect_patterns.http.urls import base_address, is_loopback, same_origin, without_secrets

__all__ = [
    "DIVISIBLE",
    "WHOLE",
    "ApiKeyAuth",
    "BasicAuth",
    "BearerAuth",
    "ClientCredentialsAuth",
    "Retries",
    "base_address",
    "basic_value",
    "bearer_value",
    "build_client",
    "connection_failure",
    "is_loopback",
    "key_value",
    "same_origin",
    "without_secrets",
]
