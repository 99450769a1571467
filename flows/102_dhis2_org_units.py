"""Fetch a DHIS2 server's organisation units and make one flat table of the tree.

+++
section  = "DHIS2"
concepts = ["hierarchy", "flatten", "translations", "problems listed"]
library  = ["dhis2.tree", "dhis2.frames", "analytics.resolve", "tasks.markdown_report"]
airflow  = "DAG"
needs    = ["sandbox"]
+++

**Notice** that each row ends up with the id and the name of every unit above it: what a join or a pivot needs, and what
a tree of parents does not give. Cycles and units that no root is above of are found on the way, not tripped over.
**Notice** that a problem stops nothing: it stands beside the unit, with all the others that the unit has.
**Change** `LOCALES` to the languages that you need, or set PATTERNS_DHIS2_URL to look at your own server.
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
from prefect_patterns.dhis2.tree import flatten, translations
from prefect_patterns.files import versioned_folder, write_csv
from prefect_patterns.report import Page, Section, bar, markdown_table, shown_path, table
from prefect_patterns.settings import load_settings
from prefect_patterns.tasks import markdown_report

FIELDS = {
    "organisationUnits": "id,code,name,level,parent[id],openingDate,closedDate,translations[locale,property,value]",
    "organisationUnitLevels": "id,level,name",
}
PROBLEMS = {"name": "Unit", "id": "Id", "problems": "Problems"}
LOCALES: tuple[str, ...] = ()  # all that there are


@dataclass(frozen=True)
class OrgUnits:
    """What the run found and wrote."""

    folder: Path
    total: int
    by_level: Mapping[str, int]
    translated: int
    problems: Mapping[str, int]


@task(task_run_name="fetch-{endpoint}", cache_policy=NO_CACHE)
def fetch(client: Dhis2Client, endpoint: str) -> list[dict[str, Any]]:
    """Fetch all pages of one list."""
    return client.fetch_metadata(endpoint, fields=FIELDS[endpoint])


@task
def tree(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Flatten the units and put their translated names beside them."""
    names = translations(rows)
    wanted = [f"name_{locale}" for locale in LOCALES if f"name_{locale}" in names.columns]
    return (
        flatten(frames.org_units(rows))
        .join(names.select("id", *wanted) if LOCALES else names, on="id", how="left")
        .sort("path", "id", nulls_last=True)
    )


def counted(units: pl.DataFrame, levels: Mapping[int, str]) -> dict[str, int]:
    """Return how many units each level has, by its name; those that no root is above of come last."""
    counts = units.group_by("depth").len().sort("depth", nulls_last=True)
    return {"In no tree" if depth is None else levels[depth]: count for depth, count in counts.iter_rows()}


def labels(units: pl.DataFrame, named: Mapping[int, str]) -> dict[int, str]:
    """Return what to call each level; with its number where it has no name, or shares it with another one."""
    names = [named.get(level, "Level") for level in range(1, (units.select(pl.max("depth")).item() or 0) + 1)]
    return {
        level: f"{name} {level}" if name == "Level" or names.count(name) > 1 else name
        for level, name in enumerate(names, start=1)
    }


def page(
    units: pl.DataFrame, levels: Mapping[int, str], by_level: Mapping[str, int], problems: pl.DataFrame, source: str
) -> Page:
    """Compose the report: how many on each level, the first rows of the table, what is wrong."""
    columns = {f"level_{level}_name": name for level, name in levels.items()}
    locales = {name: name.removeprefix("name_") for name in units.columns if name.startswith("name_")}
    translated = units.filter(pl.any_horizontal(pl.col(list(locales)).is_not_null())) if locales else units.clear()
    return Page(
        title="Organisation units",
        facts=[("Source", source), ("In all", f"{units.height:,}")],
        sections=[
            Section("By level", [bar(by_level, title="How many units", digits=0)]),
            Section("The tree as a table", [table(units, caption="Units", columns={"name": "Unit", **columns})]),
            Section("Translations", [table(translated, caption="Names", columns={"name": "Unit", **locales})]),
            Section("Problems", [table(problems, caption="Units with a problem", columns=PROBLEMS, rows=100)]),
        ],
    )


@flow(name="102-dhis2-org-units")
def dhis2_org_units_flow() -> OrgUnits:
    """Write the tree of organisation units as Parquet and CSV, with what is wrong with it."""
    credentials = get_dhis2_credentials()
    client = credentials.get_client()
    lists = {endpoint: fetch.submit(client, endpoint) for endpoint in FIELDS}
    units = tree(lists["organisationUnits"].result())
    levels = labels(units, frames.level_names(lists["organisationUnitLevels"].result()))
    by_level = counted(units, levels)
    wrong = units.filter(pl.col("problems").list.len() > 0)
    causes_first = wrong.sort(pl.col("problems").list.contains("below a problem"), maintain_order=True)
    listed = causes_first.select("name", "id", pl.col("problems").list.join("; "))
    problems = dict(wrong["problems"].explode().value_counts(sort=True).iter_rows())
    names = [name for name in units.columns if name.startswith("name_")]
    translated = units.filter(pl.any_horizontal(pl.col(names).is_not_null())).height if names else 0

    output = load_settings().output
    with versioned_folder(output, "102", str(flow_run.id)) as folder:
        units.write_parquet(folder / "org_units.parquet")
        write_csv(folder / "org_units.csv", units)
        page(units, levels, by_level, listed, credentials.base_url).write(folder / "report.html")
        counts = pl.DataFrame({"Level": list(by_level), "Units": list(by_level.values())})
        wrong_units = markdown_table(listed, columns=PROBLEMS)
        summary = f"# Organisation units\n\n{markdown_table(counts)}\n## Problems\n\n{wrong_units}"
        markdown_report("dhis2-org-units", summary, path=folder / "summary.md")
    for level, count in by_level.items():
        print(f"{level:<16} {count:>8,}")
    print(f"{units.height:,} org units, {translated:,} with a translated name, {wrong.height:,} with a problem")
    print(f"table  {shown_path(output / '102' / 'org_units.parquet')}      and .csv beside it")
    print(f"report {shown_path(output / '102' / 'report.html')}")
    return OrgUnits(output / "102", units.height, by_level, translated, problems)


if __name__ == "__main__":
    dhis2_org_units_flow()
