"""From a DHIS2 server to a checked star schema and a report: the main job.

+++
section  = "DHIS2"
concepts = ["parallel fetch", "quarantine", "star schema", "report", "one version of all outputs"]
library  = ["dhis2.Dhis2Client", "quality.check", "analytics.star_schema", "report", "files.versioned_folder"]
airflow  = "A production DAG with its sensors, transfers, checks and reports"
needs    = ["sandbox"]
+++

**Notice** that bad rows stop nothing: they are set aside with all their reasons, and the score decides what the run is
called. Red ends as `Quarantined`; the report is written all the same.
**Notice** that the outputs change as one version when all of them are whole.
**Change** `months` to 24, or `map_indicator` to "Measles coverage"; set PATTERNS_DHIS2_URL to use your own server.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import polars as pl
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed
from prefect.task_runners import ThreadPoolTaskRunner
from pydantic import Field

from prefect_patterns.analytics import Period
from prefect_patterns.blocks import get_dhis2_credentials
from prefect_patterns.dhis2 import Dhis2Client
from prefect_patterns.dhis2.checks import check_snapshot, check_values
from prefect_patterns.dhis2.coverage import Rates, not_found, pick_indicators
from prefect_patterns.dhis2.dashboard import dashboard
from prefect_patterns.dhis2.facts import concat_rates, load_values, write_values
from prefect_patterns.dhis2.snapshot import ENDPOINTS, Snapshot
from prefect_patterns.dhis2.source import Source
from prefect_patterns.dhis2.warehouse import describe, star_schema
from prefect_patterns.files import versioned_folder
from prefect_patterns.report import Steps, shown_path
from prefect_patterns.settings import load_settings
from prefect_patterns.tasks import markdown_report, settled


@dataclass(frozen=True)
class PipelineResult:
    """What the run made."""

    folder: Path
    values: int
    set_aside: int
    score: float
    light: str


@task(task_run_name="fetch-{endpoint}", cache_policy=NO_CACHE)
def fetch(client: Dhis2Client, endpoint: str, fields: str) -> list[dict[str, Any]]:
    """Fetch all pages of one list of metadata."""
    return client.fetch_metadata(endpoint, fields=fields)


@task(task_run_name="values-{data_set}", cache_policy=NO_CACHE)
def fetch_values(
    client: Dhis2Client, data_set: str, roots: Sequence[str], months: Sequence[Period], folder: Path
) -> Path:
    """Stream one data set's values into a Parquet file, in bounded memory."""
    batches = client.iter_data_values(data_sets=[data_set], org_units=roots, start=months[0].start, end=months[-1].end)
    return write_values(batches, folder / f"{data_set}.parquet")


@task(task_run_name="rates-{ou}", cache_policy=NO_CACHE)
def fetch_rates(
    client: Dhis2Client, dx: Sequence[str], ou: str, pe: Sequence[str], filters: Sequence[str] = ()
) -> pl.DataFrame:
    """Fetch indicators as the server computes them."""
    return concat_rates(client.iter_analytics(dx=dx, ou=[ou], pe=pe, filters=filters) if dx and ou else [])


@task(task_run_name="shapes-of-level-{level}", cache_policy=NO_CACHE)
def fetch_shapes(client: Dhis2Client, level: int) -> list[dict[str, Any]]:
    """Fetch the outlines of the units of one level."""
    return list(client.iter_features(level))


@flow(name="108-dhis2-pipeline", task_runner=ThreadPoolTaskRunner(max_workers=6))  # type: ignore[arg-type]
def dhis2_pipeline_flow(
    months: Annotated[int, Field(ge=1, le=120)] = 12,
    map_indicator: str = "Penta 3 coverage",
    highest_value: Annotated[float, Field(gt=0)] = 10_000,
) -> PipelineResult | State[PipelineResult]:
    """Fetch, check, model and report the last whole *months* of a DHIS2 server."""
    steps, output = Steps(), load_settings().output
    credentials = get_dhis2_credentials()
    with versioned_folder(output, "108", str(flow_run.id)) as folder, TemporaryDirectory(dir=folder) as scratch:
        with steps.step("connect") as step:
            client = credentials.get_client()
            source = Source.of(client.get_server_info(), client.me(), credentials.base_url, months=months)
            step.text = f"DHIS2 {source.version}, {source.system}"

        with steps.step("fetch") as step:
            lists = {endpoint: fetch.submit(client, endpoint, fields) for endpoint, fields in ENDPOINTS.items()}
            known = Snapshot.of({endpoint: future.result() for endpoint, future in lists.items()})
            chosen = pick_indicators(known.indicators, map_indicator)
            ids, pe = [each.id for each in chosen], [month.iso for month in source.months]
            mapped, whole = ids[:1], [f"pe:{';'.join(pe)}"]
            sets = known.monthly_data_sets
            parts = [fetch_values.submit(client, each, known.roots, source.months, Path(scratch)) for each in sets]
            rates = {
                "series": fetch_rates.submit(client, ids, known.level(1), pe),
                "areas": fetch_rates.submit(client, mapped, known.level(2), [], whole),
                "places": fetch_rates.submit(client, mapped, known.level(3), [], whole),
                "places_by_month": fetch_rates.submit(client, mapped, known.level(3), pe),
            }
            shapes = fetch_shapes.submit(client, 2)
            with settled([*parts, *rates.values(), shapes]):
                coverage = Rates(chosen, shapes.result(), **{name: future.result() for name, future in rates.items()})
                paths = [part.result() for part in step.counting(parts, "data sets")]
                values = load_values(paths, known.data_elements, known.data_set_elements)
            counts = {**known.counts, "values": values.height}
            step.text = " · ".join(f"{count:,} {name}" for name, count in counts.items())

        with steps.step("check") as step:
            verdict = check_snapshot(known).also("values", check_values(values, known, highest=highest_value))
            step.state, step.text = verdict.light, verdict.sentence

        with steps.step("star schema") as step:
            star = star_schema(known, verdict, source.months)
            star.write_parquet(folder / "tables")
            star.write_duckdb(folder / "dhis2.duckdb")
            step.text = describe(star)

        with steps.step("report") as step:
            verdict.set_aside.write_parquet(folder / "rejected.parquet")
            page = dashboard(source, counts, verdict, coverage, known, parameters=flow_run.parameters)
            page.write(folder / "report.html")
            markdown_report("dhis2-pipeline", verdict.markdown, path=folder / "summary.md")
            step.text = not_found(chosen, map_indicator)
    published = output / "108"
    print(f"report   {shown_path(published / 'report.html')}      open it in a browser")
    print(f"tables   {shown_path(published / 'dhis2.duckdb')}     and Parquet beside it")
    print(f"rejected {shown_path(published / 'rejected.parquet')}")
    result = PipelineResult(published, values.height, verdict.set_aside.height, verdict.score, verdict.light)
    return result if verdict.light != "red" else Completed(name="Quarantined", data=result)


if __name__ == "__main__":
    dhis2_pipeline_flow()
