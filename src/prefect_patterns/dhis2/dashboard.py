"""The HTML report of a DHIS2 pipeline: is the data good, where is coverage low, what was set aside."""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from prefect_patterns.analytics import Period
from prefect_patterns.dhis2.checks import Verdict
from prefect_patterns.dhis2.coverage import Indicator, Rates, not_found, reporting, worst_places
from prefect_patterns.dhis2.set_aside import ROWS, set_aside
from prefect_patterns.dhis2.snapshot import Snapshot
from prefect_patterns.dhis2.source import Source
from prefect_patterns.report import Column, Page, Section, choropleth, code, light, line, spark, table
from prefect_patterns.report.text import clipped

__all__ = ["dashboard"]

_MOST_PLACES = 10
_NAME, _LEVEL = 80, 40  # characters of an indicator's name and of a level's in headings
_NO_PARAMETERS: Mapping[str, object] = {}


def dashboard(
    source: Source,
    counts: Mapping[str, int],
    verdict: Verdict,
    rates: Rates,
    known: Snapshot,
    *,
    parameters: Mapping[str, object] = _NO_PARAMETERS,
) -> Page:
    """Compose the page.

    Args:
        counts: How many of each thing was fetched, in the order to show.
        verdict: With checks of `org units` and `values`.
        parameters: Those of the run, for the command that runs it again; `map_indicator` is the indicator wanted.
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
        *_coverage(source, verdict, rates, known, parameters.get("map_indicator")),
        set_aside(verdict, known),
        Section("All rules", [_rules(verdict)]),
        _again(parameters),
    ]
    return Page(
        title=source.system,
        subtitle=f"Reported health data, {source.period}",
        facts=facts,
        sections=sections,
        footer="Made by prefect-patterns. Rates are the server's own analytics; rows set aside here still count there.",
    )


def _why(verdict: Verdict) -> list[str]:
    lost = [f"{loss}, which is red whatever the score" for loss in verdict.lost]
    broken = verdict.results.filter(~pl.col("holds")).sort("failing", descending=True, maintain_order=True)
    if broken.is_empty() and not lost:
        return [f"All {verdict.results.height} rules hold."]
    return lost + [
        f"{row['rule']}: {row['failing']:,} of {verdict.rows(row['data']):,} {ROWS.get(row['data'], row['data'])} "
        f"{'fails' if row['failing'] == 1 else 'fail'}"
        for row in broken.iter_rows(named=True)
    ]


def _coverage(source: Source, verdict: Verdict, rates: Rates, known: Snapshot, wanted: object) -> list[Section]:
    if not rates.indicators:
        return [Section("Coverage", ["This server has no coverage indicator to show."])]
    first = rates.indicators[0]
    name, area = clipped(first.name, _NAME), _level(known, 2)
    values: dict[str, float | None] = dict.fromkeys(known.names(2))
    values |= dict(rates.areas.select("ou", "value").iter_rows())
    chart = choropleth(
        rates.shapes,
        values,
        title=f"{name} by {_inside(area)}",
        unit=first.unit,
        labels=known.names(2),
        legend=name,
        unit_name=area,
    )
    note = not_found(rates.indicators, wanted)
    intro = f"{note[0].upper()}{note[1:]}. " if note else ""
    if first.is_coverage:
        intro += "Above 100\N{NO-BREAK SPACE}%, more were served than the population figures say live there."
    question = f"Where is {name} low?" if first.is_coverage else f"Where is {name} high or low?"
    sections = [
        Section(question, [chart], intro),
        Section("How does it change?", [_series(rates, source.months, known)]),
    ]
    if known.level(3):
        ten = rates.places["value"].count() >= _MOST_PLACES
        lowest = "The ten lowest places" if ten else "The lowest places"
        sections.append(Section(lowest, _worst(source, verdict, rates, known)))
    return sections


def _level(known: Snapshot, level: int) -> str:
    return clipped(known.level_name(level), _LEVEL)


def _inside(name: str) -> str:
    """Return *name* as within a sentence: lower case but for abbreviations."""
    return name.lower() if name[1:] == name[1:].lower() else name


def _series(rates: Rates, months: Sequence[Period], known: Snapshot) -> str:
    points = {(dx, ou, pe): value for dx, ou, pe, value in rates.series.select("dx", "ou", "pe", "value").iter_rows()}
    names = known.names(1)
    tops = sorted(rates.series["ou"].unique(), key=lambda ou: names.get(ou, ou)) or [""]

    def course(each: Indicator, top: str) -> dict[str, float | None]:
        return {f"{month.start:%b %Y}": points.get((each.id, top, month.iso)) for month in months}

    first = rates.indicators[0]
    # Indicators in other units have no place on the axis; nor have four of them for each of several countries.
    alike = [each for each in rates.indicators if each.unit == first.unit]
    label = "Coverage" if all(each.is_coverage for each in alike) else "Rate"
    if len(tops) == 1:
        courses = [course(each, tops[0]) for each in alike]
        series = dict(zip(_told_apart({each.id: each.name for each in alike}), courses, strict=True))
        title = f"{label}, {names.get(tops[0], 'all units')}"
    else:
        courses = [course(first, top) for top in tops]
        series = dict(zip(_told_apart({top: names.get(top, top) for top in tops}), courses, strict=True))
        title = f"{clipped(first.name, _NAME)} by {_inside(_level(known, 1))}"
    return line(series, title=title, y_label=label, unit=first.unit)


def _told_apart(names: Mapping[str, str]) -> list[str]:
    """Return the names, with its id behind each that is not the only one."""
    often = Counter(names.values())
    return [name if often[name] == 1 else f"{name} ({key})" for key, name in names.items()]


def _worst(source: Source, verdict: Verdict, rates: Rates, known: Snapshot) -> list[str]:
    months = [month.iso for month in source.months]
    worst = worst_places(
        rates.places,
        rates.places_by_month,
        reporting(verdict.checks["values"].valid, verdict.checks["org units"].valid, level=3, months=months),
        known.org_units,
        months=months,
        count=_MOST_PLACES,
    )
    first, place = rates.indicators[0], _level(known, 3)
    name = clipped(first.name, _NAME)
    columns: dict[str, str | Column] = {
        "place": place,
        "within": _level(known, 2),
        "value": Column(name, unit=first.unit),
        "trend": Column("Month by month", show=lambda trend: _sparkline(trend, first.unit)),
    }
    if len(months) > 1:  # in a single month a facility either reported or is not known to exist
        columns["reported"] = Column("Reported", digits=0, unit="%")
    if first.is_coverage:  # of another rate nobody knows whether low is bad
        columns["reason"] = "Likely reason"
    parts: list[str] = [table(worst, caption=f"The lowest {name} by {_inside(place)}", columns=columns)]
    if "reported" in columns and not worst.is_empty():
        parts.append("Reported is the share of months with a value, among the facilities that reported at all.")
    with_value = rates.places.drop_nulls("value")["ou"].implode()
    silent = known.org_units.filter((pl.col("level") == 3) & ~pl.col("id").is_in(with_value))
    if silent.height:
        some = ", ".join(clipped(each, _LEVEL) for each in silent.select(pl.coalesce("name", "id")).to_series().head(5))
        parts.append(f"Without a value: {silent.height:,} ({some}{' and others' if silent.height > 5 else ''}).")
    return parts


def _sparkline(trend: object, unit: str) -> object:
    return spark(list(trend), unit=unit) if isinstance(trend, Iterable) else None


def _rules(verdict: Verdict) -> str:
    shown = verdict.results.with_columns(
        pl.col("data").replace(ROWS),
        share=pl.col("share") * 100,
        holds=pl.when("holds").then(pl.lit("holds")).otherwise(pl.lit("does not hold")),
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


def _again(parameters: Mapping[str, object]) -> Section:
    texts = {name: f"{value:.15g}" if isinstance(value, float) else str(value) for name, value in parameters.items()}
    given = [f"--param {shlex.quote(f'{name}={text}')}" for name, text in texts.items()]
    intro = "On the server that PATTERNS_DHIS2_URL or the block dhis2 names; without either, on a sandbox."
    return Section("How to run it again", [code(" ".join(["patterns run 108", *given]))], intro)
