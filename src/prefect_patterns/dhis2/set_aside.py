"""The rows that a check set aside, as a person reads them: by rule, with names where the data has ids."""

from collections.abc import Mapping

import polars as pl

from prefect_patterns.analytics import Period
from prefect_patterns.dhis2.checks import Verdict
from prefect_patterns.dhis2.snapshot import Snapshot
from prefect_patterns.errors import UsageError
from prefect_patterns.report import Column, Section, details, table
from prefect_patterns.report.text import counted

__all__ = ["ROWS", "set_aside"]

ROWS: Mapping[str, str] = {
    "org unit ids": "org units",
    "indicators": "indicator operands",
    "data sets": "data set members",
}
"""What the rows of a check are, where that is not its name."""

_SAMPLES = 5
_SHOWN: Mapping[str, Mapping[str, str]] = {
    "org unit ids": {"id": "Id", "name": "Org unit", "level": "Level", "parent": "Below"},
    "org units": {"id": "Id", "name": "Org unit", "level": "Level", "parent": "Below", "problem": "Problem"},
    "indicators": {"indicator": "Indicator", "side": "Side", "operand": "Operand", "data_element": "Data element"},
    "data sets": {"data_set": "Data set", "data_element": "Data element"},
    "values": {
        "org_unit": "Org unit",
        "data_element": "Data element",
        "category_option_combo": "Option combo",
        "period": "Period",
        "value": "Value",
        "text": "Text instead",
    },
}


def set_aside(verdict: Verdict, known: Snapshot) -> Section:
    """Return the section of the rows that were set aside: by rule, how many and a few of them."""
    parts = []
    for name, checked in verdict.checks.items():
        for rule in checked.results.filter(pl.col("failing") > 0)["rule"]:
            failures = checked.failures.filter(pl.col("_reasons").list.contains(rule))
            if failures.is_empty():
                continue
            rows = _named(failures.head(_SAMPLES), known)
            what = ROWS.get(name, name)
            caption = f"{what.capitalize()} set aside: {rule}"
            sample = table(rows, caption=caption, columns=_columns(name, rows), total=failures.height)
            parts.append(details(f"{rule}: {counted(failures.height, what.removesuffix('s'))}", sample))
    intro = "These rows are in rejected.parquet with all their reasons; the tables do not contain them."
    return Section("What was set aside?", parts or ["No row was set aside."], intro=intro if parts else "")


def _named(rows: pl.DataFrame, known: Snapshot) -> pl.DataFrame:
    """Return *rows* with names in place of the ids that are known."""
    lists = {
        "org_unit": known.org_units,
        "parent": known.org_units,
        "data_element": known.data_elements,
        "category_option_combo": known.category_option_combos,
        "data_set": known.data_sets,
        "indicator": known.indicators,
    }
    for column, members in lists.items():
        if column in rows.columns:
            named = members.filter(pl.col("id").is_in(rows[column].implode())).drop_nulls("name").unique("id")
            rows = rows.with_columns(pl.col(column).replace(named["id"], named["name"]))
    return rows


def _columns(name: str, rows: pl.DataFrame) -> dict[str, str | Column]:
    shown: dict[str, str | Column] = {
        column: label for column, label in _SHOWN.get(name, {}).items() if column in rows.columns
    }
    if "text" in shown and rows["text"].null_count() == rows.height:
        del shown["text"]
    if "value" in shown:
        whole = (rows["value"].round(0) == rows["value"]).all()
        shown["value"] = Column("Value", digits=0 if whole else 2)
    if "period" in shown:
        shown["period"] = Column("Period", show=_period)
    return shown or {column: column for column in rows.columns if column != "_reasons"}


def _period(iso: str) -> str:
    try:
        return Period.parse(iso).name
    except UsageError:  # a week, a quarter or what is no period at all
        return iso
