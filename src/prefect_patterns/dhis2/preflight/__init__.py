"""Before an upgrade: does a server do what our client relies on, and which calls would change."""

from prefect_patterns.dhis2.preflight.calls import Call, plain
from prefect_patterns.dhis2.preflight.change import Change
from prefect_patterns.dhis2.preflight.changes import CHANGES, changes_of
from prefect_patterns.dhis2.preflight.contract import Check, Finding
from prefect_patterns.dhis2.preflight.files import CODE, Found, Skipped, find_calls, has_code
from prefect_patterns.dhis2.preflight.run import CHECKS, RELEASES, Contract, run_contract
from prefect_patterns.dhis2.preflight.verdict import Affected, Verdict, judge_calls, target_release

__all__ = [
    "CHANGES",
    "CHECKS",
    "CODE",
    "RELEASES",
    "Affected",
    "Call",
    "Change",
    "Check",
    "Contract",
    "Finding",
    "Found",
    "Skipped",
    "Verdict",
    "changes_of",
    "find_calls",
    "has_code",
    "judge_calls",
    "plain",
    "run_contract",
    "target_release",
]
