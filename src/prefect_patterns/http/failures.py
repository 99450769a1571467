"""What a connection that failed says, in words of ours."""

import socket
import ssl

import httpx

from prefect_patterns.errors import RemoteUnavailable
from prefect_patterns.http.urls import without_secrets

__all__ = ["connection_failure"]


def connection_failure(error: httpx.RequestError, *, service: str, hint: str = "", docs: str = "") -> RemoteUnavailable:
    """Return the error that says why no whole answer came.

    Args:
        service: Who was asked, with the address, as `DHIS2 at https://host`.
        hint: What to do, where the reason suggests nothing better.

    >>> print(connection_failure(httpx.ReadError("reset"), service="DHIS2 at http://127.0.0.1:1"))
    DHIS2 at http://127.0.0.1:1 broke off its answer. Try: try again; if it stays so, ask for less at once
    """
    what, better_hint = _reason(error)
    try:
        method, url = error.request.method, without_secrets(str(error.request.url))
    except RuntimeError:  # httpx: raised outside a request
        method, url = "", ""
    return RemoteUnavailable(f"{service} {what}", hint=better_hint or hint, docs=docs, method=method, url=url)


def _reason(error: httpx.RequestError) -> tuple[str, str]:
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return "shows a certificate that this machine does not trust", "set SSL_CERT_FILE to its authority's file"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "does not speak TLS as this machine does", "check whether the address starts with https or http"
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "cannot be found: its host name is unknown", ""
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "does not answer (connection refused)", ""
    match error:
        case httpx.ConnectTimeout():
            return "does not answer (no connection in time)", ""
        case httpx.PoolTimeout():
            return "has no connection left for this request", "raise max_connections, or end the answers that are open"
        case httpx.TimeoutException():
            return "is late: no answer in time", "try again later, or ask for less at once"
        case httpx.ProxyError():
            return "cannot be reached: the proxy refused", "check HTTP_PROXY, HTTPS_PROXY and NO_PROXY"
        case httpx.ConnectError():
            return "cannot be reached", ""
        case _:
            return "broke off its answer", "try again; if it stays so, ask for less at once"


def _causes(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain
