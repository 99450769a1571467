"""An analytics answer in other forms: CSV, XML, a page, a data value set, a table."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import product
from xml.sax.saxutils import quoteattr

import polars as pl

from prefect_patterns.sandbox.dhis2.analytics.axes import Axis
from prefect_patterns.sandbox.dhis2.analytics.grid import Grid, header
from prefect_patterns.sandbox.dhis2.analytics.request import Query
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object

__all__ = ["data_value_set", "data_value_set_grid", "to_csv", "to_html", "to_xml", "with_layout"]

_AGGREGATED = "[aggregated]"
_INTEGERS = frozenset({"INTEGER", "INTEGER_POSITIVE", "INTEGER_NEGATIVE", "INTEGER_ZERO_OR_POSITIVE"})
_DVS_COLUMNS = (
    "data_element",
    "period",
    "organisation_unit",
    "category_option_combo",
    "attribute_option_combo",
    "value",
    "stored_by",
    "created",
    "last_updated",
    "comment",
    "follow_up",
)


def to_csv(grid: Grid) -> str:
    """Return the grid as CSV: a line of display names, then the rows."""
    titles = [str(each["column"]) for each in grid.headers]
    if not titles:
        return ""
    head = pl.DataFrame([titles], orient="row").write_csv(include_header=False)
    rows = grid.rows.with_columns(pl.all().replace({"": None}))  # an empty text would be quoted
    return head + rows.write_csv(include_header=False)


def to_xml(grid: Grid) -> str:
    """Return the grid as XML, without metadata."""
    names = ("name", "column", "type", "hidden", "meta")
    heads = "".join(
        f"<header {' '.join(f'{name}={quoteattr(_plain(each[name]))}' for name in names)}/>" for each in grid.headers
    )
    rows = "".join(f"<row>{_cells(row, 'field')}</row>" for row in grid.rows.iter_rows())
    size = f'width="{len(grid.headers)}" height="{grid.rows.height}"'
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><grid xmlns="http://dhis2.org/schema/dxf/2.0" {size}>'
        f"<headers>{heads}</headers><rows>{rows}</rows></grid>"
    )


def to_html(grid: Grid) -> str:
    """Return the grid as a table of a page."""
    heads = _cells((str(each["column"]) for each in grid.headers), "th")
    rows = "".join(f"<tr>{_cells(row, 'td')}</tr>" for row in grid.rows.iter_rows())
    return (
        f'<div class="gridDiv"><table class="listTable gridTable"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def data_value_set(metadata: Metadata, grid: Grid, created: str) -> Object:
    """Return aggregated numbers in the shape of a data value set.

    Args:
        metadata: The server's objects.
        grid: With the columns dx, pe and ou.
        created: The day of today.
    """
    keys = ("dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo", "value")
    rows = []
    for row in data_value_set_grid(metadata, grid, created).rows.select(_DVS_COLUMNS[: len(keys)]).rows():
        given = {key: text for key, text in zip(keys, row, strict=True) if text}
        rows.append(
            given
            | {"storedBy": _AGGREGATED, "created": created, "lastUpdated": created, "comment": _AGGREGATED}
            | {"followup": False}
        )
    return {"dataValues": rows}


def data_value_set_grid(metadata: Metadata, grid: Grid, created: str) -> Grid:
    """Return the same as a grid, whose columns are named as in a CSV file of data values."""
    heads = [header(name, name) for name in _DVS_COLUMNS]
    if not grid.headers:
        return Grid(heads, pl.DataFrame(schema=dict.fromkeys(_DVS_COLUMNS, pl.String)))
    elements = metadata.collections["dataElements"]
    whole = [uid for uid, each in elements.items() if each.get("valueType") in _INTEGERS]
    parts = pl.col("dx").str.split(".")
    is_element = parts.list.first().is_in(list(elements))
    frame = grid.rows.select(
        data_element=pl.when(is_element).then(parts.list.first()).otherwise(pl.col("dx")),
        period="pe",
        organisation_unit="ou",
        category_option_combo=pl.when(is_element)
        .then(parts.list.get(1, null_on_oob=True))
        .fill_null("")
        .replace("*", ""),
        attribute_option_combo=pl.when(is_element).then(parts.list.get(2, null_on_oob=True)).fill_null(""),
        value=pl.when(parts.list.first().is_in(whole))
        .then(pl.col("value").str.replace(r"\.[0-9]*$", ""))
        .otherwise(pl.col("value")),
        stored_by=pl.lit(_AGGREGATED),
        created=pl.lit(created),
        last_updated=pl.lit(created),
        comment=pl.lit(_AGGREGATED),
        follow_up=pl.lit("false"),
    )
    return Grid(heads, frame)


def with_layout(metadata: Metadata, grid: Grid, query: Query) -> Grid:
    """Return the grid as a table: the items of `rows` down, those of `columns` across.

    Args:
        metadata: The server's objects.
        grid: The plain answer, with metadata.
        query: The request, whose `table` says which dimension goes where.
    """
    if query.table is None or not grid.headers:
        return grid
    across, down = query.table
    axes = {axis.name: axis for axis in query.axes}
    names = _Names(metadata, query)
    values = {
        (tuple(row[name] for name in down), tuple(row[name] for name in across)): row["value"]
        for row in grid.rows.iter_rows(named=True)
    }
    heads: list[Object] = []
    for name in down:
        title = axes[name].title
        heads += [
            header(f"{name}id", f"{title} ID"),
            header(f"{name}name", title),
            header(f"{name}code", f"{title} code"),
            header(f"{name}description", f"{title} description"),
        ]
    columns = list(product(*(_items(axes[name], grid) for name in across)))
    if query.hide_empty_columns:
        filled = {column for _, column in values}
        columns = [column for column in columns if column in filled]
    for column in columns:
        shown = [names.of(axes[name], item)[0] for name, item in zip(across, column, strict=True)]
        heads.append(header("-".join(column) or "value", " ".join(shown) or "Value", "NUMBER", meta=False))
    rows = []
    for row in product(*(_items(axes[name], grid) for name in down)):
        numbers = [values.get((row, column), "") for column in columns]
        if query.hide_empty_rows and not any(numbers):
            continue
        labels = [label for name, item in zip(down, row, strict=True) for label in (item, *names.of(axes[name], item))]
        rows.append((*labels, *numbers))
    schema = {f"{place}": pl.String for place in range(len(heads))}
    return Grid(heads, pl.DataFrame(rows, schema=schema, orient="row"), grid.meta)


class _Names:
    def __init__(self, metadata: Metadata, query: Query) -> None:
        self._objects = metadata.collections
        self._spans = {span.id: span.name for span in query.spans}
        self._property = "displayShortName" if query.short else "displayName"

    def of(self, axis: Axis, item: str) -> tuple[str, str, str]:
        """Return the name, the code and the description of an item."""
        if axis.name == "pe":
            return self._spans.get(item, item), item, ""
        found = next((objects[item] for objects in self._objects.values() if item in objects), None)
        if found is None:
            parts = [self.of(axis, part)[0] for part in item.split(".")] if "." in item else [item]
            return " ".join(parts), "", ""
        name = found.get(self._property) or found.get("displayName", item)
        return str(name), str(found.get("code", "")), str(found.get("description", ""))


def _items(axis: Axis, grid: Grid) -> Sequence[str]:
    if axis.items:
        return axis.items
    found: list[str] = grid.rows[axis.name].unique().sort().to_list()
    return found


def _cells(texts: Iterable[object], tag: str) -> str:
    return "".join(f"<{tag}>{escape(str(text))}</{tag}>" for text in texts)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
