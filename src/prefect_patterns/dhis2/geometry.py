"""Geometry of the organisation units, as GeoJSON features."""

from collections.abc import Iterator, Sequence
from typing import Any

from prefect_patterns.dhis2.connection import Connection
from prefect_patterns.errors import UnexpectedAnswer

__all__ = ["fetch_features"]


def fetch_features(
    connection: Connection, *, level: int | Sequence[int], parent: str | Sequence[str] | None
) -> Iterator[dict[str, Any]]:
    """Yield the features of the units that have a geometry."""
    levels = [level] if isinstance(level, int) else level
    collection = connection.get(
        "organisationUnits.geojson", {"level": [str(each) for each in levels], "parent": parent}
    )
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list) or not set(map(type, features)) <= {dict}:
        raise UnexpectedAnswer(
            f"{connection.server} did not answer with GeoJSON features",
            hint="check that PATTERNS_DHIS2_URL is the address of a DHIS2 server",
            method="GET",
            url=f"{connection.server.base_url}/api/organisationUnits.geojson",
            status=200,
        )
    yield from features
