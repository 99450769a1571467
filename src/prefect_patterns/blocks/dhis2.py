"""Credentials of a DHIS2 server: as a block, and where a flow finds them."""

from typing import Any, cast

import httpx
import prefect.exceptions
from prefect.blocks.core import Block
from prefect.blocks.system import Secret
from pydantic import Field, HttpUrl, SecretStr

from prefect_patterns.blocks import services
from prefect_patterns.blocks.dhis2_sources import Explanation, decide, from_environment
from prefect_patterns.dhis2 import Dhis2Client
from prefect_patterns.errors import AuthenticationFailed, ConfigError, RemoteUnavailable
from prefect_patterns.http import without_secrets
from prefect_patterns.settings import load_settings

__all__ = ["Dhis2Credentials", "explain_dhis2_credentials", "get_dhis2_credentials"]

_BLOCK = "dhis2"
_DOCS = "docs/dhis2.md#credentials"
_THREE_WAYS = (
    "set PATTERNS_DHIS2_URL with PATTERNS_DHIS2_USERNAME and PATTERNS_DHIS2_PASSWORD or with PATTERNS_DHIS2_TOKEN, "
    f'or save a block with `Dhis2Credentials(...).save("{_BLOCK}")`, or give the flow its credentials as a parameter'
)


class Dhis2Credentials(Block):
    """The address of a DHIS2 server, and a user of it or a personal access token.

    Without arguments it is DHIS2's published demo server, with its published user.

    Example:
        Load stored credentials and ask the server its version:
        ```python
        from prefect_patterns.blocks import Dhis2Credentials

        credentials = Dhis2Credentials.load("BLOCK_NAME")
        with credentials.get_client() as client:
            print(client.get_server_info()["version"])
        ```
    """

    _block_type_name = "dhis2-credentials"
    _block_type_slug = "dhis2-credentials"
    # Prefect takes no other than a web address, and this project has none: so the picture of Prefect's own secrets.
    _logo_url = Secret._logo_url  # noqa: SLF001 - class attributes of blocks are named so
    _documentation_url = HttpUrl(
        "https://docs.dhis2.org/en/develop/using-the-api/dhis-core-version-master/overview.html"
    )

    base_url: str = Field(
        default=services.PUBLIC_ADDRESSES["dhis2"],
        description="The server's address as in the browser, with its context path, such as https://host/dhis.",
    )
    username: str = Field(default="admin", description="The name of a DHIS2 user who may read what flows ask for.")
    password: SecretStr = Field(default=SecretStr("district"), description="The password of that user.")
    token: SecretStr | None = Field(
        default=None,
        description="A personal access token of DHIS2; when it is there, the user name and the password are not used.",
    )

    def get_client(self) -> Dhis2Client:
        """Return a client for this server; it connects with its first request."""
        if self.token is not None and self.token.get_secret_value():
            return Dhis2Client(self.base_url, token=self.token)
        return Dhis2Client(self.base_url, self.username, self.password)


def get_dhis2_credentials(credentials: Dhis2Credentials | None = None) -> Dhis2Credentials:
    """Return the credentials of the first source that has any, and log which one it was.

    1. *credentials*, a flow's parameter. 2. The environment: PATTERNS_DHIS2_URL with PATTERNS_DHIS2_USERNAME and
    PATTERNS_DHIS2_PASSWORD, or with PATTERNS_DHIS2_TOKEN. 3. The block `dhis2`. 4. In development the sandbox, or with
    `PATTERNS_SERVICES=live` DHIS2's demo server. Sources are never mixed. `explain_dhis2_credentials` tells more.

    Raises:
        ConfigError: The environment is set by half, the block does not fit, or a deployment has none of the three.
        RemoteUnavailable: Prefect's API, which may know the block, cannot be asked.
        AuthenticationFailed: Prefect's API refuses to be asked.
    """
    explanation = explain_dhis2_credentials(credentials)
    found = explanation.required()
    services.say(f"DHIS2 credentials: from {explanation.winner}, for {without_secrets(found.base_url)}")
    return found


def explain_dhis2_credentials(credentials: Dhis2Credentials | None = None) -> Explanation[Dhis2Credentials]:
    """Return how `get_dhis2_credentials` decides here and now: each source, what was found there, and which one won.

    Sources after the one that decided are not asked. Nothing is raised: a source that is wrong is one of the answers.

    >>> explain_dhis2_credentials(Dhis2Credentials()).winner
    'the parameter'
    """
    return decide(
        [
            ("the parameter", "no credentials were given", lambda: credentials),
            ("the environment", "no PATTERNS_DHIS2_* variable is set", _from_environment),
            (f"the block '{_BLOCK}'", "Prefect's API knows no such block", _from_block),
            (_default_name(), "", _default),
        ]
    )


def _from_environment() -> Dhis2Credentials | None:
    given = from_environment(load_settings())
    return None if given is None else Dhis2Credentials(**given)


def _default_name() -> str:
    try:
        live = load_settings().services == "live"
    except ConfigError:
        live = False  # the environment, which is asked first, says what is wrong
    return "the published demo" if live else "the sandbox"


def _default() -> Dhis2Credentials:
    if services.is_deployed():
        raise ConfigError("this deployment has no DHIS2 credentials", hint=_THREE_WAYS, docs=_DOCS)
    if load_settings().services == "live":
        return Dhis2Credentials()
    return Dhis2Credentials(base_url=services.base_url("dhis2"), username="admin", password=SecretStr("district"))


def _from_block() -> Dhis2Credentials | None:
    try:
        # In an async flow too: without `_sync` the answer would be a coroutine there.
        block = cast(Dhis2Credentials, Dhis2Credentials.load(_BLOCK, _sync=True))  # type: ignore[call-arg]
    except ValueError as error:
        if isinstance(error.__cause__, prefect.exceptions.ObjectNotFound):
            return None
        raise _unusable(error) from error
    except prefect.exceptions.PrefectHTTPStatusError as error:
        status = error.response.status_code
        about: dict[str, Any] = {
            "method": error.request.method,
            "url": without_secrets(str(error.request.url)),
            "status": status,
        }
        if status in {401, 403}:
            raise AuthenticationFailed(
                f"Prefect's API refused to give the block '{_BLOCK}' ({status})",
                hint="check PREFECT_API_KEY, PREFECT_API_AUTH_STRING and PREFECT_API_URL",
                **about,
            ) from error
        raise RemoteUnavailable(
            f"Prefect's API cannot give the block '{_BLOCK}' ({status})",
            hint="look at the server's log: a block that cannot be decrypted shows there",
            **about,
        ) from error
    except httpx.RequestError as error:
        raise _unreachable(error) from error
    except RuntimeError as error:
        # Prefect wraps both: an API that it cannot reach, and a block of another schema.
        raise _unreachable(error) if "reach API" in str(error) else _unusable(error) from error
    # A document of another schema would pass as the defaults, and send flows to the demo server.
    if block._block_document_id is not None and "base_url" not in block.model_fields_set:  # noqa: SLF001
        raise _unusable(KeyError("base_url"))
    return block


def _unusable(error: Exception) -> ConfigError:
    return ConfigError(
        f"the block '{_BLOCK}' cannot be used ({type(error).__name__})",
        hint=f'save it again with `Dhis2Credentials(...).save("{_BLOCK}", overwrite=True)`',
        docs=_DOCS,
    )


def _unreachable(error: Exception) -> RemoteUnavailable:
    return RemoteUnavailable(
        f"Prefect's API, which may know the block '{_BLOCK}', cannot be reached ({type(error).__name__})",
        hint="start it or unset PREFECT_API_URL, or set the DHIS2 credentials in the environment",
        docs=_DOCS,
    )
