"""Ask a DHIS2 server for aggregated values: dimensions in, a typed frame with names out, refusals explained.

+++
section  = "DHIS2"
concepts = ["analytics", "dimension and filter", "names for ids", "refusal"]
library  = ["dhis2.Dhis2Client", "dhis2.EXPLANATIONS", "report", "tasks.markdown_report"]
airflow  = "DAG"
needs    = ["sandbox"]
+++

**Notice** the two ways to name a dimension: as a column it splits the values, as a filter it only limits them, and the
server sums over it. `by_month` and `by_area` differ in nothing else.
**Notice** that no unit is named: the keywords stand for those of the user who asks. The client makes columns with types
of the server's text, cuts what is too large into several requests, and takes the names from the same answer.
**Change** `indicator` to a name of your own, or add a query to `wrong` to see what its error means.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from prefect_patterns.blocks import get_dhis2_credentials
from prefect_patterns.dhis2 import ANALYTICS_SCHEMA, EXPLANATIONS, Dhis2Client, Freshness, frames
from prefect_patterns.dhis2.coverage import Indicator, pick_indicators
from prefect_patterns.errors import QueryRefused
from prefect_patterns.files import versioned_folder
from prefect_patterns.report import Page, Section, bar, line, markdown_table, shown_path, table
from prefect_patterns.settings import load_settings
from prefect_patterns.tasks import markdown_report

YEAR, OURS, BELOW = "LAST_12_MONTHS", "USER_ORGUNIT", "USER_ORGUNIT_CHILDREN"
NAMED = ANALYTICS_SCHEMA | {"dx_name": pl.String, "ou_name": pl.String, "pe_name": pl.String, "pe_start": pl.Date}
SHOWN = {"dx_name": "Indicator", "ou_name": "Area", "value": "Value"}
Query = Mapping[str, Any]  # as the client takes it


def wrong(known: str) -> dict[str, Query]:
    """Return what no server can answer, about a data item that it knows."""
    return {
        "a data item that nobody knows": {"dx": ["nosuchdata1"], "ou": [OURS], "pe": [YEAR]},
        "a month that is none": {"dx": [known], "ou": [OURS], "pe": ["202413"]},
        "a group set that nobody knows": {"dx": [known], "pe": [YEAR], "dimensions": {"nosuchgroup": []}},
        "no period at all": {"dx": [known], "ou": [OURS]},
    }


@dataclass(frozen=True)
class Analytics:
    """What the run found and wrote; *refusals* are the server's codes, by what was wrong."""

    folder: Path
    values: int
    refusals: Mapping[str, str]


@task(cache_policy=NO_CACHE)
def choose(client: Dhis2Client, wanted: str) -> list[Indicator]:
    """Pick the coverage indicators of the server, the wanted one first."""
    rows = client.fetch_metadata("indicators", fields="id,name,indicatorType[factor]")
    return pick_indicators(frames.indicators(rows), wanted, most=3)


@task(cache_policy=NO_CACHE)
def ask(client: Dhis2Client, query: Query) -> pl.DataFrame:
    """Return the answer as one typed frame with names, also where there is nothing to ask for."""
    answers = client.iter_analytics(**query, names=True, dates=True) if query["dx"] else []
    return pl.concat([pl.DataFrame(schema=NAMED), *answers], how="diagonal").sort("dx", "ou", "pe")


@task(task_run_name="refused-{what}", cache_policy=NO_CACHE)
def refusal(client: Dhis2Client, what: str, query: Query) -> dict[str, str]:
    """Ask for what cannot be, and say what the server's refusal means and what to do."""
    try:
        said, code, means, todo = f"{len(list(client.iter_analytics(**query)))} answers", "-", "Not refused", ""
    except QueryRefused as error:
        said, code, todo = str((error.envelope or {}).get("message", "")), error.code or "-", error.hint
        means = EXPLANATIONS[code].meaning if code in EXPLANATIONS else "Nobody wrote that down"
    return {"Asked for": what, "Code": code, "The server says": said, "It means": means, "What to do": todo}


def page(chosen: list[Indicator], by_month: pl.DataFrame, by_area: pl.DataFrame, refused: pl.DataFrame) -> Page:
    """Compose the report: the months as lines, the areas as bars, what the frame looks like, the refusals."""
    shown, unit = (chosen[0].name, chosen[0].unit) if chosen else ("", "")
    months = {
        each.name: dict(by_month.filter(dx=each.id).sort("pe_start").select("pe_name", "value").iter_rows())
        for each in chosen
        if each.unit == unit
    }
    first = by_area.filter(dx=chosen[0].id if chosen else "").sort("value", descending=True)
    name = pl.when(pl.col("ou_name").is_unique()).then("ou_name").otherwise(pl.format("{} ({})", "ou_name", "ou"))
    areas = dict(first.select(pl.coalesce(name, "ou"), "value").iter_rows())
    kinds = pl.DataFrame({"Column": by_area.columns, "Type": map(str, by_area.dtypes)})
    return Page(
        title="Analytics",
        sections=[
            Section("By month, all areas together", [line(months, title="The last 12 months", unit=unit)]),
            Section("By area, over the year", [bar(areas, title=shown, unit=unit)]),
            Section(
                "What comes back", [table(by_area, caption="Rows, by area", rows=5), table(kinds, caption="Types")]
            ),
            Section("What the server refuses", [table(refused.drop("The server says"), caption="Queries")]),
        ],
    )


@flow(name="107-dhis2-analytics")
def dhis2_analytics_flow(indicator: str = "Penta 3 coverage") -> Analytics:
    """Ask for indicators by month and by area, and for some things that cannot be; write a report."""
    credentials = get_dhis2_credentials()
    client = credentials.get_client()
    tables = Freshness.of(client.get_server_info())
    chosen = choose(client, indicator)
    if warning := tables.warning():
        print(f"mind: {warning}")
    if not any(each.wanted for each in chosen):
        print(f"mind: no indicator has {indicator!r} in its name")
    ids = [each.id for each in chosen]
    asked = {
        "by_month": ask.submit(client, {"dx": ids, "pe": [YEAR], "filters": [f"ou:{OURS}"]}),
        "by_area": ask.submit(client, {"dx": ids, "ou": [BELOW], "filters": [f"pe:{YEAR}"]}),
    }
    refusals = [refusal.submit(client, *each) for each in wrong(ids[0] if ids else YEAR).items()]
    refused = pl.DataFrame([each.result() for each in refusals])
    answers = {name: future.result() for name, future in asked.items()}

    output = load_settings().output
    with versioned_folder(output, "107", str(flow_run.id)) as folder:
        for name, frame in answers.items():
            frame.write_parquet(folder / f"{name}.parquet")
        facts = [("Source", credentials.base_url), ("Analytics tables of", tables.made)]
        replace(page(chosen, refused=refused, **answers), facts=facts).write(folder / "report.html")
        values = markdown_table(answers["by_area"], columns=SHOWN)
        text = f"# Analytics\n\n{values}\n## Refused\n\n{markdown_table(refused)}"
        markdown_report("dhis2-analytics", text, path=folder / "summary.md")
    total = sum(frame.height for frame in answers.values())
    print(f"{total:,} values of {len(chosen)} indicators")
    for row in refused.iter_rows(named=True):
        print(f"{row['Code']:<6} {row['Asked for']}\n       {row['It means']}")
    print(f"report {shown_path(output / '107' / 'report.html')}")
    return Analytics(output / "107", total, dict(refused.select("Asked for", "Code").iter_rows()))


if __name__ == "__main__":
    dhis2_analytics_flow()
