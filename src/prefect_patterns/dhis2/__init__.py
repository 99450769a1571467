"""DHIS2 as it is: a client that pages, streams and types, and errors that say what to do."""

from prefect_patterns.dhis2.analytics import ANALYTICS_SCHEMA, AnalyticsQuery, Freshness, Grid, Limits
from prefect_patterns.dhis2.changes import Change, Changes
from prefect_patterns.dhis2.chunks import in_chunks
from prefect_patterns.dhis2.client import Dhis2Client
from prefect_patterns.dhis2.data_values import DATA_VALUE_SCHEMA
from prefect_patterns.dhis2.download import Download
from prefect_patterns.dhis2.explanations import EXPLANATIONS, Explanation
from prefect_patterns.dhis2.models import (
    CategoryCombo,
    CategoryOptionCombo,
    DataElement,
    DataSet,
    DataSetElement,
    Indicator,
    IndicatorType,
    MetadataObject,
    OrganisationUnit,
    Reference,
)
from prefect_patterns.dhis2.names import with_names
from prefect_patterns.dhis2.tidy import tidy
from prefect_patterns.dhis2.versions import parse_version

__all__ = [
    "ANALYTICS_SCHEMA",
    "DATA_VALUE_SCHEMA",
    "EXPLANATIONS",
    "AnalyticsQuery",
    "CategoryCombo",
    "CategoryOptionCombo",
    "Change",
    "Changes",
    "DataElement",
    "DataSet",
    "DataSetElement",
    "Dhis2Client",
    "Download",
    "Explanation",
    "Freshness",
    "Grid",
    "Indicator",
    "IndicatorType",
    "Limits",
    "MetadataObject",
    "OrganisationUnit",
    "Reference",
    "in_chunks",
    "parse_version",
    "tidy",
    "with_names",
]
