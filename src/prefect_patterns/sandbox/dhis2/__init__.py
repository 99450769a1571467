"""A DHIS2 2.43 server of ours: real metadata of the demo database, seeded values, faults on demand."""

from prefect_patterns.sandbox.dhis2.defects import DEFECTS, Defect
from prefect_patterns.sandbox.dhis2.process import VERSIONS, Dhis2Sandbox

__all__ = ["DEFECTS", "VERSIONS", "Defect", "Dhis2Sandbox"]
