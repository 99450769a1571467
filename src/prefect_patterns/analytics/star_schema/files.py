"""Tables to files: Parquet, and a DuckDB database made from it."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from prefect_patterns.errors import StorageError
from prefect_patterns.files import atomic_path, storage

__all__ = ["write_duckdb", "write_parquet"]


def write_parquet(tables: Mapping[str, pl.DataFrame], folder: Path) -> None:
    """Write `<name>.parquet` for each table, each as one step."""
    for name, table in tables.items():
        target = folder / f"{name}.parquet"
        with _refusals(target), atomic_path(target) as draft:
            table.write_parquet(draft)


def write_duckdb(
    tables: Mapping[str, pl.DataFrame],
    *,
    primary_keys: Mapping[str, str],
    foreign_keys: Mapping[tuple[str, str], str],
    path: Path,
) -> None:
    """Write the tables into a new database, as one step.

    Args:
        tables: By name.
        primary_keys: The key column of each table that has one.
        foreign_keys: The table that a `(table, column)` refers to.
        path: The database file.
    """
    import duckdb

    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    # DuckDB leaves a write-ahead log beside a database that it could not finish: both are made in a folder that goes.
    with _refusals(path), storage(path), tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as name:
        folder = Path(name)
        with duckdb.connect(folder / path.name) as database:
            for place, (table, rows) in enumerate(tables.items()):
                source = str(folder / f"{place}.parquet")
                rows.write_parquet(source)
                statement = f"CREATE TABLE {_quoted(table)} AS SELECT * FROM read_parquet(?)"  # noqa: S608, it is quoted
                database.execute(statement, [source])
            for table, key in primary_keys.items():
                database.execute(f"ALTER TABLE {_quoted(table)} ADD PRIMARY KEY ({_quoted(key)})")
            for (table, key), other in foreign_keys.items():
                column = f"{_quoted(table)}.{_quoted(key)}"
                database.execute(f"ALTER TABLE {_quoted(table)} ALTER {_quoted(key)} SET NOT NULL")
                database.execute(f"COMMENT ON COLUMN {column} IS {_text(f'refers to {other}')}")
        with atomic_path(path) as draft:
            (folder / path.name).replace(draft)


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    import duckdb

    # On a full disk DuckDB refuses to write, and then gives the database up.
    try:
        yield
    except (duckdb.IOException, duckdb.FatalException) as error:
        raise StorageError(path, str(error).splitlines()[0]) from error


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
