"""Take a server's geometry out as GeoJSON and GeoParquet, and draw it.

+++
section  = "DHIS2"
concepts = ["GeoJSON", "GeoParquet", "WKB", "map"]
library  = ["dhis2.Dhis2Client", "files.write_geoparquet", "analytics.resolve", "report.choropleth"]
airflow  = "DAG"
needs    = ["sandbox"]
+++

**Notice** that DHIS2 gives a level's features in one answer without pages, and only of units that have a geometry: how
many have none is counted against the list of units.
**Notice** that the GeoParquet opens in QGIS, GeoPandas and DuckDB as it is: longitude and latitude, WGS 84.
**Change** `map_level` to 3 to draw the chiefdoms.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import polars as pl
from prefect import flow, task, unmapped
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from pydantic import Field

from prefect_patterns.analytics import resolve
from prefect_patterns.blocks import get_dhis2_credentials
from prefect_patterns.dhis2 import Dhis2Client, frames
from prefect_patterns.files import versioned_folder, write_geoparquet, write_text
from prefect_patterns.report import Column, Page, Section, choropleth, markdown_table, shown_path, table
from prefect_patterns.settings import load_settings
from prefect_patterns.tasks import markdown_report

Feature = dict[str, Any]
LABELS = {"level": "Level", "units": "Units", "with": "With a geometry"}


@dataclass(frozen=True)
class Geometry:
    """What the run found and wrote."""

    folder: Path
    features: int
    without_geometry: int


@task(task_run_name="features-of-level-{level}", cache_policy=NO_CACHE)
def fetch_features(client: Dhis2Client, level: int) -> list[Feature]:
    """Fetch the features of one level."""
    return list(client.iter_features(level))


@task(cache_policy=NO_CACHE)
def fetch_units(client: Dhis2Client) -> pl.DataFrame:
    """Fetch all units, with or without a geometry."""
    units = frames.org_units(client.fetch_metadata("organisationUnits", fields="id,code,name,level,parent[id]"))
    return units.drop_nulls("id").unique("id", keep="first", maintain_order=True)


def located(units: pl.DataFrame, features: Sequence[Feature]) -> pl.DataFrame:
    """Give each unit the type of its geometry, and the path of units from the root down to it."""
    shapes = {feature.get("id"): feature["geometry"]["type"] for feature in features if feature.get("geometry")}
    found = pl.DataFrame({"id": list(shapes), "shape": list(shapes.values())}, schema=["id", "shape"], strict=False)
    return resolve(units).join(found.cast(pl.String), on="id", how="left")


def share_with_geometry(units: pl.DataFrame, by: str) -> pl.DataFrame:
    """Return how many units there are for each value of *by*, and which share of them has a geometry, in per cent."""
    has = pl.col("shape").is_not_null()
    return units.group_by(by).agg(pl.len().alias("units"), has.sum().alias("with"), (100 * has.mean()).alias("share"))


def write(folder: Path, features: Sequence[Feature]) -> None:
    """Write the features as GeoJSON, and as GeoParquet for everything that reads columns."""
    collection = {"type": "FeatureCollection", "features": features}
    write_text(folder / "org_units.geojson", json.dumps(collection, ensure_ascii=False, separators=(",", ":")))
    write_geoparquet(folder / "org_units.parquet", features)


def page(source: str, units: pl.DataFrame, areas: Sequence[Feature], level: int) -> Page:
    """Compose the report: which share of the units in each area has a geometry, on a map and by level."""
    places = units.select(pl.col("path").str.split("/").alias("area"), "shape").explode("area")
    share = share_with_geometry(places, "area").join(units.filter(level=level), left_on="area", right_on="id")
    drawing = choropleth(
        areas,
        dict(share.select("area", "share").iter_rows()),
        title="Units that have a geometry",
        unit="%",
        labels=dict(units.select("id", "name").drop_nulls().iter_rows()),
        legend="Share of an area's units",
        unit_name="Area",
    )
    levels = share_with_geometry(units, "level").sort("level", nulls_last=True)
    columns: dict[str, str | Column] = {**LABELS, "share": Column("Share", unit="%")}
    return Page(
        title="Geometry of the organisation units",
        facts=[("Source", source), ("Units", f"{units.height:,}")],
        sections=[Section("Map", [drawing]), Section("By level", [table(levels, caption="Levels", columns=columns)])],
    )


@flow(name="105-dhis2-geometry")
def dhis2_geometry_flow(map_level: Annotated[int, Field(ge=1, le=20)] = 2) -> Geometry:
    """Write the geometry of all levels, and a map of one of them."""
    credentials = get_dhis2_credentials()
    client = credentials.get_client()
    units = fetch_units(client)
    levels = sorted({*units["level"].drop_nulls(), map_level})
    by_level = dict(zip(levels, fetch_features.map(unmapped(client), levels).result(), strict=True))
    features = [feature for level in levels for feature in by_level[level]]
    units = located(units, features)
    missing = units["shape"].null_count()

    output = load_settings().output
    with versioned_folder(output, "105", str(flow_run.id)) as folder:
        write(folder, features)
        page(credentials.base_url, units, by_level[map_level], map_level).write(folder / "map.html")
        shares = share_with_geometry(units, "level").sort("level", nulls_last=True)
        summary = markdown_table(shares, columns=LABELS | {"share": "Share, %"})
        markdown_report("dhis2-geometry", f"# Geometry\n\n{summary}", path=folder / "summary.md")
    print(f"{len(features):,} features; {missing:,} of {units.height:,} units have no geometry")
    for name in ("map.html", "org_units.geojson", "org_units.parquet"):
        print(f"  {shown_path(output / '105' / name)}")
    return Geometry(output / "105", len(features), missing)


if __name__ == "__main__":
    dhis2_geometry_flow()
