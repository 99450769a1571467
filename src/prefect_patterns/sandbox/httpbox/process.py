"""httpbox from outside: a child process, its address, and the faults it is told to have."""

import base64
import binascii
from typing import ClassVar

from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.httpbox.demo import DEMO
from prefect_patterns.sandbox.process import SandboxProcess

__all__ = ["HttpBox"]

_DOCS = "docs/sandbox.md#httpbox"


class HttpBox(SandboxProcess):
    """A small HTTP service on this machine, for as long as the block lasts; `GET /` lists what it has.

    Args:
        port: The service's port on 127.0.0.1; 0 takes a free one.
        seed: Of the files and the collection.
        webhook_secret: What the inbox expects webhooks to be signed with: `whsec_` and Base64.
        token_lifetime: Seconds that an access token is good for, unless the token request says otherwise.
        start_timeout: Seconds until the server must answer.

    Raises:
        UsageError: An argument cannot be.
        LocalError: On entering: the port is taken, or the process did not start.

    >>> HttpBox(port=70_000)
    Traceback (most recent call last):
    prefect_patterns.errors.UsageError: 70000 is not a port. Try: give a number from 0 (a free one) to 65535
    """

    service: ClassVar[str] = "httpbox"
    module: ClassVar[str] = "prefect_patterns.sandbox.httpbox"
    version: ClassVar[str] = "1"
    username: ClassVar[str] = DEMO.username
    password: ClassVar[str] = DEMO.password

    def __init__(
        self,
        *,
        port: int = 0,
        seed: int = 0,
        webhook_secret: str = DEMO.webhook_secret,
        token_lifetime: float = 3600,
        start_timeout: float = 30.0,
    ) -> None:
        if not _is_secret(webhook_secret):
            raise UsageError(
                "the webhook secret is not one of Standard Webhooks", hint="write whsec_ and Base64", docs=_DOCS
            )
        if not 0 < token_lifetime <= 86_400:
            raise UsageError(f"a token cannot live {token_lifetime} s", hint="give 1 to 86400 seconds", docs=_DOCS)
        config = {"seed": seed, "webhook_secret": webhook_secret, "token_lifetime": token_lifetime}
        super().__init__(config, port=port, start_timeout=start_timeout)


def _is_secret(text: str) -> bool:
    try:
        return bool(base64.b64decode(text.removeprefix("whsec_"), validate=True))
    except (binascii.Error, ValueError):
        return False
