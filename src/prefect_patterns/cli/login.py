"""`patterns dhis2 login`: credentials that a server accepted, saved as a block where runs look for it."""

import os
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from prefect_patterns.cli.credentials import Given, speaking_of_arguments
from prefect_patterns.cli.output import style
from prefect_patterns.cli.run import silence_console
from prefect_patterns.cli.session import configured_api, prefect_session
from prefect_patterns.dhis2 import Dhis2Client
from prefect_patterns.errors import LocalError, RemoteUnavailable, UsageError
from prefect_patterns.http import Retries, is_loopback
from prefect_patterns.settings import Settings, load_settings

__all__ = ["save_login"]

_DOCS = "docs/dhis2.md#the-command-line"
_USED_BY_FLOWS = "dhis2"


def save_login(credentials: Callable[[], Given], *, name: str, local: bool) -> int:
    """Check credentials with their server, save them as the block *name*, and say where.

    Args:
        credentials: Gives them; called, and so perhaps typed, when the other arguments are known to be good.

    Raises:
        AuthenticationFailed: The server does not accept it; nothing is saved.
        UsageError: No block can have this name.
        LocalError: A run holds the project's own Prefect at the moment.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise UsageError(
            f"{name!r} is no name of a block", hint="use lower-case letters, digits and dashes", docs=_DOCS
        )
    settings = load_settings()
    os.environ["PATTERNS_HOME"] = str(settings.home)
    given = credentials()
    address, said = _checked(given)
    print(said, flush=True)

    own = settings.home / "prefect" if local or configured_api() is None else None
    with prefect_session(settings.home, local=local, meanwhile=_import_prefect) as which_prefect:
        # While a run holds the project's Prefect a second one gets a folder that is gone at its end.
        if own and os.environ["PREFECT_HOME"] != str(own):
            raise LocalError(f"a run uses the Prefect in {own} at the moment", hint="log in when it has ended")
        silence_console()
        _save(given, address, name)
    where = f"the project's own, in {own}" if own else which_prefect.removeprefix("Prefect: ")
    print(f"saved as the block {style(name, 'bold')} on Prefect: {where}")
    for note in _notes(settings, address, name):
        print(f"note: {note}")
    print("try  patterns run 101" if name == _USED_BY_FLOWS else f'use  Dhis2Credentials.load("{name}")')
    return 0


def _import_prefect() -> None:
    import prefect.main  # noqa: F401  # takes a second or two, beside the server's start


def _checked(given: Given) -> tuple[str, str]:
    with (
        speaking_of_arguments(given),
        Dhis2Client(given.url, given.username, given.password, token=given.token, retries=Retries(1)) as client,
    ):
        info, me = client.get_server_info(), client.me()
        system = info.get("systemName") or "DHIS2"
        return client.base_url, f"{system} ({info.get('version')}) at {client.base_url} knows {me.get('username')!r}"


def _save(given: Given, address: str, name: str) -> None:
    import httpx
    from prefect.exceptions import PrefectHTTPStatusError

    from prefect_patterns.blocks import Dhis2Credentials

    values = {"username": given.username, "password": given.password, "token": given.token}
    block = Dhis2Credentials(base_url=address, **{key: value for key, value in values.items() if value is not None})
    try:
        block.save(name, overwrite=True)
    except (httpx.TransportError, PrefectHTTPStatusError) as error:
        raise RemoteUnavailable(
            f"the Prefect server did not save the block {name!r} ({type(error).__name__})",
            hint="look at its log, and at what the user of its API may do",
        ) from error


def _notes(settings: Settings, address: str, name: str) -> list[str]:
    values = (settings.dhis2_url, settings.dhis2_username, settings.dhis2_password, settings.dhis2_token)
    notes = []
    if any(value is not None for value in values) and name == _USED_BY_FLOWS:
        notes.append("PATTERNS_DHIS2_* variables are set, and win over the block: unset them to use it")
    parts = urlsplit(address)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        notes.append("the address is http, not https: everybody on the way can read the password")
    return notes
