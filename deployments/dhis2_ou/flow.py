"""List a DHIS2 server's organisation units and keep the list as an artifact: a deployment to run once a day."""

from typing import Annotated

import polars as pl
from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from prefect_patterns.blocks import get_dhis2_credentials
from prefect_patterns.dhis2 import Dhis2Client, frames
from prefect_patterns.report import markdown_table


@task(cache_policy=NO_CACHE)
def fetch_units(client: Dhis2Client) -> pl.DataFrame:
    """Fetch all units the user may see."""
    rows = client.fetch_metadata("organisationUnits", fields="id,code,name,level,parent[id],openingDate,closedDate")
    return frames.org_units(rows)


@flow(name="dhis2_ou")
def dhis2_ou_flow(listed_level: Annotated[int, Field(ge=1, le=20)] = 2) -> dict[str, int]:
    """Return how many units each level has, and publish that with the units of one level."""
    units = fetch_units(get_dhis2_credentials().get_client())
    levels = units.group_by("level").agg(units=pl.len(), closed=pl.col("closed_date").count())
    levels = levels.sort("level", nulls_last=True)
    below = units.group_by("parent").agg(below=pl.len())
    listed = units.filter(pl.col("level") == listed_level).join(below, left_on="id", right_on="parent", how="left")
    report = [
        "# Organisation units",
        markdown_table(levels, columns={"level": "Level", "units": "Units", "closed": "Closed"}),
        f"## Level {listed_level}",
        markdown_table(listed.sort("name", "id"), columns={"name": "Name", "code": "Code", "below": "Below"}, rows=200),
    ]
    create_markdown_artifact("\n\n".join(report), key="dhis2-org-units")
    counts = {str(level): count for level, count in levels.select("level", "units").iter_rows()}
    print(f"{units.height:,} organisation units on {len(counts)} levels")
    return counts


if __name__ == "__main__":
    dhis2_ou_flow()
