"""A table in Markdown, for artifacts and pull requests; what comes from outside stays text."""

import re
from collections.abc import Iterable, Mapping

import polars as pl

from prefect_patterns.report.text import Format, cell, counted

__all__ = ["markdown_table", "markdown_text"]

# Each may start something: emphasis, code, links, HTML, a cell.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$:])")


def markdown_text(value: object) -> str:
    r"""Return *value* as Markdown that shows it literally, on one line.

    >>> markdown_text("ANC <1y | **all**")
    'ANC \\<1y \\| \\*\\*all\\*\\*'
    """
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).split()))


def markdown_table(frame: pl.DataFrame, *, columns: Mapping[str, str] | None = None, rows: int = 20) -> str:
    r"""Return the first *rows* of *frame* as a table in GitHub's Markdown; a last line says how many more there are.

    Args:
        columns: The columns to show, in order, each with its heading; None shows all as they are.

    >>> print(markdown_table(pl.DataFrame({"level": ["District"], "units": [1332]})))
    | level | units |
    |---|---:|
    | District | 1,332 |
    <BLANKLINE>
    """
    shown = columns or {name: name for name in frame.columns}
    head = frame.select(list(shown)).head(rows)
    lines = [
        _row(markdown_text(heading) for heading in shown.values()),
        "|" + "".join("---:|" if dtype.is_numeric() else "---|" for dtype in head.dtypes),
        *(_row(markdown_text(cell(value, Format(1))) for value in row) for row in head.iter_rows()),
    ]
    if more := frame.height - head.height:
        lines += ["", f"… and {counted(more, 'more row')}"]
    return "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
