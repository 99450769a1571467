"""Connect to a DHIS2 server through a credentials block and say what is there.

+++
section  = "DHIS2"
concepts = ["credentials block", "client", "fallback"]
library  = ["blocks.get_dhis2_credentials", "dhis2.Dhis2Client"]
airflow  = "BaseHook.get_connection"
needs    = ["sandbox"]
+++

**Notice** that the flow names no address and no password: the environment, the block `dhis2` or the local sandbox
gives them, in this order, and the log says which one it was.
**Change** nothing here to reach your own server: set PATTERNS_DHIS2_URL, PATTERNS_DHIS2_USERNAME and
PATTERNS_DHIS2_PASSWORD, or save a block with `Dhis2Credentials(...).save("dhis2")`.
"""

from dataclasses import dataclass

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from prefect_patterns.blocks import get_dhis2_credentials
from prefect_patterns.dhis2 import Dhis2Client


@dataclass(frozen=True)
class Connection:
    """What a DHIS2 server says of itself."""

    base_url: str
    version: str
    system: str
    user: str
    org_units: int


@task(cache_policy=NO_CACHE)  # a client has no cache key; it retries by itself what is worth it
def look_around(client: Dhis2Client, base_url: str) -> Connection:
    """Ask who we are and what the server holds; wrong credentials end here, before any work is done."""
    info = client.get_server_info()
    me = client.me()
    units = client.fetch_metadata("organisationUnits", fields="id")
    return Connection(
        base_url=base_url,
        version=str(info.get("version", "unknown")),
        system=str(info.get("systemName", "unnamed")),
        user=str(me.get("username", "unknown")),
        org_units=len(units),
    )


@flow(name="101-dhis2-connection")
def dhis2_connection_flow() -> Connection:
    """Return what the configured DHIS2 server says of itself."""
    credentials = get_dhis2_credentials()
    connection = look_around(credentials.get_client(), credentials.base_url)
    print(f"{connection.system}: DHIS2 {connection.version} at {connection.base_url}")
    print(f"signed in as {connection.user}, who sees {connection.org_units:,} org units")
    return connection


if __name__ == "__main__":
    dhis2_connection_flow()
