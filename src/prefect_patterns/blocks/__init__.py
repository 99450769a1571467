"""Prefect blocks: credentials that give clients, and where the services are."""

from prefect_patterns.blocks.api_auth import ApiAuthConfig, AuthHeader, build_auth_header
from prefect_patterns.blocks.dhis2 import Dhis2Credentials, explain_dhis2_credentials, get_dhis2_credentials
from prefect_patterns.blocks.services import base_url

__all__ = [
    "ApiAuthConfig",
    "AuthHeader",
    "Dhis2Credentials",
    "base_url",
    "build_auth_header",
    "explain_dhis2_credentials",
    "get_dhis2_credentials",
]
