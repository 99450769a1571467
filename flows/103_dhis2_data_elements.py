"""Sort a server's data elements by what they hold, and find those that nobody collects.

+++
section  = "DHIS2"
concepts = ["metadata", "parallel fetch", "join", "report"]
library  = ["dhis2.Dhis2Client", "dhis2.frames", "report", "tasks.markdown_report"]
airflow  = "DAG"
needs    = ["sandbox"]
+++

**Notice** that the two lists are fetched side by side by one client, and that the work after it is columns, not loops.
**Notice** that a field which the server leaves out is null and ends as `unknown`, not as an error.
**Change** `KINDS` to sort them your way, or set PATTERNS_DHIS2_URL to look at your own server.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from prefect_patterns.blocks import get_dhis2_credentials
from prefect_patterns.dhis2 import Dhis2Client, frames
from prefect_patterns.files import versioned_folder
from prefect_patterns.report import Page, Section, bar, beside, markdown_table, shown_path, table
from prefect_patterns.settings import load_settings
from prefect_patterns.tasks import markdown_report

FIELDS = {
    "dataElements": "id,code,name,valueType,aggregationType,categoryCombo[id]",
    "dataSets": "id,name,periodType,dataSetElements[dataElement[id]]",
}
KINDS: Mapping[str, tuple[str, ...]] = {
    "number": ("NUMBER", "INTEGER", "INTEGER_POSITIVE", "INTEGER_NEGATIVE", "INTEGER_ZERO_OR_POSITIVE"),
    "share": ("PERCENTAGE", "UNIT_INTERVAL"),
    "yes or no": ("BOOLEAN", "TRUE_ONLY"),
    "date or time": ("DATE", "DATETIME", "TIME", "AGE"),
    "text": ("TEXT", "LONG_TEXT", "MULTI_TEXT", "LETTER", "PHONE_NUMBER", "EMAIL", "URL", "USERNAME"),
    "place": ("COORDINATE", "GEOJSON", "ORGANISATION_UNIT"),
    "file": ("FILE_RESOURCE", "IMAGE"),
}


@dataclass(frozen=True)
class DataElements:
    """What the run found and wrote."""

    folder: Path
    total: int
    by_kind: Mapping[str, int]
    not_collected: int


@task(task_run_name="fetch-{endpoint}", cache_policy=NO_CACHE)
def fetch(client: Dhis2Client, endpoint: str) -> list[dict[str, Any]]:
    """Fetch all pages of one list."""
    return client.fetch_metadata(endpoint, fields=FIELDS[endpoint])


@task
def categorise(elements: list[dict[str, Any]], sets: list[dict[str, Any]]) -> pl.DataFrame:
    """Add to each data element what kind of value it holds, and the data sets that collect it."""
    kinds = {value_type: kind for kind, value_types in KINDS.items() for value_type in value_types}
    collected = (
        frames.data_set_elements(sets)
        .join(frames.data_sets(sets), left_on="data_set", right_on="id")
        .group_by("data_element")
        .agg(pl.col("name").sort().alias("data_sets"), pl.col("period_type").unique().sort().alias("period_types"))
    )
    return (
        frames.data_elements(elements)
        .with_columns(kind=pl.col("value_type").replace_strict(kinds, default="unknown", return_dtype=pl.String))
        .join(collected, left_on="id", right_on="data_element", how="left")
        .sort("kind", "name", "id", nulls_last=True)
    )


def page(elements: pl.DataFrame, source: str) -> Page:
    """Compose the report: how many of each kind, and which are in no data set or in several."""
    orphans = elements.filter(pl.col("data_sets").is_null())
    shared = elements.filter(pl.col("data_sets").list.len() > 1).with_columns(pl.col("data_sets").list.join(", "))
    columns = {"name": "Data element", "kind": "Kind", "value_type": "Value type"}
    counts = [
        bar(counted(elements, column), title=title, digits=0)
        for column, title in (("kind", "What they hold"), ("aggregation_type", "How they add up"))
    ]
    return Page(
        title="Data elements",
        facts=[("Source", source), ("In all", f"{elements.height:,}")],
        sections=[
            Section("By kind", [beside(*counts)]),
            Section(
                "In several data sets",
                [table(shared, caption="Data elements", columns=columns | {"data_sets": "Data sets"}, rows=50)],
                intro="From DHIS2 2.43 on, an import of their values must name the data set (E8002).",
            ),
            Section(
                "In no data set",
                [table(orphans, caption="Data elements", columns=columns, rows=50)],
                intro="Nobody can enter a value for these in a form.",
            ),
        ],
    )


def counted(elements: pl.DataFrame, column: str) -> dict[str, int]:
    """Return how many elements have each value of *column*, the most frequent first."""
    counts = elements.group_by(pl.col(column).fill_null("unknown")).len().sort("len", column, descending=[True, False])
    return dict(counts.iter_rows())


@flow(name="103-dhis2-data-elements")
def dhis2_data_elements_flow() -> DataElements:
    """Return how many data elements there are of each kind, and write them as a table and a report."""
    credentials = get_dhis2_credentials()
    client = credentials.get_client()
    lists = {endpoint: fetch.submit(client, endpoint) for endpoint in FIELDS}
    elements = categorise(lists["dataElements"].result(), lists["dataSets"].result())
    by_kind = counted(elements, "kind")
    orphans = elements["data_sets"].null_count()

    output = load_settings().output
    with versioned_folder(output, "103", str(flow_run.id)) as folder:
        elements.write_parquet(folder / "data_elements.parquet")
        page(elements, credentials.base_url).write(folder / "report.html")
        counts = pl.DataFrame({"kind": list(by_kind), "how many": list(by_kind.values())})
        summary = f"# Data elements\n\n{markdown_table(counts)}\n{orphans:,} are in no data set.\n"
        markdown_report("dhis2-data-elements", summary, path=folder / "summary.md")
    for kind, count in by_kind.items():
        print(f"{kind:<14} {count:>6,}")
    print(f"{elements.height:,} data elements, {orphans:,} in no data set")
    print(f"report {shown_path(output / '103' / 'report.html')}")
    return DataElements(output / "103", elements.height, by_kind, orphans)


if __name__ == "__main__":
    dhis2_data_elements_flow()
