"""Analytics of a DHIS2 server: queries of any size, answered as typed frames."""

from prefect_patterns.dhis2.analytics.freshness import Freshness
from prefect_patterns.dhis2.analytics.grid import ANALYTICS_SCHEMA
from prefect_patterns.dhis2.analytics.plan import Limits
from prefect_patterns.dhis2.analytics.query import AnalyticsQuery, QueryOptions
from prefect_patterns.dhis2.analytics.reads import AnalyticsReads, Grid

__all__ = ["ANALYTICS_SCHEMA", "AnalyticsQuery", "AnalyticsReads", "Freshness", "Grid", "Limits", "QueryOptions"]
