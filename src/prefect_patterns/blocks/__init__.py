"""Prefect blocks: credentials that give clients, and where the services are."""

from prefect_patterns.blocks.dhis2 import Dhis2Credentials, get_dhis2_credentials
from prefect_patterns.blocks.services import base_url

__all__ = ["Dhis2Credentials", "base_url", "get_dhis2_credentials"]
