"""A DHIS2 server of ours, 2.40 to 2.43: real metadata of the demo database, seeded values, faults on demand."""

from prefect_patterns.sandbox.dhis2.defects import DEFECTS, Defect
from prefect_patterns.sandbox.dhis2.process import VERSIONS, Dhis2Sandbox

__all__ = ["DEFECTS", "VERSIONS", "Defect", "Dhis2Sandbox"]
