"""Reports as one self-contained HTML file (page, light, tables, charts, map), and the steps of a run on the terminal.

Every function returns a piece of a page that is already escaped; a plain string becomes a paragraph.
"""

from prefect_patterns.report.bars import bar, spark
from prefect_patterns.report.charts import line
from prefect_patterns.report.light import light
from prefect_patterns.report.map import choropleth
from prefect_patterns.report.markdown import markdown_table, markdown_text
from prefect_patterns.report.page import Page, Section, beside, code, details
from prefect_patterns.report.steps import Step, Steps, shown_path
from prefect_patterns.report.table import Column, table

__all__ = [
    "Column",
    "Page",
    "Section",
    "Step",
    "Steps",
    "bar",
    "beside",
    "choropleth",
    "code",
    "details",
    "light",
    "line",
    "markdown_table",
    "markdown_text",
    "shown_path",
    "spark",
    "table",
]
