"""Metadata lists: `filter`, `query`, `order`, paging, kinship of organisation units, CSV, with the server's traps."""

from prefect_patterns.sandbox.dhis2.lists.csv import csv_list
from prefect_patterns.sandbox.dhis2.lists.filters import matching, split_filters
from prefect_patterns.sandbox.dhis2.lists.kin import KIN, kin_of, within
from prefect_patterns.sandbox.dhis2.lists.order import ordered
from prefect_patterns.sandbox.dhis2.lists.paging import Paging, page
from prefect_patterns.sandbox.dhis2.lists.parsing import last
from prefect_patterns.sandbox.dhis2.lists.query import Question, Rows

__all__ = [
    "KIN",
    "Paging",
    "Question",
    "Rows",
    "csv_list",
    "kin_of",
    "last",
    "matching",
    "ordered",
    "page",
    "split_filters",
    "within",
]
