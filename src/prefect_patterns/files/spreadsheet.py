"""CSV for people: a file that spreadsheet programs open as what it says, and run nothing of."""

from pathlib import Path
from typing import TYPE_CHECKING

from prefect_patterns.files.atomic import atomic_path

if TYPE_CHECKING:
    import polars as pl

__all__ = ["write_csv"]

# What a spreadsheet takes for a formula: OWASP, "CSV Injection".
_FORMULA = r"^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]"
_SEPARATOR = "; "


def write_csv(path: Path, frame: "pl.DataFrame") -> None:
    """Write *frame* as CSV in UTF-8 with its mark, as one step; lists become one cell, their items apart by `; `.

    A text that a spreadsheet program would run as a formula gets an apostrophe before it. So this is no format to read
    back: write Parquet beside it.

    Raises:
        StorageError: The file cannot be written.

    >>> import tempfile
    >>> import polars as pl
    >>> target = Path(tempfile.mkdtemp()) / "units.csv"
    >>> write_csv(target, pl.DataFrame({"name": ["Bo", "=1+1"], "level": [2, 3]}))
    >>> target.read_text(encoding="utf-8-sig").splitlines()
    ['name,level', 'Bo,2', "'=1+1,3"]
    """
    import polars as pl

    flat = frame.with_columns(
        pl.col(name).cast(pl.List(pl.String)).list.join(_SEPARATOR)
        for name, dtype in frame.schema.items()
        if isinstance(dtype, pl.List)
    )
    harmless = flat.with_columns(
        pl.when(pl.col(name).str.contains(_FORMULA)).then("'" + pl.col(name)).otherwise(pl.col(name)).alias(name)
        for name, dtype in flat.schema.items()
        if dtype == pl.String
    )
    with atomic_path(path) as draft:
        harmless.write_csv(draft, include_bom=True)
