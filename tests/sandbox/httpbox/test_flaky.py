"""What goes wrong on request, the same way each time."""

import pytest


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_the_first_calls_of_a_key_fail_and_the_later_ones_do_not(client, method):
    statuses = [client.request(method, "/flaky/orders?fail=2&status=502").status_code for _ in range(4)]
    assert statuses == [502, 502, 200, 200]
    assert client.get("/flaky/orders/calls").json() == {"key": "orders", "calls": 4, "failed": 2}


def test_keys_do_not_know_each_other(client):
    client.get("/flaky/a?fail=1")
    assert client.get("/flaky/b?fail=1").status_code == 503
    assert client.get("/flaky/c/calls").json() == {"key": "c", "calls": 0, "failed": 0}


def test_a_failure_says_when_to_come_back_only_if_it_was_told_to(client):
    assert client.get("/flaky/a?status=429&retry_after=1.5").headers["retry-after"] == "1.5"
    assert "retry-after" not in client.get("/flaky/b?status=429").headers


def test_a_key_can_start_again(client):
    client.get("/flaky/a?fail=1")
    for _ in range(2):
        assert client.delete("/flaky/a/calls").status_code == 204
    assert client.get("/flaky/a?fail=1").status_code == 503


@pytest.mark.parametrize(
    "query",
    ["fail=-1", "fail=many", "fail=1&fail=2", "status=200", "status=600", "retry_after=nan", "delay=61", "fail=1e3"],
)
def test_a_parameter_that_cannot_be_is_a_problem_that_names_it(client, query):
    answer = client.get(f"/flaky/a?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == query.partition("=")[0]
    assert client.get("/flaky/a/calls").json()["calls"] == 0


def test_a_slow_answer_is_whole(client):
    answer = client.get("/slow?bytes=10001&pieces=7&pause=0")
    assert len(answer.content) == 10_001 == int(answer.headers["content-length"])


def test_only_so_many_keys_are_remembered():
    from prefect_patterns.sandbox.httpbox.flaky import Flaky

    flaky = Flaky()
    for number in range(10_001):
        flaky.count(str(number), 0)
    assert flaky.count("1", 0) == (2, 0)
    assert flaky.count("0", 0) == (1, 0)
