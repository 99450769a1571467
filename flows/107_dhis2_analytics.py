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
**Notice** that the server answers with headers and rows of text; the client makes columns with types of them, cuts what
is too large into several requests, and takes the names from the same answer.
**Change** `indicator` to a name of your own, or add a question to `wrong` to see what its error means.
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
from prefect_patterns.dhis2 import ANALYTICS_SCHEMA, EXPLANATIONS, Dhis2Client, Freshness, frames
from prefect_patterns.dhis2.coverage import Indicator, pick_indicators
from prefect_patterns.errors import QueryRefused
from prefect_patterns.files import versioned_folder
from prefect_patterns.report import Page, Section, bar, beside, line, markdown_table, shown_path, table
from prefect_patterns.settings import load_settings
from prefect_patterns.tasks import markdown_report

YEAR, COUNTRY, AREAS = "LAST_12_MONTHS", "LEVEL-1", "LEVEL-2"
NAMED = ANALYTICS_SCHEMA | {"dx_name": pl.String, "ou_name": pl.String, "pe_name": pl.String, "pe_start": pl.Date}


@dataclass(frozen=True)
class Question:
    """What is asked, in words and as the client takes it."""

    what: str
    query: Mapping[str, Any]


def wrong(known: str) -> list[Question]:
    """Return what no server can answer, about a data item that it knows."""
    return [
        Question("a data item that nobody knows", {"dx": ["nosuchdata1"], "ou": [COUNTRY], "pe": [YEAR]}),
        Question("a month that is none", {"dx": [known], "ou": [COUNTRY], "pe": ["202413"]}),
        Question("a group set that nobody knows", {"dx": [known], "pe": [YEAR], "dimensions": {"nosuchgroup": []}}),
        Question("no period at all", {"dx": [known], "ou": [COUNTRY]}),
    ]


@dataclass(frozen=True)
class Analytics:
    """What the run found and wrote; *refusals* are the server's codes, by what was wrong."""

    folder: Path
    values: int
    refusals: Mapping[str, str]


@task(cache_policy=NO_CACHE)
def choose(client: Dhis2Client, wanted: str) -> list[Indicator]:
    """Pick the coverage indicators of the server, the wanted one first."""
    rows = client.fetch_metadata("indicators", fields="id,name,numerator,denominator,annualized,indicatorType[factor]")
    return pick_indicators(frames.indicators(rows), wanted, most=3)


@task(task_run_name="ask-{question.what}", cache_policy=NO_CACHE)
def ask(client: Dhis2Client, question: Question) -> pl.DataFrame:
    """Return the answer as one typed frame with names, also where there is nothing to ask for."""
    query = question.query
    answers = client.iter_analytics(**query, names=True, dates=True) if query["dx"] else []
    return pl.concat([pl.DataFrame(schema=NAMED), *answers], how="diagonal").sort("dx", "ou", "pe")


@task(task_run_name="refused-{question.what}", cache_policy=NO_CACHE)
def refusal(client: Dhis2Client, question: Question) -> dict[str, str]:
    """Ask for what cannot be, and say what the server's refusal means and what to do."""
    try:
        answers = len(list(client.iter_analytics(**question.query)))
    except QueryRefused as error:
        code, said = error.code or "", str((error.envelope or {}).get("message", ""))
        meaning = EXPLANATIONS[code].meaning if code in EXPLANATIONS else "Nobody wrote that down"
        return {"asked for": question.what, "code": code, "server": said, "means": meaning, "do": error.hint}
    return {"asked for": question.what, "code": "", "server": f"{answers} answers", "means": "Not refused", "do": ""}


def page(chosen: list[Indicator], by_month: pl.DataFrame, by_area: pl.DataFrame, refused: pl.DataFrame) -> Page:
    """Compose the report: the months as lines, the areas as bars, what the frame looks like, the refusals."""
    shown, unit = (chosen[0].name, chosen[0].unit) if chosen else ("", "")
    months = {
        each.name: dict(by_month.filter(dx=each.id).sort("pe_start").select("pe_name", "value").iter_rows())
        for each in chosen
        if each.unit == unit
    }
    first = by_area.filter(dx=chosen[0].id if chosen else "").sort("value", descending=True)
    areas = dict(first.select(pl.coalesce("ou_name", "ou"), "value").iter_rows())
    kinds = pl.DataFrame({"column": by_month.columns, "type": [str(dtype) for dtype in by_month.dtypes]})
    return Page(
        title="Analytics",
        sections=[
            Section("By month, over the country", [line(months, title="The last 12 months", unit=unit)]),
            Section("By area, over the year", [bar(areas, title=shown, unit=unit)]),
            Section("What comes back", [beside(table(by_month, caption="Rows"), table(kinds, caption="Columns"))]),
            Section("What the server refuses", [table(refused, caption="Queries that cannot be answered")]),
        ],
    )


@flow(name="107-dhis2-analytics")
def dhis2_analytics_flow(indicator: str = "Penta 3 coverage") -> Analytics:
    """Ask for indicators by month and by area, and for some things that cannot be; write a report."""
    client = get_dhis2_credentials().get_client()
    if warning := Freshness.of(client.get_server_info()).warning():
        print(f"mind: {warning}")
    chosen = choose(client, indicator)
    ids = [each.id for each in chosen]
    asked = {
        "by_month": ask.submit(client, Question("by-month", {"dx": ids, "pe": [YEAR], "filters": [f"ou:{COUNTRY}"]})),
        "by_area": ask.submit(client, Question("by-area", {"dx": ids, "ou": [AREAS], "filters": [f"pe:{YEAR}"]})),
    }
    refusals = [refusal.submit(client, question) for question in wrong(ids[0] if ids else YEAR)]
    refused = pl.DataFrame([each.result() for each in refusals])
    answers = {name: future.result() for name, future in asked.items()}

    output = load_settings().output
    with versioned_folder(output, "107", str(flow_run.id)) as folder:
        for name, frame in answers.items():
            frame.write_parquet(folder / f"{name}.parquet")
        page(chosen, refused=refused, **answers).write(folder / "report.html")
        values = answers["by_area"].select("dx_name", "ou_name", "value")
        text = f"# Analytics\n\n{markdown_table(values)}\n## Refused\n\n{markdown_table(refused)}"
        markdown_report("dhis2-analytics", text, path=folder / "summary.md")
    total = sum(frame.height for frame in answers.values())
    print(f"{total:,} values of {len(chosen)} indicators")
    for row in refused.iter_rows(named=True):
        print(f"{row['code'] or '-':<6} {row['asked for']}: {row['do']}")
    print(f"report {shown_path(output / '107' / 'report.html')}")
    return Analytics(output / "107", total, dict(refused.select("asked for", "code").iter_rows()))


if __name__ == "__main__":
    dhis2_analytics_flow()
