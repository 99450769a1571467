"""`patterns run`: one flow of the catalogue, on the Prefect and the services that are there."""

import json
import logging
import os
from difflib import get_close_matches
from importlib.metadata import version
from typing import Any

from prefect_patterns.cli.catalogue import Entry
from prefect_patterns.cli.interrupt import interrupt_waiting
from prefect_patterns.cli.output import style
from prefect_patterns.cli.session import prefect_session
from prefect_patterns.errors import LocalError, PatternsError, QualityError, RemoteUnavailable, StorageError, UsageError
from prefect_patterns.files import is_full
from prefect_patterns.settings import Settings, load_settings

__all__ = ["parse_parameters", "run_flow", "service_of"]


def parse_parameters(pairs: list[str]) -> dict[str, object]:
    """Return `name=value` pairs as parameters; a value that is JSON is read as JSON, any other is text.

    Raises:
        UsageError: A pair has no equals sign or no name.

    >>> parse_parameters(["months=6", "place=Bo", "flags=[1, 2]"])
    {'months': 6, 'place': 'Bo', 'flags': [1, 2]}
    """
    parameters: dict[str, object] = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not name.isidentifier():
            raise UsageError(f"{pair!r} is not name=value", hint="write --param months=6")
        try:
            parameters[name] = json.loads(text)
        except ValueError:  # JSON that it is not, or a number that is too long for Python
            parameters[name] = text
    return parameters


def run_flow(entry: Entry, pairs: list[str], *, live: bool, verbose: bool, local: bool) -> int:
    """Run the flow of *entry* and return the exit code that its final state means.

    Raises:
        LocalError: Nobody reads what the flow prints any more, so it did not get to its end.
    """
    try:
        return _run(entry, pairs, live=live, verbose=verbose, local=local)
    except BrokenPipeError:
        raise LocalError(
            "the run was stopped: nobody reads its output any more",
            hint=f"let it write to a file: `patterns run {entry.number} > run.log`",
        ) from None


def _run(entry: Entry, pairs: list[str], *, live: bool, verbose: bool, local: bool) -> int:
    parameters = parse_parameters(pairs)
    if live:
        os.environ["PATTERNS_SERVICES"] = "live"
    settings = load_settings()
    os.environ["PATTERNS_HOME"] = str(settings.home)

    def meanwhile() -> None:
        import prefect.main  # noqa: F401  # takes a second or two, beside the server's start

        service = service_of(entry)
        elsewhere = settings.dhis2_url if service == "dhis2" else settings.httpbox_url
        if service and settings.services == "sandbox" and not elsewhere:
            from prefect_patterns.sandbox import ensure

            ensure(service)

    with prefect_session(settings.home, local=local, meanwhile=meanwhile) as which_prefect:
        if not verbose:
            silence_console()
        flow = entry.flow()
        interrupt_waiting()
        _check_names(parameters, entry, known=list(flow.parameters.properties))
        name = f"prefect-patterns {'.'.join(version('prefect-patterns').split('.')[:2])}"
        parts = [name, f"flow {entry.number} {entry.title}", *_services(entry), which_prefect]
        print(style(" · ".join(parts), "bold"), flush=True)
        return _exit_code(flow(**parameters, return_state=True), entry, settings)


def _check_names(parameters: dict[str, object], entry: Entry, *, known: list[str]) -> None:
    unknown = [name for name in parameters if name not in known]
    if unknown:
        near = get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean {near[0]}" if near else f"it has {', '.join(known) or 'none'}"
        raise UsageError(f"flow {entry.number} has no parameter {', '.join(unknown)}", hint=hint)


def _exit_code(state: Any, entry: Entry, settings: Settings) -> int:
    if state.is_completed():
        return QualityError.exit_code if state.name == "Quarantined" else 0
    error = state.result(raise_on_failure=False)
    if not isinstance(error, BaseException):
        raise PatternsError(f"flow {entry.flow_name} ended {state.name}: {state.message}")
    raise _explained(error, entry, settings) from error


def _explained(error: BaseException, entry: Entry, settings: Settings) -> BaseException:
    """Return what Prefect or the machine raised as an error that says who acts; any other as it is."""
    import httpx
    from prefect.exceptions import ParameterTypeError, PrefectHTTPStatusError

    if isinstance(error, PatternsError):
        return error
    if isinstance(error, ParameterTypeError):
        return UsageError(str(error), hint=f"`patterns show {entry.number}` shows its parameters")
    if is_full(settings.home):
        return StorageError(settings.home, "no space left on the device")
    if isinstance(error, httpx.TransportError | PrefectHTTPStatusError):
        return RemoteUnavailable(
            f"the Prefect server did not answer as it should ({type(error).__name__})",
            hint="look at its log; with --local a temporary server is used",
        )
    return error


def service_of(entry: Entry) -> str | None:
    """Return the sandbox that a flow needs: DHIS2 if it shows a part that is for DHIS2, else httpbox."""
    if "sandbox" not in entry.about.needs:
        return None
    return "dhis2" if any("dhis2" in part for part in entry.about.library) else "httpbox"


def _services(entry: Entry) -> list[str]:
    service = service_of(entry)
    if service is None:
        return []
    from prefect_patterns.blocks import get_dhis2_credentials
    from prefect_patterns.http import without_secrets
    from prefect_patterns.sandbox import running

    if service == "httpbox":
        settings = load_settings()
        if settings.httpbox_url:
            return [f"httpbox at {without_secrets(settings.httpbox_url)}"]
        stand_in = running("httpbox") if settings.services == "sandbox" else None
        return [f"sandbox httpbox at {stand_in.url}"] if stand_in else []
    url = get_dhis2_credentials().base_url
    box = running("dhis2")
    local = box is not None and box.url == url
    return [f"sandbox 2.{box.version} at {url}" if box and local else f"DHIS2 at {without_secrets(url)}"]


def silence_console() -> None:
    """Take Prefect's console handler away; the handler that sends logs to the server stays."""
    from prefect.logging.handlers import PrefectConsoleHandler

    known = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    for logger in [logging.root, *known]:
        for handler in [each for each in logger.handlers if isinstance(each, PrefectConsoleHandler)]:
            logger.removeHandler(handler)
            logger.addHandler(logging.NullHandler())  # without any handler Python itself prints warnings
