"""A fault as a value: what it hits, and all that can be wrong with one."""

import pytest

from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.faults import KINDS, Fault

PATHS = ["/api/me", "/api/me/", "/api/me.json", "/api/me/settings"]


@pytest.mark.parametrize("path", PATHS)
def test_a_fault_hits_its_path_and_what_is_below(path):
    assert Fault("/api/me", status=500).covers(path)


@pytest.mark.parametrize("path", ["/api", "/api/metadata", "/api/m", "/"])
def test_a_fault_hits_nothing_beside_its_path(path):
    assert not Fault("/api/me", status=500).covers(path)


@pytest.mark.parametrize("path", ["/", "/api/me"])
def test_a_fault_of_the_root_hits_everything(path):
    assert Fault("/", status=500).covers(path)


@pytest.mark.parametrize(
    ("query", "hit"),
    [
        ("dimension=dx:fbfJHSPpUQD;cYeuwXTCPkU&dimension=pe:202606", True),
        ("dimension=dx%3AcYeuwXTCPkU", True),
        ("dimension=dx:fbfJHSPpUQD", False),
        ("", False),
    ],
)
def test_a_fault_with_a_query_hits_only_requests_whose_decoded_query_has_it(query, hit):
    assert Fault("/api/analytics", status=409, query="dx:.*cYeuwXTCPkU").covers("/api/analytics", query) is hit


@pytest.mark.parametrize(("query", "hit"), [("", False), ("a" * 92, False), ("a" * 93, True)])
def test_a_longest_url_hits_longer_ones_only(query, hit):
    assert Fault("/api", longest_url=100).covers("/api/me", query) is hit


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"status": 500, "login_page": True},
        {"status": 99},
        {"status": 600},
        {"status": "500"},
        {"status": True},
        {"drop_after": -1},
        {"drop_after": 0.5},
        {"truncate_after": -1},
        {"longest_url": 0},
        {"bytes_per_second": 0},
        {"bytes_per_second": float("nan")},
        {"bytes_per_second": float("inf")},
        {"delay": -1},
        {"delay": float("nan")},
        {"delay": "soon"},
        {"delay": 3600},
        {"status": 500, "times": 0},
        {"status": 500, "query": "("},
        {"status": 500, "query": 1},
        {"status": 500, "body": b"x"},
        {"status": 500, "headers": {"Retry-After": 1}},
        {"status": 500, "headers": {"X": "a\r\nSet-Cookie: b"}},
        {"status": 500, "headers": {"X Y": "a"}},
        {"status": 500, "headers": ["X"]},
        {"status": 500, "login_page": "no"},
        {"error_text": 1},
        {"status": 500, "speed": 1},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(given):
    with pytest.raises(UsageError, match="a fault of '/api/me' cannot be"):
        Fault.of({"path": "/api/me", **given})


@pytest.mark.parametrize("path", ["api/me", "", "/api/me?fields=id", None, 1])
def test_a_fault_of_what_is_no_path_is_refused_and_not_silently_never_met(path):
    with pytest.raises(UsageError, match="is not a path"):
        Fault.of({"path": path, "status": 500})


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(UsageError) as caught:
        Fault.of({"path": "me", "status": 99, "times": 0, "query": "[", "delay": -1})
    for part in ("is not a path", "status=99", "times=0", "query='['", "delay=-1"):
        assert part in str(caught.value)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_alone_is_a_fault(kind):
    value = {"status": 200, "login_page": True, "error_text": ""}.get(kind, 1)
    assert getattr(Fault.of({"path": "/", kind: value}), kind) == value


def test_a_byte_count_of_zero_is_a_kind():
    assert Fault.of({"path": "/", "drop_after": 0}).drop_after == 0
    assert Fault.of({"path": "/", "truncate_after": 0}).truncate_after == 0


def test_a_delay_alone_is_a_fault():
    assert Fault.of({"path": "/", "delay": 0.5}).delay == 0.5
