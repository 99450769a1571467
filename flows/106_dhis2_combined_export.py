"""Export several lists of a server side by side, each as CSV, JSON and Parquet.

+++
section  = "DHIS2"
concepts = ["parallel endpoints", "one client", "formats", "one version of all outputs"]
library  = ["dhis2.Dhis2Client", "dhis2.tidy", "files.versioned_folder", "files.write_csv"]
airflow  = "DAG"
needs    = ["sandbox"]
+++

**Notice** that all tasks share one client, and with it one pool, one session and its patience: DHIS2 allows a user ten
sessions, and a client for each task would use them up.
**Notice** that the CSV is for people (a spreadsheet runs none of its texts), the JSON is as the server gave it, and the
Parquet is what to compute with.
**Notice** that the folder changes as one version: a reader never sees today's units beside yesterday's data sets.
**Change** `endpoints` to the lists that you need, as `["dataSets", "users"]`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import polars as pl
from prefect import flow, task, unmapped
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from prefect_patterns.blocks import get_dhis2_credentials
from prefect_patterns.dhis2 import Dhis2Client, tidy
from prefect_patterns.files import versioned_folder, write_csv, write_text
from prefect_patterns.report import markdown_table, shown_path
from prefect_patterns.settings import load_settings
from prefect_patterns.tasks import markdown_report

FIELDS: Mapping[str, str] = {
    "organisationUnits": "id,code,name,shortName,level,path,parent[id],openingDate,closedDate",
    "dataElements": "id,code,name,valueType,domainType,aggregationType,categoryCombo[id]",
    "dataSets": "id,code,name,periodType,dataSetElements[dataElement[id]]",
    "indicators": "id,code,name,numerator,denominator,annualized,indicatorType[id,factor]",
    "categoryOptionCombos": "id,code,name,categoryCombo[id]",
}
"""What is taken of each list; of others all that their owner has set."""

Endpoint = Annotated[str, Field(pattern="^[A-Za-z]+$")]


@dataclass(frozen=True)
class Export:
    """What the run wrote."""

    folder: Path
    rows: Mapping[str, int]


@task(task_run_name="export-{endpoint}", cache_policy=NO_CACHE)
def export(client: Dhis2Client, endpoint: str, folder: Path) -> tuple[str, int, int]:
    """Fetch one list and write it three times; return its name, its rows and its columns."""
    fields = FIELDS.get(endpoint, ":owner")
    rows: list[dict[str, Any]] = client.fetch_metadata(endpoint, fields=fields)
    frame = tidy(rows, fields)
    write_text(folder / f"{endpoint}.json", json.dumps(rows, ensure_ascii=False, indent=1))
    frame.write_parquet(folder / f"{endpoint}.parquet")
    write_csv(folder / f"{endpoint}.csv", frame)
    return endpoint, frame.height, frame.width


@flow(name="106-dhis2-combined-export", task_runner=ThreadPoolTaskRunner(max_workers=4))  # type: ignore[arg-type]
def dhis2_combined_export_flow(endpoints: Annotated[Sequence[Endpoint], Field(min_length=1)] = tuple(FIELDS)) -> Export:
    """Write each of *endpoints* as CSV, JSON and Parquet, all from one client."""
    output = load_settings().output
    client = get_dhis2_credentials().get_client()
    with versioned_folder(output, "106", str(flow_run.id)) as folder:
        wanted = list(dict.fromkeys(endpoints))
        written = export.map(unmapped(client), wanted, unmapped(folder)).result()
        table = markdown_table(pl.DataFrame(written, schema=["list", "rows", "columns"], orient="row"))
        summary = f"# Export\n\n{table}\nEach as .csv, .json and .parquet.\n"
        markdown_report("dhis2-combined-export", summary, path=folder / "summary.md")
    for name, rows, columns in written:
        print(f"  {name:<24} {rows:>7,} rows  {columns:>3} columns")
    print(f"CSV, JSON and Parquet in {shown_path(output / '106')}")
    return Export(output / "106", {name: rows for name, rows, _ in written})


if __name__ == "__main__":
    dhis2_combined_export_flow()
