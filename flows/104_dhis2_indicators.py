"""Turn a DHIS2 server's indicators into formulas that people can read.

+++
section  = "DHIS2"
concepts = ["expressions", "parser", "names for ids", "unresolved listed"]
library  = ["analytics.parse", "dhis2.readable", "report", "tasks.markdown_report"]
airflow  = "DAG"
needs    = ["sandbox"]
+++

**Notice** that the expressions are parsed, not searched: functions, constants, reporting rates and indicators inside
indicators are found as well as data elements, and what cannot be read is listed with the place where it goes wrong.
**Notice** that names are asked for by id, list after list, and only while some are still missing.
**Change** `filters` to `["name:ilike:coverage"]` to look at some indicators only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from prefect_patterns.blocks import get_dhis2_credentials
from prefect_patterns.dhis2 import Dhis2Client, frames
from prefect_patterns.dhis2.readable import NAMED_IN_EXPRESSIONS, Formula, described, read_formulas
from prefect_patterns.files import versioned_folder
from prefect_patterns.report import Column, Page, Section, markdown_table, shown_path, table
from prefect_patterns.report.text import clipped
from prefect_patterns.settings import load_settings
from prefect_patterns.tasks import markdown_report

FIELDS = "id,name,numerator,denominator,annualized,indicatorType[factor]"


@dataclass(frozen=True)
class Indicators:
    """What the run found and wrote."""

    folder: Path
    total: int
    readable: int
    named: int
    unresolved: tuple[str, ...]


@task(cache_policy=NO_CACHE)
def fetch_formulas(client: Dhis2Client, filters: Sequence[str]) -> list[Formula]:
    """Fetch the indicators and parse both expressions of each."""
    return read_formulas(frames.indicators(client.fetch_metadata("indicators", fields=FIELDS, filters=filters)))


@task(cache_policy=NO_CACHE)
def fetch_names(client: Dhis2Client, formulas: list[Formula]) -> dict[str, str | None]:
    """Return the name of every object that a formula names; None where the server has none."""
    names: dict[str, str | None] = {uid: None for formula in formulas for uid in formula.uids}
    for endpoint in NAMED_IN_EXPRESSIONS:
        missing = [uid for uid, name in names.items() if name is None]
        if not missing:
            break
        rows = client.fetch_metadata(endpoint, fields="id,name", filters=[f"id:in:[{','.join(missing)}]"])
        names |= {row["id"]: row.get("name") for row in rows if row.get("id") in names and row.get("name")}
    return names


def page(formulas: pl.DataFrame, unresolved: pl.DataFrame, source: str) -> Page:
    """Compose the report: every formula in words, the ids without a name, what cannot be read."""
    columns: dict[str, str | Column] = {
        "name": "Indicator",
        "numerator": "Numerator",
        "denominator": "Denominator",
        "factor": Column("Times", digits=0),
    }
    unread = formulas.drop_nulls("problem")
    return Page(
        title="Indicators",
        facts=[("Source", source), ("In all", f"{formulas.height:,}")],
        sections=[
            Section("Formulas", [table(formulas, caption="Indicators", columns=columns, rows=1_000)]),
            Section(
                "Ids without a name",
                [table(unresolved, caption="Ids", columns={"unresolved": "Id", "name": "Indicator"}, rows=100)],
                intro="Deleted, or not to be seen by this user: the server counts them as missing.",
            ),
            Section(
                "Cannot be read",
                [table(unread, caption="Indicators", columns={"name": "Indicator", "problem": "Problem"}, rows=100)],
            ),
        ],
    )


@flow(name="104-dhis2-indicators")
def dhis2_indicators_flow(filters: Sequence[str] = ()) -> Indicators:
    """Write every indicator as a formula with names, and list the ids that have none."""
    credentials = get_dhis2_credentials()
    client = credentials.get_client()
    formulas = fetch_formulas(client, filters)
    names = fetch_names(client, formulas)
    shown = described(formulas, names).sort("name", "id", nulls_last=True)
    unresolved = shown.select("unresolved", "name", "id").explode("unresolved").drop_nulls("unresolved")
    missing = tuple(unresolved["unresolved"].unique().sort())

    output = load_settings().output
    with versioned_folder(output, "104", str(flow_run.id)) as folder:
        shown.write_parquet(folder / "indicators.parquet")
        page(shown, unresolved, credentials.base_url).write(folder / "report.html")
        columns = {"name": "Indicator", "numerator": "Numerator", "denominator": "Denominator"}
        summary = f"# Indicators\n\n{markdown_table(shown, columns=columns)}\n## Ids without a name\n\n"
        summary += markdown_table(unresolved, columns={"unresolved": "Id", "name": "Indicator"})
        markdown_report("dhis2-indicators", summary, path=folder / "summary.md")
    readable = shown["problem"].null_count()
    print(
        f"{shown.height:,} indicators, {readable:,} read; {len(names) - len(missing):,} names, {len(missing)} missing"
    )
    for uid, name in unresolved.select("unresolved", "name").head(5).iter_rows():
        print(f"no name for {uid} in {clipped(name or 'an unnamed indicator', 60)}")
    print(f"report {shown_path(output / '104' / 'report.html')}")
    return Indicators(output / "104", shown.height, readable, len(names) - len(missing), missing)


if __name__ == "__main__":
    dhis2_indicators_flow()
