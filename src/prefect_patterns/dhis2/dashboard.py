"""The HTML report of a DHIS2 pipeline: is the data good, where is coverage low, what was set aside."""

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from prefect_patterns.analytics import Period
from prefect_patterns.dhis2.checks import Verdict
from prefect_patterns.dhis2.coverage import Rates, reporting, worst_places
from prefect_patterns.dhis2.snapshot import Snapshot
from prefect_patterns.dhis2.source import Source
from prefect_patterns.report import Column, Page, Section, choropleth, code, details, light, line, spark, table

__all__ = ["dashboard"]

_SAMPLES = 5


def dashboard(source: Source, counts: Mapping[str, int], verdict: Verdict, rates: Rates, known: Snapshot) -> Page:
    """Compose the page.

    Args:
        counts: How many of each thing was fetched, in the order to show.
        verdict: With checks of `org units` and `values`.
    """
    facts = [
        ("Period", source.period),
        ("Source", f"{source.address} as {source.user}"),
        ("Version", f"DHIS2 {source.version}"),
        ("Fetched", " · ".join(f"{count:,} {name}" for name, count in counts.items())),
        ("Made", f"{source.asked:%d %B %Y, %H:%M} UTC"),
    ]
    sections = [
        Section("Can this data be trusted?", [light(verdict.score, verdict.light, why=_why(verdict))]),
        *_coverage(source, verdict, rates, known),
        _set_aside(verdict),
        Section("All rules", [_rules(verdict)]),
        Section("Run it again", [code("patterns run 108")]),
    ]
    return Page(
        title=source.system,
        subtitle=f"Reported health data, {source.period}",
        facts=facts,
        sections=sections,
        footer="Made by prefect-patterns. Counts are values as reported; rates are the server's own analytics.",
    )


def _why(verdict: Verdict) -> list[str]:
    broken = verdict.results.filter(~pl.col("holds")).sort("failing", descending=True)
    if broken.is_empty():
        return [f"All {verdict.results.height} rules hold."]
    return [f"{row['rule']}: {row['failing']:,} of the {row['data']} do not" for row in broken.iter_rows(named=True)]


def _coverage(source: Source, verdict: Verdict, rates: Rates, known: Snapshot) -> list[Section]:
    if not rates.indicators:
        return [Section("Coverage", ["This server has no coverage indicator to show."])]
    first, area, place = rates.indicators[0].name, known.level_name(2), known.level_name(3)
    values: dict[str, float | None] = dict.fromkeys(known.names(2))
    values |= dict(rates.areas.select("ou", "value").iter_rows())
    chart = choropleth(
        rates.shapes,
        values,
        title=f"{first} by {area.lower()}",
        unit="%",
        labels=known.names(2),
        legend=first,
        unit_name=area,
    )
    above = "Above 100 % more were served than the population figures say live there."
    return [
        Section(f"Where is {first} low?", [chart], intro=above),
        Section("How does it change?", [_series(rates, source.months)]),
        Section(f"The ten lowest: {place.lower()}s", [_worst(source, verdict, rates, known)]),
    ]


def _series(rates: Rates, months: Sequence[Period]) -> str:
    points = {(dx, pe): value for dx, pe, value in rates.series.select("dx", "pe", "value").iter_rows()}
    series = {
        each.name: {f"{month.start:%b %Y}": points.get((each.id, month.iso)) for month in months}
        for each in rates.indicators
    }
    return line(series, title="Coverage, whole country", y_label="Coverage", unit="%")


def _worst(source: Source, verdict: Verdict, rates: Rates, known: Snapshot) -> str:
    tree, values = verdict.checks["org units"].valid, verdict.checks["values"].valid
    worst = worst_places(
        rates.places,
        rates.places_by_month,
        reporting(values, tree, level=3, months=len(source.months)),
        known.org_units,
        months=[month.iso for month in source.months],
    )
    first, place = rates.indicators[0].name, known.level_name(3)
    columns: dict[str, str | Column] = {
        "place": place,
        "within": known.level_name(2),
        "value": Column(first, unit="%"),
        "trend": Column("Month by month", show=_sparkline),
        "reported": Column("Reported", digits=0, unit="%"),
        "reason": "Likely reason",
    }
    return table(worst, caption=f"{place}s with the lowest {first}", columns=columns)


def _sparkline(trend: object) -> object:
    return spark(list(trend), unit="%") if isinstance(trend, Iterable) else None


def _set_aside(verdict: Verdict) -> Section:
    parts = []
    for name, checked in verdict.checks.items():
        for rule in checked.results.filter(pl.col("failing") > 0).iter_rows(named=True):
            failures = checked.failures.filter(pl.col("_reasons").list.contains(rule["rule"]))
            if failures.is_empty():
                continue
            sample = table(
                failures.drop("_reasons"),
                caption=f"{rule['rule']}: rows set aside from the {name}",
                rows=_SAMPLES,
                total=failures.height,
            )
            parts.append(details(f"{rule['rule']}: {failures.height:,} rows", sample))
    intro = "These rows are in rejected.parquet with all their reasons; the tables do not contain them."
    return Section("Set aside", parts or ["No row was set aside."], intro=intro if parts else "")


def _rules(verdict: Verdict) -> str:
    shown = verdict.results.with_columns(
        share=pl.col("share") * 100, holds=pl.when("holds").then(pl.lit("holds")).otherwise(pl.lit("does not hold"))
    )
    columns: dict[str, str | Column] = {
        "rule": "Rule",
        "data": "Data",
        "severity": "Severity",
        "failing": Column("Failing", digits=0),
        "share": Column("Share", digits=3, unit="%"),
        "holds": "Result",
    }
    return table(shown, caption="Rules and how many rows fail each", columns=columns, rows=50)
