"""Facts and dimensions: surrogate keys that stay the same in every run, an unknown member, foreign keys that hold."""

from prefect_patterns.analytics.star_schema.build import build
from prefect_patterns.analytics.star_schema.model import (
    UNKNOWN,
    Dimension,
    Fact,
    Reference,
    StarSchema,
    check_foreign_keys,
)

__all__ = ["UNKNOWN", "Dimension", "Fact", "Reference", "StarSchema", "build", "check_foreign_keys"]
