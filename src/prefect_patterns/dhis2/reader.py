"""What the parts of the client share: the way to the server, and what it says of itself."""

from typing import Any

from prefect_patterns.dhis2.connection import Connection
from prefect_patterns.errors import UnexpectedAnswer

__all__ = ["Reader"]


class Reader:
    """One server, read as one user: the base of the parts that make `Dhis2Client`."""

    _connection: Connection
    _page_size: int | None
    _max_workers: int

    @property
    def base_url(self) -> str:
        """The server's address, without a slash at its end and without `/api`."""
        return self._connection.server.base_url

    @property
    def username(self) -> str | None:
        """The user it is read as; None when only an access token says it."""
        return self._connection.server.identity.username

    @property
    def version(self) -> tuple[int, ...]:
        """The server's version, as `(2, 43, 1)`; asked once, also by many threads."""
        return self._connection.version(lambda: str(self.get_server_info().get("version", "")))

    def close(self) -> None:
        """Close the connection; a later call opens it again."""
        self._connection.close()

    def get_server_info(self) -> dict[str, Any]:
        """Return what the server says of itself: `version`, `systemName`, `serverDate` and more."""
        return self._object("system/info", prompt=True)

    def me(self) -> dict[str, Any]:
        """Return the user it is read as: `username`, `authorities`, `organisationUnits` and more."""
        return self._object("me", prompt=True)

    def _object(self, path: str, params: dict[str, Any] | None = None, *, prompt: bool = False) -> dict[str, Any]:
        value = self._connection.get(path, params, prompt=prompt)
        if not isinstance(value, dict):
            raise UnexpectedAnswer(
                f"{self._connection.server} did not answer /api/{path} with an object",
                hint="check that PATTERNS_DHIS2_URL is the address of a DHIS2 server",
                method="GET",
                url=f"{self.base_url}/api/{path}",
                status=200,
            )
        return value
