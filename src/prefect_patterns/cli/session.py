"""Which Prefect a run uses: the one that the environment or profile names, else a temporary server of its own."""

import os
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from prefect_patterns.cli.output import waiting
from prefect_patterns.errors import ConfigError, RemoteUnavailable
from prefect_patterns.files import storage
from prefect_patterns.stack import PrefectServer, own_environment

__all__ = ["configured_api", "prefect_session"]


def configured_api(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the API address that the environment or the active Prefect profile names, without importing Prefect.

    >>> configured_api({"PREFECT_API_URL": "http://10.1.2.3:4200/api"})
    'http://10.1.2.3:4200/api'
    """
    if url := environment.get("PREFECT_API_URL"):
        return url
    home = Path(environment.get("PREFECT_HOME") or "~/.prefect").expanduser()
    path = Path(environment.get("PREFECT_PROFILES_PATH") or home / "profiles.toml").expanduser()
    try:
        profiles = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}", hint="mend it, or run with --local") from error
    active = environment.get("PREFECT_PROFILE") or profiles.get("active", "")
    url = profiles.get("profiles", {}).get(active, {}).get("PREFECT_API_URL")
    return url if isinstance(url, str) and url else None


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
        meanwhile()
        import prefect  # noqa: F401  # with the caller's own environment

        _check(url)
        yield f"Prefect: {url}"
        return
    with ExitStack() as stack:
        server = PrefectServer(_server_home(home / "prefect", stack))
        for name in [name for name in os.environ if name.startswith("PREFECT_API_")]:
            del os.environ[name]
        os.environ.update(own_environment(server.home))
        server.launch()
        stack.callback(server.stop)
        with waiting("starting a local Prefect server (about 10 s)"):
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

    try:
        with get_client(sync_client=True) as client:
            error = client.api_healthcheck()
    except (httpx.HTTPError, OSError) as failure:
        error = failure
    if error is not None:
        raise RemoteUnavailable(
            f"the Prefect API at {url} does not answer ({type(error).__name__})",
            hint="start it, correct PREFECT_API_URL, or run with --local for a temporary server",
            url=url,
        )
