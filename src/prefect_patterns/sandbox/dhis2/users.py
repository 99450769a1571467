"""The sandbox's users and the API tokens of theirs: a superuser, one who sees a single district, and those kept out."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["ADMIN", "GUEST", "ISSUED", "TOKENS", "USERS", "Token", "User", "api_token", "checksum_is_right"]

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_FORMS = {"d2pat_": (32, 10), "d2p_": (44, 6)}


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who has an account.

    Args:
        id: The uid.
        username: For HTTP Basic.
        password: Too; the whole world knows it, the server is on loopback.
        first_name: The first name.
        surname: The family name.
        authorities: What the user may do; `ALL` is a superuser.
        units: The uids of the user's organisation units.
        role: The uid of the user's role.
        group: The uid of the user's group.
        kept_out: Why the user cannot log in; None when they can.
    """

    id: str
    username: str
    password: str
    first_name: str
    surname: str
    authorities: tuple[str, ...]
    units: tuple[str, ...]
    role: str
    group: str
    kept_out: str | None = None

    @property
    def is_super(self) -> bool:
        """Whether the user may do everything."""
        return "ALL" in self.authorities


_PASSWORD = "district"  # noqa: S105 - the demo's, published by DHIS2
_MAY = ("F_EXPORT_DATA", "F_VIEW_EVENT_ANALYTICS", "M_dhis-web-dashboard")

ADMIN = User(
    "GOLswS44mh8", "admin", _PASSWORD, "Tom", "Wakiki", ("ALL",), ("ImspTQPwCqd",), "yrB6vc5Ip3r", "wl5cDMuUhmF"
)
GUEST = User(
    "SdGuestUser", "guest", _PASSWORD, "Aminata", "Kamara", _MAY, ("O6uvpzGd5pu",), "SdGuestRole", "SdGuestGrup"
)
_LOCKED = User(
    "SdLockdUser", "locked", _PASSWORD, "Lansana", "Conteh", _MAY, ("O6uvpzGd5pu",), "SdGuestRole", "SdGuestGrup",
    "Account locked",
)  # fmt: skip
_DISABLED = User(
    "SdDisabUser", "disabled", _PASSWORD, "Fatmata", "Sesay", _MAY, ("O6uvpzGd5pu",), "SdGuestRole", "SdGuestGrup",
    "Account disabled",
)  # fmt: skip

USERS: Mapping[str, User] = MappingProxyType({user.username: user for user in (ADMIN, GUEST, _LOCKED, _DISABLED)})
"""By username."""


@dataclass(frozen=True, slots=True)
class Token:
    """What the server knows of a personal access token.

    Args:
        owner: The user whose rights it gives.
        expired: Whether its time is over.
        methods: The HTTP methods that it is good for; empty for all.
        addresses: The addresses that it is good from; empty for all.
        referrers: The Referer headers that it is good with, in lower case; empty for all.
    """

    owner: User
    expired: bool = False
    methods: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    referrers: frozenset[str] = frozenset()


def api_token(code: str) -> str:
    """Return the token with this *code*: of 32 letters and digits a `d2pat_` one, of 44 a `d2p_` one.

    A token ends in the CRC32 of its code, in ten decimal digits or in six digits to base 62.

    Raises:
        ValueError: The code has another length.

    >>> api_token("apheulkR1x7ac8vr9vcxrFkXlgeRiFc9")
    'd2pat_apheulkR1x7ac8vr9vcxrFkXlgeRiFc94200032556'
    """
    prefix = next((prefix for prefix, (length, _) in _FORMS.items() if length == len(code)), None)
    if prefix is None:
        raise ValueError(f"a token's code has 32 or 44 characters, not {len(code)}")
    return f"{prefix}{code}{_checksums(code)[0]}"


def checksum_is_right(token: str) -> bool | None:
    """Say whether the checksum of *token* is right; None when it has not the form of a token.

    >>> checksum_is_right("d2pat_apheulkR1x7ac8vr9vcxrFkXlgeRiFc94200032556"), checksum_is_right("d2pat_short")
    (True, None)
    """
    prefix = next((prefix for prefix in _FORMS if token.startswith(prefix)), None)
    if prefix is None:
        return None
    length, check = _FORMS[prefix]
    rest = token.removeprefix(prefix)
    if len(rest) != length + check or not (rest.isascii() and rest.isalnum()):
        return None
    return rest[length:] in _checksums(rest[:length])


def _checksums(code: str) -> tuple[str, ...]:
    """Return the checksums that the server takes for *code*, the one that it gives first."""
    plain = zlib.crc32(code.encode())
    if len(code) == _FORMS["d2pat_"][0]:
        return (f"{plain:010d}",)
    # The server sums up a buffer that is a tenth longer than the text: four zero bytes follow the code.
    padded = zlib.crc32(code.encode() + bytes(4))
    return _base_62(padded), _base_62(plain)


def _base_62(number: int) -> str:
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    return digits


_ISSUED: Mapping[str, tuple[str, Token]] = {
    "admin": ("SandboxTokenOfTheAdministrator01", Token(ADMIN)),
    "admin_v2": ("SandboxTokenOfTheAdministratorInTheNewForm02", Token(ADMIN)),
    "guest": ("SandboxTokenOfTheGuestOfOneDist3", Token(GUEST)),
    "expired": ("SandboxTokenThatExpiredLongAgo04", Token(ADMIN, expired=True)),
    "disabled": ("SandboxTokenOfADisabledUserHere5", Token(_DISABLED)),
    "get_only": ("SandboxTokenForGetRequestsOnly06", Token(ADMIN, methods=frozenset({"GET"}))),
    "post_only": ("SandboxTokenForPostRequestsOnly7", Token(ADMIN, methods=frozenset({"POST"}))),
    "other_address": ("SandboxTokenForAnotherAddress008", Token(ADMIN, addresses=frozenset({"192.0.2.1"}))),
    "referrer": ("SandboxTokenForOneReferrerOnly09", Token(ADMIN, referrers=frozenset({"https://example.org"}))),
}

ISSUED: Mapping[str, Token] = MappingProxyType({api_token(code): token for code, token in _ISSUED.values()})
"""By the token's text."""

TOKENS: Mapping[str, str] = MappingProxyType(
    {name: api_token(code) for name, (code, _) in _ISSUED.items()}
    | {
        "unknown": api_token("SandboxTokenThatNobodyEverGave10"),
        "wrong_checksum": f"d2pat_SandboxTokenWithAWrongChecksum11{0:010d}",
        "malformed": "d2pat_short",
    }
)
"""Tokens to try, by what is special about them; `admin` is the one to use."""
