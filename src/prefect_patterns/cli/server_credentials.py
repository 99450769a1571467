"""The credentials that runs use, and those for one server that is named on the command line."""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stdout
from typing import Any
from urllib.parse import urlsplit

from prefect_patterns.cli.credentials import Given, given_credentials
from prefect_patterns.cli.run import silence_console
from prefect_patterns.cli.session import configured_api, prefect_session
from prefect_patterns.errors import UsageError
from prefect_patterns.http import base_address, is_loopback, same_origin, without_secrets
from prefect_patterns.sandbox import running
from prefect_patterns.settings import Settings, load_settings

__all__ = ["credentials_for", "found_credentials"]

_COMMAND = "patterns dhis2 preflight"
_DOCS = "docs/dhis2.md#preflight"


@contextmanager
def found_credentials(*, local: bool, quiet: bool) -> Iterator[Any]:
    """Yield how a run would decide on its credentials (`blocks.explain_dhis2_credentials`), with its Prefect at hand.

    Args:
        quiet: Whether stdout is for the answer alone; what takes time is said on stderr.

    The environment decides without Prefect's API, so then no server is started.
    """
    settings = load_settings()
    os.environ["PATTERNS_HOME"] = str(settings.home)
    if _in_environment(settings):
        from prefect_patterns.blocks import explain_dhis2_credentials

        yield explain_dhis2_credentials()
        return
    with ExitStack() as stack:
        with redirect_stdout(sys.stderr) if quiet else nullcontext():
            stack.enter_context(prefect_session(settings.home, local=local, meanwhile=_import_prefect))
        silence_console()
        from prefect_patterns.blocks import explain_dhis2_credentials

        yield explain_dhis2_credentials()


def _import_prefect() -> None:
    import prefect.main  # noqa: F401  # takes a second or two, beside the server's start


def credentials_for(
    url: str | None, username: str | None, *, token_stdin: bool, password_stdin: bool, local: bool, quiet: bool
) -> Given:
    """Return credentials for *url*, or those that runs use when it is None.

    Those that are given here; else those of the environment, of the sandbox that runs or of the block, each only when
    they are for this very address; else, on this machine and on DHIS2's demo server, the published user. Credentials of
    one server are never sent to another.

    Args:
        quiet: Whether stdout is for the answer alone.

    Raises:
        UsageError: There are none for this address, and no terminal to ask on.
    """
    options = {"token_stdin": token_stdin, "password_stdin": password_stdin}
    if username or token_stdin or password_stdin:
        return given_credentials(url, username, **options, command=_COMMAND)
    settings = load_settings()
    if url is None:
        with found_credentials(local=local, quiet=quiet) as explanation:
            given = _of_block(explanation.required())
            where = f"no address is given: the one of {explanation.winner} is taken"
            print(where, file=sys.stderr if quiet else sys.stdout, flush=True)
            return given
    found = _of_environment(url, settings) or _of_sandbox(url) or _of_saved(url, settings, local=local, quiet=quiet)
    if found is None:
        found = _published(url)
    if found is not None:
        return found
    if sys.stdin.isatty() and not quiet:
        return given_credentials(url, username, **options, command=_COMMAND)
    raise UsageError(
        f"there are no credentials for {without_secrets(url)}",
        hint="give --username with --password-stdin, or --token-stdin, or log in once: `patterns dhis2 login`",
        docs=_DOCS,
    )


def _in_environment(settings: Settings) -> bool:
    values = (settings.dhis2_url, settings.dhis2_username, settings.dhis2_password, settings.dhis2_token)
    return any(value is not None for value in values)


def _of_environment(url: str, settings: Settings) -> Given | None:
    if settings.dhis2_url is not None and not _same(settings.dhis2_url, url):
        return None
    password, token = settings.dhis2_password, settings.dhis2_token
    if token is not None and password is None and settings.dhis2_username is None:
        return Given(url, token=token.get_secret_value())
    if token is None and password is not None and settings.dhis2_username is not None:
        return Given(url, settings.dhis2_username, password.get_secret_value())
    return None


def _of_sandbox(url: str) -> Given | None:
    box = running("dhis2")
    return Given(url, box.username, box.password) if box and _same(box.url, url) else None


def _of_saved(url: str, settings: Settings, *, local: bool, quiet: bool) -> Given | None:
    # Without a Prefect of somebody's, and without a database of the project's own, there can be no block.
    own = local or configured_api() is None
    if _in_environment(settings) or (own and not (settings.home / "prefect" / "prefect.db").exists()):
        return None
    with found_credentials(local=local, quiet=quiet) as explanation:
        saved = explanation.found if explanation.winner.startswith("the block") else None
        return _of_block(saved) if saved is not None and _same(saved.base_url, url) else None


def _of_block(credentials: object) -> Given:
    from prefect_patterns.blocks import Dhis2Credentials

    assert isinstance(credentials, Dhis2Credentials)  # noqa: S101
    if credentials.token is not None:
        return Given(credentials.base_url, token=credentials.token.get_secret_value())
    return Given(credentials.base_url, credentials.username, credentials.password.get_secret_value())


def _published(url: str) -> Given | None:
    """Return DHIS2's published user, for this machine and for its demo server only."""
    demo = "https://play.im.dhis2.org"
    host = urlsplit(base_address(url)).hostname or ""
    return Given(url, "admin", "district") if is_loopback(host) or same_origin(url, demo) else None


def _same(one: str, other: str) -> bool:
    paths = [base_address(url).split("/", 3)[3:] for url in (one, other)]
    return same_origin(one, other) and paths[0] == paths[1]
