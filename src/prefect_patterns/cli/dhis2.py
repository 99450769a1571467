"""`patterns dhis2`: log in to a server, look at it, and see what an upgrade of it would change."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

__all__ = ["dhis2_app"]

dhis2_app = App(name="dhis2", help="Log in to a DHIS2 server, look at it, and see what an upgrade would change.")

Switch = Annotated[bool, Parameter(negative="")]


@dhis2_app.command
def login(
    url: str | None = None,
    /,
    *,
    username: str | None = None,
    token_stdin: Switch = False,
    password_stdin: Switch = False,
    name: str = "dhis2",
    local: Switch = False,
) -> int:
    """Check credentials with the server and save them as a Prefect block, which runs then use.

    What is missing is asked for on a terminal; a password or token is never shown and never an argument.

    Args:
        url: The server's address as in the browser.
        username: A user of the server, with a password; without it an access token.
        token_stdin: Read a personal access token from standard input.
        password_stdin: Read the password from standard input.
        name: The block's name; flows use `dhis2`.
        local: Save it on the project's own Prefect even when PREFECT_API_URL or a profile names one.
    """
    from prefect_patterns.cli.credentials import Given, given_credentials
    from prefect_patterns.cli.login import save_login

    def credentials() -> Given:
        return given_credentials(
            url, username, token_stdin=token_stdin, password_stdin=password_stdin, command="patterns dhis2 login"
        )

    return save_login(credentials, name=name, local=local)


@dhis2_app.command
def info(*, json: bool = False, local: Switch = False) -> int:
    """Show which credentials runs use and why, and the server: version, user, analytics tables, clock.

    Args:
        json: Print JSON instead of text.
        local: Ask the project's own Prefect even when PREFECT_API_URL or a profile names one.
    """
    from prefect_patterns.cli.server_info import show_info

    return show_info(as_json=json, local=local)


@dhis2_app.command
def preflight(
    url: str | None = None,
    /,
    *,
    to: str = "43",
    pipelines: Annotated[list[Path] | None, Parameter(negative="", consume_multiple=True)] = None,
    username: str | None = None,
    token_stdin: Switch = False,
    password_stdin: Switch = False,
    json: bool = False,
    local: Switch = False,
) -> int:
    """Check that a server does what the client relies on, and list the calls that an upgrade would change.

    Everything is only read. The exit code is 3 when the server does something else, 0 otherwise.

    Args:
        url: The server's address; without it the one that runs use.
        to: The release after the upgrade: 40 to 43.
        pipelines: Files and folders with your code, configuration or access logs; otherwise the Python and YAML files
            of this folder, otherwise the flows of the catalogue.
        username: A user of the server, with a password; otherwise the credentials that runs use for this address.
        token_stdin: Read a personal access token from standard input.
        password_stdin: Read the password from standard input.
        json: Print JSON instead of tables.
        local: Ask the project's own Prefect for the credentials.
    """
    from prefect_patterns.cli.credentials import Given
    from prefect_patterns.cli.preflight import run_preflight
    from prefect_patterns.cli.server_credentials import credentials_for

    def credentials() -> Given:
        return credentials_for(
            url, username, token_stdin=token_stdin, password_stdin=password_stdin, local=local, quiet=json
        )

    return run_preflight(credentials, to=to, paths=pipelines or [], as_json=json)
