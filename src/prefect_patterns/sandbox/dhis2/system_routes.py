"""The endpoints about the server, its settings and the user."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from prefect_patterns.sandbox.dhis2.answers import HEADERS, NO_STORE, Refusal, answer, envelope
from prefect_patterns.sandbox.dhis2.fields import parse_fields, select
from prefect_patterns.sandbox.dhis2.formats import negotiated
from prefect_patterns.sandbox.dhis2.settings import user_settings
from prefect_patterns.sandbox.dhis2.site import Site, user_of
from prefect_patterns.sandbox.dhis2.system import me, system_info

__all__ = ["system_routes"]

_FILES = ("logo_banner", "logo_front", "logo_mobile")


def system_routes(site: Site) -> list[Route]:
    """Return the routes of `/api/system`, `/api/me`, `/api/systemSettings` and `/api/staticContent`."""
    api = _SystemApi(site)
    return [
        *negotiated("/api/system/info", {"json": api.info}),
        Route("/api/system/ping", api.ping, methods=["GET"]),
        *negotiated("/api/me", {"json": api.user}),
        Route("/api/me/dashboard", api.dashboard, methods=["GET"]),
        Route("/api/me/authorities", api.authorities, methods=["GET"]),
        Route("/api/me/authorities/{name}", api.has_authority, methods=["GET"]),
        Route("/api/me/settings", api.user_settings, methods=["GET"]),
        Route("/api/me/settings/{key}", api.user_setting, methods=["GET"]),
        *negotiated("/api/systemSettings", {"json": api.settings}),
        *negotiated("/api/systemSettings/{key}", {"json": api.setting, "txt": api.setting_as_text}),
        Route("/api/staticContent/{key}", api.static_file, methods=["GET"]),
    ]


class _SystemApi:
    def __init__(self, site: Site) -> None:
        self._site = site
        self._release = site.release

    def info(self, request: Request) -> Response:
        found = system_info(request, self._site, user_of(request))
        return answer(self._selected(request, found), cache=NO_STORE)

    def ping(self, _request: Request) -> Response:
        return PlainTextResponse("pong", headers={**HEADERS, "cache-control": NO_STORE})

    def user(self, request: Request) -> Response:
        return answer(self._selected(request, me(self._site, user_of(request))), cache=None)

    def _selected(self, request: Request, found: dict[str, object]) -> object:
        wanted = ",".join(request.query_params.getlist("fields")) or "*"
        return select(self._site.metadata, "", found, parse_fields(wanted))

    def dashboard(self, _request: Request) -> Response:
        body = {"unreadInterpretations": 42, "unreadMessageConversations": self._release.unread_messages}
        response = answer(body, cache=NO_STORE)
        response.headers["content-type"] = "application/json;charset=UTF-8"
        return response

    def authorities(self, request: Request) -> Response:
        return answer(list(user_of(request).authorities), cache=NO_STORE)

    def has_authority(self, request: Request) -> Response:
        user = user_of(request)
        return answer(user.is_super or request.path_params["name"] in user.authorities, cache=NO_STORE)

    def user_settings(self, _request: Request) -> Response:
        return answer(user_settings(self._site.settings), cache=NO_STORE)

    def user_setting(self, request: Request) -> Response:
        key, known = request.path_params["key"], user_settings(self._site.settings)
        if key not in known:
            raise Refusal(409, f"Key is not supported: {key}")
        return answer(known[key], cache=NO_STORE)

    def settings(self, request: Request) -> Response:
        wanted = [key for text in request.query_params.getlist("key") for key in text.split(",")]
        known = self._site.settings
        return self._settings({key: known[key] for key in wanted if key in known} if wanted else known)

    def setting(self, request: Request) -> Response:
        key = request.path_params["key"]
        return self._settings({key: self._value(key)})

    def setting_as_text(self, request: Request) -> Response:
        value = self._value(request.path_params["key"])
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return PlainTextResponse(text, headers={**HEADERS, "cache-control": self._release.settings_cache})

    def _value(self, key: str) -> object:
        if key not in self._site.settings:
            raise Refusal(404, "Setting does not exist or is marked as confidential", "E1005")
        return self._site.settings[key]

    def _settings(self, found: dict[str, object]) -> Response:
        response = answer(found, cache=self._release.settings_cache)
        response.headers["content-type"] = self._release.settings_type
        return response

    def static_file(self, request: Request) -> Response:
        known = request.path_params["key"] in _FILES
        response = envelope(Refusal(404, "No custom file found." if known else "Key does not exist."))
        if self._release.file_cache is not None:
            response.headers["cache-control"] = self._release.file_cache
        return response
