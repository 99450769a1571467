"""Run the contract against a server: a few dozen small requests, all of them reading, four at a time."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Self

import httpx

from prefect_patterns.clock import SYSTEM, Clock
from prefect_patterns.dhis2.client import Dhis2Client
from prefect_patterns.dhis2.identity import Identity
from prefect_patterns.dhis2.preflight.contract import Answer, Ask, Check, Facts, Finding, Judged, differs, skipped
from prefect_patterns.dhis2.preflight.data_checks import DATA_CHECKS
from prefect_patterns.dhis2.preflight.metadata_checks import METADATA_CHECKS
from prefect_patterns.dhis2.preflight.transport_checks import ETAG_QUERY, TRANSPORT_CHECKS
from prefect_patterns.dhis2.versions import parse_version
from prefect_patterns.errors import AuthenticationFailed, RemoteUnavailable, UnexpectedAnswer
from prefect_patterns.http import Retries, build_client, connection_failure, without_secrets

__all__ = ["CHECKS", "RELEASES", "Contract", "run_contract"]

CHECKS: tuple[Check, ...] = (*TRANSPORT_CHECKS, *METADATA_CHECKS, *DATA_CHECKS)
"""What our client relies on."""
RELEASES = (40, 41, 42, 43)
"""The releases whose behaviour is known: 40 is DHIS2 2.40."""

_LARGEST = 5_000_000
_LATER = frozenset({429, 502, 503, 504})
_WORKERS = 4
_DATA_SETS = 5
_NUMBERS = "NUMBER,INTEGER,INTEGER_POSITIVE,INTEGER_ZERO_OR_POSITIVE"


@dataclass(frozen=True, slots=True)
class Contract:
    """The contract and a server.

    Args:
        version: As the server says it.
        release: The release whose behaviour was expected: the nearest of `RELEASES`.
        findings: One for each check, in the order of `CHECKS`.
    """

    address: str
    version: str
    release: int
    findings: tuple[Finding, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The version as numbers."""
        return parse_version(self.version)

    @property
    def is_kept(self) -> bool:
        """Whether nothing differs; what was skipped says nothing."""
        return all(finding.state != "differs" for finding in self.findings)


def run_contract(
    base_url: str,
    username: str | None = None,
    password: str | None = None,
    *,
    token: str | None = None,
    checks: Sequence[Check] = CHECKS,
    on_done: Callable[[Finding], None] = lambda _: None,
    transport: httpx.BaseTransport | None = None,
    clock: Clock = SYSTEM,
) -> Contract:
    """Return what each check finds on a server; nothing is written there.

    Args:
        on_done: Called after each check, in the order in which they end.

    Raises:
        RemoteError: The server does not answer at all, or refuses the credentials.
        UnexpectedAnswer: It does not say that it is a DHIS2.
    """
    patience = Retries(retries=2)
    with Dhis2Client(
        base_url, username, password, token=token, retries=patience, transport=transport, clock=clock
    ) as client:
        info, me = client.get_server_info(), client.me()
        address = client.base_url
    version = str(info.get("version") or "")
    numbers = parse_version(version)
    if len(numbers) < 2 or numbers[0] != 2:
        raise UnexpectedAnswer(
            f"DHIS2 at {address} gives {version!r} as its version", hint="check that the address is a DHIS2 server"
        )
    release = min(max(numbers[1], RELEASES[0]), RELEASES[-1])
    with _Session(address, Identity.of(username, password, token), patience, transport, clock) as session:
        facts = _facts(session, numbers, release, info, me, clock)
        findings: dict[int, Finding] = {}
        with ThreadPoolExecutor(_WORKERS, thread_name_prefix="preflight") as pool:
            try:
                waiting: dict[Future[Finding], int] = {
                    pool.submit(_look, check, facts, session): number for number, check in enumerate(checks)
                }
                for done in as_completed(waiting):
                    findings[waiting[done]] = done.result()
                    on_done(done.result())
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return Contract(address, version, release, tuple(findings[number] for number in sorted(findings)))


def _look(check: Check, facts: Facts, session: "_Session") -> Finding:
    judged = _judged(check, facts, session)
    return Finding(check.name, judged.state, judged.seen, check.why)


def _judged(check: Check, facts: Facts, session: "_Session") -> Judged:
    asks = check.asks(facts)
    if not asks:
        return skipped("the user sees nothing on the server that it could be tried on")
    try:
        answers = [session.ask(ask) for ask in asks]
    except _TooLarge:
        return skipped(f"the answer is larger than {_LARGEST // 1_000_000} MB")
    if forbidden := [answer for answer in answers if answer.status == 403]:
        return skipped(f"no permission: {forbidden[0]}")
    try:
        return check.judge(facts, answers)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return differs(f"{answers[0]}, of a shape that no DHIS2 has")


def _facts(
    session: "_Session", version: tuple[int, ...], release: int, info: dict[str, Any], me: dict[str, Any], clock: Clock
) -> Facts:
    listed = session.ask(Ask("organisationUnits", ETAG_QUERY))
    unit = next(iter(listed.rows("organisationUnits")), {})
    seen = [*_ids(me.get("dataViewOrganisationUnits")), *_ids(me.get("organisationUnits")), ""]
    try:
        today = date.fromisoformat(str(info.get("serverDate"))[:10])
    except ValueError:
        today = clock.now().date()
    value = _value(session, seen[0], today) if seen[0] else {}
    numeric = [("filter", "domainType:eq:AGGREGATE"), ("filter", "aggregationType:eq:SUM")]
    numeric += [("filter", f"valueType:in:[{_NUMBERS}]"), ("fields", "id"), ("pageSize", "1")]
    if value:
        numeric.append(("filter", f"dataSetElements.dataSet.id:eq:{value['dataSet']}"))
    element = next(iter(_ids(session.ask(Ask("dataElements", tuple(numeric))).get("dataElements"))), "")
    level = unit.get("level")
    return Facts(
        version,
        release,
        unit=str(unit.get("id") or ""),
        level=level if isinstance(level, int) else 1,
        parent=next(iter(_ids([unit.get("parent")])), str(unit.get("id") or "")),
        root=seen[0],
        element=element,
        value=value,
        etag=listed.headers.get("etag", ""),
    )


def _value(session: "_Session", root: str, today: date) -> dict[str, str]:
    """Return one value below *root*, with the data set that it was asked by; empty when there is none."""
    since = (("startDate", str(today - timedelta(days=365))), ("endDate", str(today)))
    sets = session.ask(Ask("dataSets", (("fields", "id"), ("pageSize", str(_DATA_SETS))))).get("dataSets")
    for data_set in _ids(sets):
        below = (("dataSet", data_set), ("orgUnit", root), ("children", "true"), ("limit", "1"), *since)
        answer = session.ask(Ask("dataValueSets", below))
        for row in answer.rows("dataValues"):
            whole = {**(answer.json or {}), **row}
            if isinstance(whole.get("period"), str) and isinstance(whole.get("orgUnit"), str):
                return {"dataSet": data_set, "period": whole["period"], "orgUnit": whole["orgUnit"]}
    return {}


def _ids(objects: object) -> list[str]:
    found = [each.get("id") for each in objects if isinstance(each, dict)] if isinstance(objects, list) else []
    return [key for key in found if isinstance(key, str)]


class _TooLarge(Exception):
    """The answer is larger than a check needs."""


class _Session:
    """Asks, each question once, with and without the credentials."""

    def __init__(
        self, address: str, identity: Identity, retries: Retries, transport: httpx.BaseTransport | None, clock: Clock
    ) -> None:
        self._address = address
        self._stack = ExitStack()
        options: dict[str, Any] = {"retries": retries, "transport": transport, "clock": clock}
        accept = {"Accept": "application/json"}
        self._clients = {
            True: build_client(f"{address}/api/", auth=identity.auth, headers=accept, **options),
            False: build_client(f"{address}/api/", headers={"Accept": "text/html, application/json"}, **options),
        }
        self._answers: dict[Ask, Future[Answer]] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        for client in self._clients.values():
            self._stack.enter_context(client)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def ask(self, ask: Ask) -> Answer:
        """Return the answer to a question; the same question is asked once, also by several threads.

        Raises:
            RemoteUnavailable: The server cannot answer now.
        """
        with self._lock:
            ours = ask not in self._answers
            future = self._answers.setdefault(ask, Future())
        if ours:
            try:
                future.set_result(self._send(ask))
            except BaseException as error:
                future.set_exception(error)
                raise
        return future.result()

    def _send(self, ask: Ask) -> Answer:
        with self._failures():
            query = httpx.QueryParams(list(ask.params))
            with self._clients[ask.signed].stream("GET", ask.path, params=query, headers=dict(ask.headers)) as response:
                body = b""
                for piece in response.iter_bytes():
                    body += piece
                    if len(body) > _LARGEST:
                        raise _TooLarge
        about: dict[str, Any] = {
            "method": "GET",
            "url": without_secrets(str(response.url)),
            "status": response.status_code,
        }
        if response.status_code in _LATER:
            raise RemoteUnavailable(
                f"DHIS2 at {self._address} cannot answer /api/{ask.path} now ({response.status_code})",
                hint="try again later, when fewer use it",
                **about,
            )
        if ask.signed and response.status_code == 401:
            raise AuthenticationFailed(
                f"DHIS2 at {self._address} no longer accepts the credentials (401)", hint="log in again", **about
            )
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, body)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except httpx.RequestError as error:
            raise connection_failure(
                error, service=f"DHIS2 at {self._address}", hint="check the address and that the server runs"
            ) from error
