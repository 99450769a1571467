"""Check that a DHIS2 server answers, and keep its state as an artifact: a deployment to run every few minutes."""

from dataclasses import dataclass

import polars as pl
from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from prefect_patterns.blocks import get_dhis2_credentials
from prefect_patterns.dhis2 import Dhis2Client
from prefect_patterns.report import markdown_table


@dataclass(frozen=True)
class ServerStatus:
    """What a DHIS2 server says of itself."""

    address: str
    version: str
    system: str
    user: str
    analytics: str


@task(cache_policy=NO_CACHE)  # a client has no cache key; it retries by itself what is worth it
def check_server(client: Dhis2Client, address: str) -> ServerStatus:
    """Ask what the server is and who we are; wrong credentials and a server that is down end the run here."""
    info, me = client.get_server_info(), client.me()
    return ServerStatus(
        address=address,
        version=str(info.get("version") or "unknown"),
        system=str(info.get("systemName") or "unnamed"),
        user=str(me.get("username") or "unknown"),
        analytics=str(info.get("lastAnalyticsTableSuccess") or "never"),
    )


@flow(name="dhis2_connection")
def dhis2_connection_flow() -> ServerStatus:
    """Return the state of the server that the environment or the block `dhis2` names."""
    credentials = get_dhis2_credentials()
    status = check_server(credentials.get_client(), credentials.base_url)
    facts = {
        "System": status.system,
        "Address": status.address,
        "DHIS2": status.version,
        "Signed in as": status.user,
        "Analytics tables from": status.analytics,
    }
    table = markdown_table(pl.DataFrame({"What": list(facts), "Value": list(facts.values())}))
    create_markdown_artifact(f"# DHIS2 server\n\n{table}", key="dhis2-server-status")
    return status


if __name__ == "__main__":
    dhis2_connection_flow()
