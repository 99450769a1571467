"""Files that readers only ever see whole."""

from prefect_patterns.files.atomic import atomic_path, is_full, storage, write_bytes, write_text
from prefect_patterns.files.geoparquet import to_wkb, write_geoparquet
from prefect_patterns.files.spreadsheet import write_csv
from prefect_patterns.files.versions import versioned_folder

__all__ = [
    "atomic_path",
    "is_full",
    "storage",
    "to_wkb",
    "versioned_folder",
    "write_bytes",
    "write_csv",
    "write_geoparquet",
    "write_text",
]
