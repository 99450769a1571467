"""DHIS2 as it is: a client that pages, streams and types, and errors that say what to do."""

from prefect_patterns.dhis2.analytics import ANALYTICS_SCHEMA
from prefect_patterns.dhis2.client import Dhis2Client, parse_version
from prefect_patterns.dhis2.data_values import DATA_VALUE_SCHEMA
from prefect_patterns.dhis2.metadata import tidy
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

__all__ = [
    "ANALYTICS_SCHEMA",
    "DATA_VALUE_SCHEMA",
    "CategoryCombo",
    "CategoryOptionCombo",
    "DataElement",
    "DataSet",
    "DataSetElement",
    "Dhis2Client",
    "Indicator",
    "IndicatorType",
    "MetadataObject",
    "OrganisationUnit",
    "Reference",
    "parse_version",
    "tidy",
]
