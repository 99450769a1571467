"""Whom httpbox knows: made-up credentials that everybody may know, since the server listens on this machine only."""

from dataclasses import dataclass

__all__ = ["DEMO", "Demo"]


@dataclass(frozen=True, slots=True)
class Demo:
    """What each of httpbox's doors opens to.

    Args:
        username: Of HTTP Basic.
        password: Of that user.
        api_key: In the header `X-API-Key` or the query parameter `api_key`.
        bearer_token: A token that does not expire.
        client_id: Of the OAuth2 client.
        client_secret: Of that client.
        webhook_secret: What webhooks are signed with, as Standard Webhooks writes it.
    """

    username: str = "demo"
    password: str = "open sesame"  # noqa: S105
    api_key: str = "key-4f1c9a7e52"
    bearer_token: str = "static-8b3e6d0f17"  # noqa: S105
    client_id: str = "pipeline"
    client_secret: str = "s3cret: with/every+sign & more"  # noqa: S105 - what a client has to encode
    webhook_secret: str = "whsec_aHR0cGJveCBzaWducyB3aXRoIHRoaXM="  # noqa: S105


DEMO = Demo()
"""The credentials of every httpbox."""
