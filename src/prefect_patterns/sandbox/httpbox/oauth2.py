"""OAuth2 client credentials (RFC 6749, 4.4): where tokens come from, and a resource behind them (RFC 6750)."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request
from starlette.responses import Response

from prefect_patterns.clock import SYSTEM, Clock
from prefect_patterns.sandbox.httpbox.demo import Demo
from prefect_patterns.sandbox.httpbox.doors import REALM, basic_credentials, bearer_token, challenge, same
from prefect_patterns.sandbox.httpbox.problems import Problem, answer, body_of, number

__all__ = ["SCOPES", "OAuth2"]

SCOPES = ("read", "write")
"""What a client may ask for; a request without scope gets `read`."""

_KEPT = 10_000
_LARGEST = 64 * 1024


class _Refused(Exception):
    """An error of RFC 6749, 5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error, description)
        self.error = error
        self.description = description


@dataclass(slots=True)
class _Token:
    name: str
    client: str
    scope: str
    ends: float
    uses: int = 0


class OAuth2:
    """Gives tokens to one client, takes them back, and answers to who brings one.

    Args:
        lifetime: Seconds that a token is good for, unless its request says otherwise.
        new_token: Makes the tokens.
    """

    def __init__(
        self,
        demo: Demo,
        *,
        lifetime: float = 3600,
        clock: Clock = SYSTEM,
        new_token: Callable[[], str] = lambda: secrets.token_urlsafe(24),
    ) -> None:
        self._demo = demo
        self._lifetime = float(lifetime)
        self._clock = clock
        self._new_token = new_token
        self._tokens: OrderedDict[str, _Token] = OrderedDict()

    async def token(self, request: Request) -> Response:
        """Give a token: POST a form with `grant_type=client_credentials`, perhaps with `scope`.

        The client names itself by HTTP Basic or by `client_id` and `client_secret` in the form. The query parameter
        `lifetime`, which is none of the standard, sets the seconds that the token is good for.
        """
        lifetime = number(request, "lifetime", self._lifetime, least=0.1, most=86_400)
        try:
            form = await self._form(request)
            client = self._client(request, form)
            grant = form.get("grant_type")
            if not grant:
                raise _Refused("invalid_request", "grant_type is missing")
            if grant != "client_credentials":
                raise _Refused("unsupported_grant_type", "only client_credentials is supported")
            scopes = form.get("scope", SCOPES[0]).split(" ")
            if not all(scope in SCOPES for scope in scopes):
                raise _Refused("invalid_scope", f"the scopes are {' and '.join(SCOPES)}")
        except _Refused as refused:
            return _refusal(refused)
        value = self._new_token()
        scope = " ".join(dict.fromkeys(scopes))
        self._tokens[_digest(value)] = _Token(_digest(value)[:12], client, scope, self._clock.monotonic() + lifetime)
        if len(self._tokens) > _KEPT:
            self._tokens.popitem(last=False)
        seconds = int(lifetime) if lifetime.is_integer() else lifetime
        given = {"access_token": value, "token_type": "Bearer", "expires_in": seconds, "scope": scope}
        return answer(given, headers={"pragma": "no-cache"})

    async def revoke(self, request: Request) -> Response:
        """Take a token back (RFC 7009): POST a form with `token`; one that does not exist is as good as taken back."""
        try:
            form = await self._form(request)
            client = self._client(request, form)
            if not form.get("token"):
                raise _Refused("invalid_request", "token is missing")
        except _Refused as refused:
            return _refusal(refused)
        digest = _digest(form["token"])
        if digest in self._tokens and self._tokens[digest].client == client:
            del self._tokens[digest]
        return answer({})

    async def resource(self, request: Request) -> Response:
        """Let the holder of a valid token in: GET needs the scope `read`, POST `write`.

        The answer names the token by a hash, and says how often it was used.
        """
        known = self._tokens.get(_digest(bearer_token(request)))
        if known is None or known.ends <= self._clock.monotonic():
            detail = "The token is unknown, has expired or was revoked"
            raise Problem(401, f"{detail}.", headers=challenge("Bearer", "invalid_token", detail))
        needed = "write" if request.method == "POST" else "read"
        if needed not in known.scope.split():
            detail = f"This needs the scope {needed}"
            headers = challenge("Bearer", "insufficient_scope", detail, scope=needed)
            raise Problem(403, f"{detail}.", headers=headers)
        known.uses += 1
        return answer(
            {"method": "oauth2", "subject": known.client, "scope": known.scope, "token": known.name, "uses": known.uses}
        )

    async def _form(self, request: Request) -> dict[str, str]:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        body = await body_of(request, most=_LARGEST)
        if kind != "application/x-www-form-urlencoded":
            raise _Refused("invalid_request", "the body must be application/x-www-form-urlencoded")
        try:
            pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=100)
        except ValueError:
            raise _Refused("invalid_request", "the body is no form in UTF-8") from None
        names = [name for name, _ in pairs]
        if len(names) != len(set(names)):
            raise _Refused("invalid_request", "a parameter is given twice")
        return {name: value for name, value in pairs if value}  # without a value is as not given: 3.2

    def _client(self, request: Request, form: dict[str, str]) -> str:
        in_form = "client_secret" in form
        if "authorization" in request.headers and in_form:
            raise _Refused("invalid_request", "the client names itself in two ways")
        found = (form.get("client_id", ""), form["client_secret"]) if in_form else _from_header(request)
        if found is None:
            raise _Refused("invalid_client", "the client does not name itself")
        client, secret = found
        if not (same(client, self._demo.client_id) and same(secret, self._demo.client_secret)):
            raise _Refused("invalid_client", "the client is unknown or its secret is wrong")
        if form.get("client_id", client) != client:
            raise _Refused("invalid_request", "the client has two names")
        return client


def _from_header(request: Request) -> tuple[str, str] | None:
    found = basic_credentials(request)
    return (unquote_plus(found[0]), unquote_plus(found[1])) if found else None  # encoded before Basic: 2.3.1


def _refusal(refused: _Refused) -> Response:
    body = {"error": refused.error, "error_description": refused.description}
    if refused.error == "invalid_client":
        return answer(body, 401, {"pragma": "no-cache", "www-authenticate": f"Basic {REALM}"})
    return answer(body, 400, {"pragma": "no-cache"})


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
