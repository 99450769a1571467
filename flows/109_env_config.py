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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prefect import flow
from prefect.blocks.system import Secret
from prefect.variables import Variable

from prefect_patterns.blocks import Dhis2Credentials, explain_dhis2_credentials
from prefect_patterns.http import without_secrets
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


def as_lines(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table for the terminal."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a table for an artifact; what comes from outside cannot leave its cell."""
    cells = [[cell.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;") for cell in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])


@flow(name="109-env-config")
def env_config_flow(credentials: Dhis2Credentials | None = None) -> Configuration:
    """Return which source of DHIS2 credentials won; print and publish why."""
    explanation = explain_dhis2_credentials(credentials)
    months, state = months_to_read()
    token = "set" if has_secret("dhis2-token") else "not set"
    sources = [
        ["source", "state", "why"],
        *([source.name, source.state, source.why] for source in explanation.sources),
    ]
    places = [
        ["place", "for", "secret", "here"],
        ["parameter", "what one run does differently", "no: the API shows it", "given" if credentials else "not given"],
        ["environment", "what a machine or a container knows", "as safe as the machine", "see above"],
        ["Variable", "a setting that people change", "no: plain text", f"dhis2_months: {state}"],
        ["Secret block", "one secret by itself", "encrypted", f"dhis2-token: {token}"],
        ["credentials block", "an address with its user and secret", "the secret is encrypted", "dhis2: see above"],
    ]
    print("\n".join([*as_lines(sources), "", *as_lines(places)]))
    markdown_report(
        "dhis2-configuration",
        f"# DHIS2 credentials\n\n{as_markdown(sources)}\n\n# What belongs where\n\n{as_markdown(places)}\n",
        path=load_settings().output / "109" / "configuration.md",
        description="Which source of credentials won, and why",
    )
    found = explanation.required()
    version = str(found.get_client().get_server_info().get("version", "unknown"))
    address = without_secrets(found.base_url)
    print(f"\n{explanation.winner} won: DHIS2 {version} at {address}")
    states = {source.name: source.state for source in explanation.sources}
    return Configuration(explanation.winner, states, address, version, months)


if __name__ == "__main__":
    env_config_flow()
