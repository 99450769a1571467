import json

import httpx
import pytest

from prefect_patterns.dhis2.preflight import CHECKS, run_contract
from prefect_patterns.dhis2.preflight.contract import Answer, Facts
from prefect_patterns.errors import AuthenticationFailed, RemoteUnavailable, UnexpectedAnswer
from prefect_patterns.testing import FakeClock

BY_NAME = {check.name: check for check in CHECKS}


def contract_of(sandbox, **more):
    return run_contract(sandbox.url, sandbox.username, sandbox.password, clock=FakeClock(), **more)


def states(contract):
    return {finding.check: finding.state for finding in contract.findings if finding.state != "holds"}


@pytest.mark.service
@pytest.mark.parametrize("version", ["40", "41", "42", "43"])
def test_each_release_of_the_sandbox_keeps_the_whole_contract(dhis2_sandbox_of, version):
    contract = contract_of(dhis2_sandbox_of(version))
    assert states(contract) == {}
    assert (contract.release, len(contract.findings), contract.is_kept) == (int(version), len(CHECKS), True)


@pytest.mark.service
def test_what_tells_the_releases_apart_differs_where_another_is_expected(dhis2_sandbox_of, monkeypatch):
    sandbox = dhis2_sandbox_of("43")
    from prefect_patterns.dhis2.preflight import run

    facts = run._facts
    monkeypatch.setattr(run, "_facts", lambda session, _version, _release, *rest: facts(session, (2, 40, 8), 40, *rest))
    assert set(states(contract_of(sandbox))) == {
        "without credentials: to the login page",
        "operator ieq from 2.41 on",
        "operator !empty from 2.42 on",
        "an id that cannot be one: 404, from 2.42 on 405",
        "errors of analytics.csv are text under a good status",
        "what values share is in each row, from 2.43 on the envelope",
    }


@pytest.mark.service
@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ({"path": "/api/organisationUnits.geojson", "status": 500}, "the level of a feature is a text"),
        (
            {"path": "/api/organisationUnits", "query": "noSuchField", "status": 400},
            "unknown fields are dropped without a word",
        ),
        (
            {"path": "/api/analytics.csv", "status": 200, "body": "Data,Value"},
            "errors of analytics.csv are text under a good status",
        ),
        (
            {"path": "/api/analytics", "query": ";noSuchItem0", "truncate_after": 20},
            "unknown items are dropped without a word",
        ),
        ({"path": "/api/dataValueSets", "query": "^$", "status": 200}, "data values without a data set are refused"),
        ({"path": "/api/organisationUnits/zzZZzzZZzz0", "login_page": True}, "an id that nothing has: 404 E1005"),
    ],
)
def test_a_server_that_does_something_else_is_found_out(dhis2_sandbox, fault, check):
    dhis2_sandbox.fault(**fault)
    contract = contract_of(dhis2_sandbox)
    assert states(contract)[check] == "differs"
    assert not contract.is_kept


@pytest.mark.service
def test_a_check_that_is_forbidden_is_skipped(dhis2_sandbox):
    body = json.dumps({"status": "ERROR", "errorCode": "E1006", "message": "no"})
    dhis2_sandbox.fault("/api/analytics", status=403, body=body, headers={"Content-Type": "application/json"})
    skipped = states(contract_of(dhis2_sandbox))
    assert set(skipped.values()) == {"skipped"}
    assert len(skipped) == 6


@pytest.mark.service
def test_a_server_that_is_overloaded_is_asked_again_later(dhis2_sandbox):
    dhis2_sandbox.fault("/api/analytics", status=503)
    with pytest.raises(RemoteUnavailable, match=r"cannot answer /api/analytics\.\w+ now \(503\)"):
        contract_of(dhis2_sandbox)


@pytest.mark.service
def test_credentials_that_are_refused_end_it(dhis2_sandbox):
    with pytest.raises(AuthenticationFailed):
        run_contract(dhis2_sandbox.url, "admin", "wrong")


@pytest.mark.service
def test_a_token_is_enough_and_each_check_is_told(dhis2_sandbox):
    told = []
    contract = run_contract(dhis2_sandbox.url, token=dhis2_sandbox.token, on_done=told.append)
    assert sorted(told, key=str) == sorted(contract.findings, key=str)
    assert contract.is_kept


def test_what_is_no_dhis2_is_an_error():
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"version": "none"}))
    with pytest.raises(UnexpectedAnswer, match="'none' as its version"):
        run_contract("http://h", "u", "p", transport=transport)


def test_a_server_of_an_unknown_release_is_held_to_the_nearest():
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"version": "2.39.4"}))
    contract = run_contract("http://h", "u", "p", transport=transport)
    assert (contract.release, contract.is_kept) == (40, False)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"x"', b"<html>", b'{"pager": [], "headers": {}, "rows": 1}'])
def test_a_server_that_answers_nonsense_differs_and_breaks_nothing(body):
    def answer(request):
        if request.url.path.endswith(("system/info", "/me")) and not request.url.query:
            return httpx.Response(200, json={"version": "2.43.1", "organisationUnits": [{"id": "ImspTQPwCqd"}]})
        return httpx.Response(200, content=body, headers={"Content-Type": "application/json"})

    contract = run_contract("http://h", "u", "p", transport=httpx.MockTransport(answer))
    assert {finding.state for finding in contract.findings} <= {"differs", "skipped", "holds"}
    assert sum(finding.state == "differs" for finding in contract.findings) > 10


def test_an_answer_that_is_too_large_is_skipped(monkeypatch):
    monkeypatch.setattr("prefect_patterns.dhis2.preflight.run._LARGEST", 100)

    def answer(request):
        small = request.url.path.endswith(("system/info", "/me")) or "order=level" in str(request.url)
        return httpx.Response(200, json={"version": "2.43.1"} if small else {"x": "y" * 1000})

    checks = [BY_NAME["lists come in pages"]]
    monkeypatch.setattr("prefect_patterns.dhis2.preflight.run._facts", lambda *_: Facts((2, 43), 43))
    (finding,) = run_contract("http://h", "u", "p", checks=checks, transport=httpx.MockTransport(answer)).findings
    assert (finding.state, finding.seen) == ("skipped", "the answer is larger than 0 MB")


def grid(*values, status=200):
    headers = [{"name": name} for name in ("dx", "pe", "ou", "value")]
    body = {"headers": headers, "rows": [["a", "202401", "u", value] for value in values]}
    return Answer(status, {}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("values", "state"),
    [(["46", "46.5", "0.25", "-3"], "holds"), (["46.0"], "differs"), (["1.234"], "differs"), ([], "skipped")],
)
def test_the_rounding_of_values_is_judged(values, state):
    check = BY_NAME["values of data elements have two decimals at most, whole numbers none"]
    assert check.judge(Facts((2, 43), 43), [grid(*values)]).state == state


@pytest.mark.parametrize(("status", "state"), [(304, "holds"), (200, "differs")])
def test_an_etag_that_is_not_honoured_differs(status, state):
    answer = Answer(status, {}, b"" if status == 304 else b"{}")
    assert BY_NAME["a list that did not change: 304"].judge(Facts((2, 43), 43, etag='"x"'), [answer]).state == state


FACTS = Facts(
    (2, 43, 1), 43, unit="Rp268JB6Ne4", level=3, parent="qtr8GGlm4gg", root="ImspTQPwCqd", element="fbfJHSPpUQD",
    value={"dataSet": "BfMAe6Itzgt", "period": "202401", "orgUnit": "Rp268JB6Ne4"}, etag='"x"',
)  # fmt: skip


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, {"content-type": "application/json"}, b'{"httpStatusCode": 500, "message": "x"}'),
        Answer(409, {"content-type": "application/json"}, b'{"httpStatusCode": 409, "errorCode": "E9999"}'),
        Answer(200, {"content-type": "text/html"}, b"<html>log in</html>"),
        Answer(200, {"content-type": "application/json"}, b"{}"),
    ],
    ids=["broken", "refused", "login page", "empty"],
)
def test_no_check_holds_on_a_server_that_answers_everything_alike(check, answer):
    assert check.judge(FACTS, [answer] * len(check.asks(FACTS))).state == "differs"


def body(status=200, *, head=None, **values):
    return Answer(status, head or {}, json.dumps(values).encode())


def units(*rows, **more):
    return body(organisationUnits=list(rows), **more)


PAGER = {"page": 1, "pageCount": 3, "total": 3, "pageSize": 1}
ROW = dict.fromkeys(["dataElement", "categoryOptionCombo", "attributeOptionCombo", "value"], "x")
OWN = {"id": FACTS.unit}


# Of each check an answer that is almost right.
@pytest.mark.parametrize(
    ("check", "answers"),
    [
        ("the server tells its version", [body(version="3.0")]),
        ("the server tells who one is", [body(authorities=[], organisationUnits=None)]),
        ("without credentials: to the login page", [body(302, head={"location": "https://h/dhis-web-login"})]),
        ("without credentials, as a script: 401", [Answer(401, {}, b"Unauthorized")]),
        ("a list that did not change: 304", [units(OWN)]),
        ("compressed by gzip or not at all", [body(head={"content-encoding": "br"}, organisationUnits=[OWN])]),
        ("its own version in the path, not 27", [body(version="2.43.1"), body(version="2.43.1")]),
        (".json is the same list", [units(OWN), units({"id": "other"})]),
        ("lists come in pages", [units(OWN, pager=PAGER)]),
        ("lists come in pages", [units(OWN, OWN, pager=PAGER | {"nextPage": "x"})]),
        ("a page after the last one is empty and calls itself the last", [units(OWN, pager=PAGER | {"page": 3})]),
        ("without pages there is no pager", [units(OWN, pager=PAGER)]),
        ("id and displayName when nothing is said", [units(OWN)]),
        ("unknown fields are dropped without a word", [units(OWN | {"noSuchField": None})]),
        ("fields are renamed and counted", [units(OWN | {"label": "x", "children": [OWN]})]),
        ("order=id:asc is kept", [units({"id": "b"}, {"id": "a"})]),
        ("filters are joined by OR when asked", [units()]),
        ("operator ieq from 2.41 on", [body(400, errorCode="E1003")]),
        ("operator !empty from 2.42 on", [body(400, errorCode="E1003")]),
        ("a filter on what there is not is refused", [units(OWN)]),
        ("an id that cannot be one: 404, from 2.42 on 405", [body(404, errorCode="E1005")]),
        ("an id that nothing has: 404 E1005", [body(404)]),
        ("the level of a feature is a text", [body(type="FeatureCollection", features=[{"properties": {"level": 3}}])]),
        ("headers in the order asked, the value last, rows of texts",
         [body(headers=[{"name": name} for name in ("dx", "ou", "pe", "value")], rows=[])]),
        ("unknown items are dropped without a word",
         [body(headers=[], metaData={"dimensions": {"dx": [FACTS.element, "noSuchItem0"]}})]),
        ("no known item: 409 E7124", [body(409, errorCode="E7143")]),
        ("no dimension: 409 E7101", [body(400, errorCode="E7101")]),
        ("errors of analytics.csv are text under a good status", [Answer(409, {}, b"E7124: no")]),
        ("data values without a data set are refused", [body(dataValues=[])]),
        ("what values share is in each row, from 2.43 on the envelope",
         [body(period="p", orgUnit="o", dataValues=[ROW | {"period": "p", "orgUnit": "o"}])]),
        ("each value is whole, with its envelope", [body(period="p", dataValues=[ROW])]),
    ],
)  # fmt: skip
def test_an_answer_that_is_almost_right_differs(check, answers):
    assert BY_NAME[check].judge(FACTS, answers).state == "differs"


def test_checks_without_anything_to_try_them_on_ask_nothing():
    nothing = Facts((2, 43), 43)
    silent = [check.name for check in CHECKS if not check.asks(nothing)]
    assert len(silent) == 11
    assert "what values share is in each row, from 2.43 on the envelope" in silent


def test_names_of_checks_are_told_apart_and_say_why():
    assert len(BY_NAME) == len(CHECKS)
    assert all(check.why for check in CHECKS)
