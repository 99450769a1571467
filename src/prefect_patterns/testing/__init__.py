"""What tests of pipelines need; imports no Prefect (the Prefect session is `prefect_patterns.testing.prefect`)."""

from prefect_patterns.testing.clock import FakeClock
from prefect_patterns.testing.rows import DEFECTS, seeded_rows

__all__ = ["DEFECTS", "FakeClock", "seeded_rows"]
