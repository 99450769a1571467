"""Show where a flow's configuration comes from: four ways to give DHIS2 credentials, which one won, and why.

+++
section  = "DHIS2"
concepts = ["settings", "precedence", "secrets", "variables"]
library  = ["blocks.explain_dhis2_credentials", "tasks.markdown_report"]
airflow  = "Connections, Variables and environment variables"
needs    = ["sandbox"]
+++

**Notice** that the first source that has anything decides, and that a half-set one is an error: an address from here
and a password from there would one day send a password to the wrong server. The second table says what Prefect keeps
safe: blocks encrypt their secrets, variables and parameters are plain text, so nothing secret belongs there.
**Change** the environment and look again: set PATTERNS_DHIS2_URL with PATTERNS_DHIS2_USERNAME and
PATTERNS_DHIS2_PASSWORD, or with PATTERNS_DHIS2_TOKEN; set only one of them to see what is missing; save a block with
`Dhis2Credentials(...).save("dhis2")`, or a variable with `prefect variable set dhis2_months 24`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from prefect import flow
from prefect.blocks.system import Secret
from prefect.runtime import flow_run
from prefect.variables import Variable

from prefect_patterns.blocks import Dhis2Credentials, explain_dhis2_credentials
from prefect_patterns.files import versioned_folder
from prefect_patterns.http import without_secrets
from prefect_patterns.report import markdown_table, shown_path
from prefect_patterns.settings import load_settings
from prefect_patterns.tasks import markdown_report


@dataclass(frozen=True)
class Configuration:
    """Which source of credentials won, what the others held, and for which server; nothing secret."""

    winner: str
    states: Mapping[str, str]
    base_url: str
    version: str
    months: int


def months_to_read() -> tuple[int, str]:
    """Return a setting that is no secret, and where it is from: a variable is changed without a deployment."""
    value = Variable.get("dhis2_months")
    # An answer of the API may be any JSON: only a number is taken, only a number is ever shown.
    if isinstance(value, int) and not isinstance(value, bool):
        return value, "set"
    return 12, "not set: 12" if value is None else "set, but no whole number: 12"


def has_secret(name: str) -> bool:
    """Return whether a `Secret` block of this name exists; its value stays where it is."""
    try:
        Secret.load(name)
    except ValueError:
        return False
    return True


def as_lines(table: pl.DataFrame) -> str:
    """Return a table for the terminal."""
    rows = [table.columns, *table.rows()]
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "\n".join(lines)


@flow(name="109-env-config")
def env_config_flow(credentials: Dhis2Credentials | None = None) -> Configuration:
    """Return which source of DHIS2 credentials won; print and publish why."""
    explanation = explain_dhis2_credentials(credentials)
    months, state = months_to_read()
    rows = [(source.name, source.state, source.why) for source in explanation.sources]
    sources = pl.DataFrame(rows, schema=["source", "state", "why"], orient="row")
    belongs = [
        ("parameter", "one run", "no: the API shows it", "given" if credentials else "not given"),
        ("environment", "a machine, a container", "as the machine is", "see above"),
        ("variable dhis2_months", "what people change", "no: plain text", state),
        ("secret dhis2-token", "one secret by itself", "encrypted", "set" if has_secret("dhis2-token") else "not set"),
        ("block dhis2", "an address and its user", "encrypted", "see above"),
    ]
    places = pl.DataFrame(belongs, schema=["place", "for", "safe for secrets", "here"], orient="row")
    print(f"{as_lines(sources)}\n\n{as_lines(places)}")
    output = load_settings().output
    with versioned_folder(output, "109", str(flow_run.id)) as folder:
        markdown_report(
            "dhis2-configuration",
            f"# DHIS2 credentials\n\n{markdown_table(sources)}\n# What belongs where\n\n{markdown_table(places)}",
            path=folder / "configuration.md",
            description="Which source of credentials won, and why",
        )
    print(f"\nreport {shown_path(output / '109' / 'configuration.md')}")
    found = explanation.required()
    version = str(found.get_client().get_server_info().get("version", "unknown"))
    address = without_secrets(found.base_url)
    print(f"{explanation.winner} won: DHIS2 {version} at {address}")
    states = {source.name: source.state for source in explanation.sources}
    return Configuration(explanation.winner, states, address, version, months)


if __name__ == "__main__":
    env_config_flow()
