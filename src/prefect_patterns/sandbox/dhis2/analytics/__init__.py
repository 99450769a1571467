"""`/api/analytics`: requests checked as the server does, numbers really computed from the values over the tree."""

from prefect_patterns.sandbox.dhis2.analytics.grid import Grid, aggregate_grid
from prefect_patterns.sandbox.dhis2.analytics.meta import describe
from prefect_patterns.sandbox.dhis2.analytics.raw import raw_grid
from prefect_patterns.sandbox.dhis2.analytics.refusals import AnalyticsRefusal, refused
from prefect_patterns.sandbox.dhis2.analytics.render import (
    data_value_set,
    data_value_set_grid,
    to_csv,
    to_html,
    to_xml,
    with_layout,
)
from prefect_patterns.sandbox.dhis2.analytics.request import Query, parse_query
from prefect_patterns.sandbox.dhis2.analytics.tables import Tables

__all__ = [
    "AnalyticsRefusal",
    "Grid",
    "Query",
    "Tables",
    "aggregate_grid",
    "data_value_set",
    "data_value_set_grid",
    "describe",
    "parse_query",
    "raw_grid",
    "refused",
    "to_csv",
    "to_html",
    "to_xml",
    "with_layout",
]
