"""Which Prefect a run uses: the one that the environment or profile names, else a temporary server of its own."""

import os
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from prefect_patterns.cli.output import waiting
from prefect_patterns.errors import AuthenticationFailed, ConfigError, RemoteUnavailable
from prefect_patterns.files import storage
from prefect_patterns.stack import PrefectServer, use_own_environment

__all__ = ["configured_api", "prefect_session"]


def configured_api(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the API address that the environment or the active Prefect profile names, without importing Prefect.

    >>> configured_api({"PREFECT_API_URL": "http://10.1.2.3:4200/api"})
    'http://10.1.2.3:4200/api'
    """
    if url := environment.get("PREFECT_API_URL"):
        return url
    home = os.path.expanduser(environment.get("PREFECT_HOME") or "~/.prefect")
    path = Path(os.path.expanduser(environment.get("PREFECT_PROFILES_PATH") or os.path.join(home, "profiles.toml")))
    try:
        profiles = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError:
        return None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}", hint="mend it, or run with --local") from error
    found: object = profiles.get("profiles")
    for name in (environment.get("PREFECT_PROFILE") or profiles.get("active"), "PREFECT_API_URL"):
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, str) and found else None


@contextmanager
def prefect_session(home: Path, *, local: bool, meanwhile: Callable[[], None]) -> Iterator[str]:
    """Make Prefect ready and yield the words that say which one it is.

    Args:
        home: PATTERNS_HOME; a temporary server keeps its database in `prefect/` there.
        local: Ignore PREFECT_API_URL and profiles.
        meanwhile: Called once while a temporary server starts, for what takes time and needs no server.
    """
    url = None if local else configured_api()
    if url:
        from prefect_patterns.http import without_secrets

        shown = without_secrets(url)
        try:
            meanwhile()
            import prefect  # noqa: F401  # with the caller's own environment
        except ValidationError as error:
            wrong = "; ".join(each["msg"] for each in error.errors(include_input=False, include_context=False))
            raise ConfigError(
                f"Prefect does not take its settings: {wrong}",
                hint="correct the PREFECT_ variables and the profile, or run with --local for a temporary server",
            ) from error
        _check(shown)
        yield f"Prefect: {shown}"
        return
    with ExitStack() as stack:
        server = PrefectServer(_server_home(home / "prefect", stack))
        use_own_environment(server.home)
        with waiting("starting a local Prefect server (about 10 s)"):
            server.launch()
            stack.callback(server.stop)
            meanwhile()
            server.wait_ready()
        os.environ.update(server.environment)

        stack.enter_context(server.in_use())
        yield "Prefect: local, temporary"


def _server_home(wanted: Path, stack: ExitStack) -> Path:
    # Two servers on one SQLite database break each other: who comes second uses a folder of its own.
    with storage(wanted):
        wanted.mkdir(parents=True, exist_ok=True)
        lock = FileLock(wanted / "temporary.lock", timeout=0)
        try:
            stack.enter_context(lock)
        except Timeout:
            return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="patterns-prefect-")))
    return wanted


def _check(url: str) -> None:
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        with get_client(sync_client=True) as client:
            error = client.api_healthcheck()
            if error is None:
                client.request("POST", "/flows/count", json={})  # its health is for everybody, this is not
    except PrefectHTTPStatusError as refusal:
        status = refusal.response.status_code
        if status not in {401, 403}:
            raise RemoteUnavailable(
                f"the Prefect API at {url} did not answer as it should ({status})",
                hint="look at its log, correct PREFECT_API_URL, or run with --local for a temporary server",
                url=url,
                status=status,
            ) from refusal
        raise AuthenticationFailed(
            f"the Prefect API at {url} refused the credentials ({status})",
            hint="check PREFECT_API_KEY or PREFECT_API_AUTH_STRING, or run with --local for a temporary server",
            url=url,
            status=status,
        ) from refusal
    except (httpx.HTTPError, OSError) as failure:
        error = failure
    if error is not None:
        raise RemoteUnavailable(
            f"the Prefect API at {url} does not answer ({type(error).__name__})",
            hint="start it, correct PREFECT_API_URL, or run with --local for a temporary server",
            url=url,
        )
