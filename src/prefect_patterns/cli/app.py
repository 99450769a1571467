"""The commands of `patterns` and their arguments."""

import os
from datetime import date
from importlib.metadata import version
from typing import Annotated

from cyclopts import App, CycloptsError, Parameter

from prefect_patterns.cli.catalogue import Catalogue
from prefect_patterns.cli.dhis2 import dhis2_app
from prefect_patterns.cli.output import show_rows, style
from prefect_patterns.errors import LocalError, UsageError

__all__ = ["app", "dispatch"]

app = App(
    name="patterns",
    help="Runnable patterns for data pipelines on Prefect 3. Every command takes --debug to show a traceback.",
    version=lambda: f"prefect-patterns {version('prefect-patterns')}",
    suppress_keyboard_interrupt=False,
    result_action="return_value",
)
app.register_install_completion_command(add_to_startup=False)
app.command(dhis2_app)


def dispatch(arguments: list[str]) -> int:
    """Run the command that *arguments* name and return its exit code.

    Raises:
        UsageError: There is no such command or option, or a value has the wrong type.
        LocalError: The current folder was removed.
    """
    try:
        os.getcwd()
    except FileNotFoundError:
        raise LocalError("the current folder does not exist any more", hint="cd to one that does") from None
    try:
        result = app(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        command = " ".join(["patterns", *(error.command_chain or ())])
        raise UsageError(" ".join(str(error).split()).rstrip("."), hint=f"`{command} --help`") from None
    return result if isinstance(result, int) else 0


@app.command(name="list")
def list_flows(*, json: bool = False) -> int:
    """List the flows of the catalogue.

    Args:
        json: Print JSON instead of a table.
    """
    rows = [
        {
            "no": entry.number,
            "flow": entry.slug,
            "section": entry.about.section,
            "shows": entry.summary,
            "in Airflow": entry.about.airflow,
        }
        for entry in Catalogue.find().entries
    ]
    show_rows(rows, as_json=json)
    return 0


@app.command
def show(flow: str, /, *, json: bool = False) -> int:
    """Show one flow: what it teaches, what to notice, and its code.

    Args:
        flow: Its number or its name.
        json: Print JSON instead of text.
    """
    entry = Catalogue.find().entry(flow)
    about = entry.about
    code = entry.path.read_text(encoding="utf-8")
    if json:
        row = {"number": entry.number, "slug": entry.slug, "summary": entry.summary, **about.model_dump()}
        show_rows([row | {"notes": entry.notes, "path": str(entry.path), "code": code}], as_json=True)
        return 0
    print(style(f"{entry.number} {entry.title}", "bold"), f"· {about.section}")
    print(f"{entry.summary}\n")
    print(f"concepts    {', '.join(about.concepts)}")
    print(f"library     {', '.join(about.library)}")
    print(f"in Airflow  {about.airflow}")
    print(f"needs       {', '.join(about.needs) or 'nothing'}")
    print(f"file        {entry.path}")
    print(f"run it      patterns run {entry.number}\n")
    if entry.notes:
        print(f"{entry.notes}\n")
    _print_code(code)
    return 0


@app.command
def run(
    flow: str,
    /,
    *,
    param: Annotated[list[str] | None, Parameter(name=["--param", "-p"], negative="")] = None,
    live: Annotated[bool, Parameter(negative="")] = False,
    verbose: Annotated[bool, Parameter(negative="")] = False,
    local: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Run one flow.

    Args:
        flow: Its number or its name.
        param: A parameter as name=value, with the value in JSON or as plain text; may be repeated.
        live: Use the real public services instead of the local sandbox.
        verbose: Show Prefect's own log.
        local: Use a temporary Prefect server even when PREFECT_API_URL or a profile names one.
    """
    from prefect_patterns.cli.run import run_flow

    return run_flow(Catalogue.find().entry(flow), param or [], live=live, verbose=verbose, local=local)


@app.command
def sandbox(
    *,
    service: str = "dhis2",
    version: Annotated[str | None, Parameter(name="--version")] = None,
    port: int = 0,
    today: date | None = None,
    scale: int | None = None,
    clock_skew: float | None = None,
    json: bool = False,
) -> int:
    """Serve the local DHIS2, or another local service, until Ctrl-C; flows that start meanwhile use it.

    Args:
        service: The service: dhis2 or httpbox; --version, --today, --scale and --clock-skew are for dhis2.
        version: The DHIS2 version to imitate: 40, 41, 42 or 43, which is the default.
        port: The port, or 0 for a free one.
        today: The day that the server believes it is, as YYYY-MM-DD; its values end with the last whole month before.
        scale: How many of each facility there are, with as many values: for load tests.
        clock_skew: Seconds that the server's clock is ahead of yours, when there is no --today.
        json: Print the address and the user as one line of JSON.
    """
    from prefect_patterns.cli.sandbox import serve_sandbox

    options = {"version": version, "today": today, "scale": scale, "clock_skew": clock_skew}
    return serve_sandbox(service, port=port, as_json=json, **options)


def _print_code(code: str) -> None:
    from rich.console import Console
    from rich.syntax import Syntax

    console = Console()
    if console.is_terminal and not console.no_color:
        console.print(Syntax(code, "python", background_color="default"))
    else:
        print(code, end="")
