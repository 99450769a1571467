"""An HTTP API and how to sign in to it, as a block: API key, bearer token, HTTP Basic, OAuth2 client credentials."""

from dataclasses import dataclass, field
from typing import Any, Literal, Self

import httpx
from prefect.blocks.core import Block
from prefect.blocks.system import Secret
from pydantic import Field, HttpUrl, SecretStr, model_validator

from prefect_patterns.errors import ConfigError
from prefect_patterns.http import (
    ApiKeyAuth,
    BasicAuth,
    BearerAuth,
    ClientCredentialsAuth,
    base_address,
    basic_value,
    bearer_value,
    build_client,
    key_value,
)

__all__ = ["AUTH_TYPES", "ApiAuthConfig", "AuthHeader", "build_auth_header"]

AUTH_TYPES = ("api_key", "bearer", "basic", "oauth2")
"""How an API may want to be signed in to."""

_DOCS = "docs/http.md#authentication"
_KEY_NAME = "X-API-Key"
_PAIRS = {"basic": "user:password", "oauth2": "client_id:client_secret"}


@dataclass(frozen=True, slots=True)
class AuthHeader:
    """One header of a request.

    Args:
        header_name: Its name.
        header_value: Its value; not shown.
    """

    header_name: str
    header_value: str = field(repr=False)


class ApiAuthConfig(Block):
    """The address of an HTTP API and how to sign in to it.

    Example:
        Load a stored configuration and ask the API who we are:
        ```python
        from prefect_patterns.blocks import ApiAuthConfig

        config = ApiAuthConfig.load("BLOCK_NAME")
        with config.get_client() as client:
            print(client.get("/me").json())
        ```
    """

    _block_type_name = "api-auth-config"
    _block_type_slug = "api-auth-config"
    _logo_url = Secret._logo_url  # noqa: SLF001 - class attributes of blocks are named so
    _documentation_url = HttpUrl("https://docs.prefect.io/v3/develop/blocks")

    # A text, not an enumeration: what it may be is said by an error of ours.
    auth_type: str = Field(
        description="How to sign in: api_key, bearer, basic or oauth2 (client credentials).",
        json_schema_extra={"enum": list(AUTH_TYPES)},
    )
    base_url: str = Field(description="The API's address, such as https://host/v1; nothing else gets the credentials.")
    credentials: SecretStr | None = Field(
        default=None,
        description="The API key, the token, user:password, or for oauth2 client_id:client_secret.",
    )
    api_key_name: str = Field(default=_KEY_NAME, description="The header or query parameter that takes an API key.")
    api_key_place: Literal["header", "query"] = Field(default="header", description="Where an API key goes.")
    token_url: str | None = Field(default=None, description="Where tokens come from, for oauth2 only.")
    scope: str = Field(default="", description="What the token is to be good for, for oauth2 only.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        wrong = [
            *([] if self.auth_type in AUTH_TYPES else [f"auth_type is {self.auth_type!r}"]),
            *(["oauth2 has no token_url"] if self.auth_type == "oauth2" and not self.token_url else []),
            *([f"{self.auth_type} has a token_url"] if self.auth_type != "oauth2" and self.token_url else []),
            *([f"{self.auth_type} has a scope"] if self.auth_type != "oauth2" and self.scope else []),
            *([f"{self.auth_type} has an api_key_name"] if self._has_key_options() else []),
        ]
        for address in (self.base_url, (self.token_url or self.base_url).partition("?")[0]):
            try:
                base_address(address)
            except ConfigError as error:
                wrong.append(error.what)
        if wrong:
            raise ConfigError(
                f"this API cannot be signed in to: {'; '.join(dict.fromkeys(wrong))}",
                hint=f"use an auth_type of {', '.join(AUTH_TYPES)}, with the fields that belong to it",
                docs=_DOCS,
            )
        return self

    def get_auth(self, credentials: str | SecretStr | None = None, **options: Any) -> httpx.Auth:
        """Return what signs requests to this API, and to nothing else.

        Args:
            credentials: In the place of the block's own.
            options: Further arguments of `http.ClientCredentialsAuth`, for oauth2 only.

        Raises:
            ConfigError: There are no credentials, or not such as this kind takes.
        """
        given = self._given(credentials)
        if options and self.auth_type != "oauth2":
            raise ConfigError(
                f"{self.auth_type} takes no {', '.join(sorted(options))}", hint="leave it out", docs=_DOCS
            )
        if self.auth_type == "api_key":
            return ApiKeyAuth(self.base_url, given, name=self.api_key_name, place=self.api_key_place)
        if self.auth_type == "bearer":
            return BearerAuth(self.base_url, given)
        name, secret = _pair(given, self.auth_type)
        if self.auth_type == "basic":
            return BasicAuth(self.base_url, name, secret)
        return ClientCredentialsAuth(
            self.base_url,
            token_url=str(self.token_url),
            client_id=name,
            client_secret=secret,
            scope=self.scope,
            **options,
        )

    def get_client(self, credentials: str | SecretStr | None = None) -> httpx.Client:
        """Return a client of this API that signs in; close it, or use it in a `with` block.

        Args:
            credentials: In the place of the block's own.

        Raises:
            ConfigError: As `get_auth`.
        """
        return build_client(self.base_url, auth=self.get_auth(credentials))

    def _has_key_options(self) -> bool:
        return self.auth_type != "api_key" and (self.api_key_name, self.api_key_place) != (_KEY_NAME, "header")

    def _given(self, credentials: str | SecretStr | None) -> str:
        found = self.credentials if credentials is None else credentials
        text = found.get_secret_value() if isinstance(found, SecretStr) else found
        if not isinstance(text, str) or not text:
            raise ConfigError(
                f"there are no credentials for the API at {self.base_url}",
                hint=f"give them as a text or a SecretStr: {_PAIRS.get(self.auth_type, 'the key or the token')}",
                docs=_DOCS,
            )
        return text


def build_auth_header(config: ApiAuthConfig, credentials: str | SecretStr | None = None) -> AuthHeader:
    """Return the header that signs a request to the API of *config*.

    Args:
        config: What kind of API it is.
        credentials: The API key, the token, or user:password; None takes those of *config*.

    Raises:
        ConfigError: There are none, they cannot be sent, or this kind of API is not signed in to by a fixed header:
            an API key in the query, OAuth2.

    >>> build_auth_header(ApiAuthConfig(auth_type="bearer", base_url="https://api.test"), "t0ken").header_value
    'Bearer t0ken'
    """
    if config.auth_type == "oauth2" or config.api_key_place == "query":
        why = "its tokens end" if config.auth_type == "oauth2" else "its key goes into the query"
        raise ConfigError(
            f"the API at {config.base_url} is not signed in to by a fixed header: {why}",
            hint="use config.get_client(), or config.get_auth() with a client of your own",
            docs=_DOCS,
        )
    given = config._given(credentials)  # noqa: SLF001 - of this module
    if config.auth_type == "api_key":
        return AuthHeader(config.api_key_name, key_value(given))
    if config.auth_type == "bearer":
        return AuthHeader("Authorization", bearer_value(given))
    return AuthHeader("Authorization", basic_value(*_pair(given, "basic")))


def _pair(credentials: str, auth_type: str) -> tuple[str, str]:
    name, colon, secret = credentials.partition(":")
    if not colon:
        raise ConfigError(
            f"the credentials for {auth_type} have no colon",
            hint=f"write them as {_PAIRS[auth_type]}",
            docs=_DOCS,
        )
    return name, secret
