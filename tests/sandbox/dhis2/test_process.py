"""The child process: starts, answers, has faults on demand, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.dhis2 import VERSIONS, Dhis2Sandbox

pytestmark = [pytest.mark.service, pytest.mark.timeout(30)]


@pytest.fixture(scope="module")
def box():
    patch = {"organisationUnits": {"DiszpKrYNg8": {"name": "Renamed"}}}
    with Dhis2Sandbox(today=date(2026, 7, 15), patch=patch) as running:
        yield running


@pytest.fixture
def client(box):
    with httpx.Client(base_url=box.url, auth=(box.username, box.password), timeout=20) as client:
        yield client
    box.clear_faults()


def test_it_answers_at_its_url_and_has_the_patch(client):
    assert client.get("/api/system/info?fields=serverDate").json() == {"serverDate": "2026-07-15T12:00:00.000"}
    assert client.get("/api/organisationUnits/DiszpKrYNg8?fields=name").json() == {"name": "Renamed"}


def test_answers_are_chunked(client):
    headers = client.get("/api/me").headers
    assert headers["transfer-encoding"] == "chunked"
    assert "server" not in headers


def test_a_status_fault_hits_so_many_times_and_then_the_server_is_well_again(box, client):
    box.fault("/api/me", status=503, headers={"Retry-After": "1"}, body="busy", times=2)
    answers = [client.get("/api/me") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 200]
    assert (answers[0].text, answers[0].headers["retry-after"]) == ("busy", "1")


def test_a_fault_covers_what_is_below_its_path_and_nothing_else(box, client):
    box.fault("/api/organisationUnits", status=502)
    assert client.get("/api/organisationUnits").status_code == 502
    assert client.get("/api/organisationUnits.geojson").status_code == 502
    assert client.get("/api/43/organisationUnits/ImspTQPwCqd").status_code == 502
    assert client.get("/api/organisationUnitGroups").status_code == 200
    box.fault("/", status=504)
    assert client.get("/api/me").status_code == 504


def test_an_expired_session_gets_the_login_page_with_status_200(box, client):
    box.fault("/api", login_page=True)
    answer = client.get("/api/organisationUnits")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html;charset=utf-8")


@pytest.mark.parametrize("kept", [0, 10, 5_000])
def test_a_dropped_connection_ends_half_way(box, client, kept):
    box.fault("/api/organisationUnits", drop_after=kept, times=1)
    pieces = []
    with client.stream("GET", "/api/organisationUnits?paging=false") as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            pieces.extend(answer.iter_raw())
    assert sum(map(len, pieces)) == kept
    assert client.get("/api/organisationUnits").status_code == 200


def test_faults_can_be_cleared(box, client):
    box.fault("/api/me", status=500)
    box.clear_faults()
    assert client.get("/api/me").status_code == 200


def test_the_control_port_wants_its_token_and_its_host(box):
    control = f"http://127.0.0.1:{box._ports[1]}/faults"
    assert httpx.delete(control).status_code == 401
    assert httpx.delete(control, headers={"X-Sandbox-Token": "wrong"}).status_code == 401
    assert httpx.delete(control, headers={"Host": "example.org"}).status_code == 403


def test_only_one_chunk_of_a_query_goes_wrong(box, client):
    box.fault("/api/organisationUnits", status=504, query=r"page=2\b", times=1)
    statuses = [client.get(f"/api/organisationUnits?page={number}").status_code for number in (1, 2, 3, 2)]
    assert statuses == [200, 504, 200, 200]


def test_truncated_json_looks_like_a_whole_answer_until_it_is_read(box, client):
    box.fault("/api/organisationUnits", truncate_after=1000, times=1)
    answer = client.get("/api/organisationUnits?paging=false")
    assert (answer.status_code, len(answer.content)) == (200, 1000)
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_slow_body_is_slower_than_a_client_is_patient(box, client):
    box.fault("/api/me", bytes_per_second=1, times=1)
    with client.stream("GET", "/api/me", timeout=0.3) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.ReadTimeout):
            answer.read()


def test_a_slow_first_byte_is_slower_than_a_client_is_patient(box, client):
    box.fault("/api/me", delay=0.3, times=1)
    with pytest.raises(httpx.ReadTimeout):
        client.get("/api/me", timeout=0.1)
    assert client.get("/api/me").status_code == 200


def test_a_long_url_is_refused_as_nginx_does(box, client):
    long = "/api/organisationUnits?pageSize=1&unknown=" + "a" * 60_000
    assert client.get(long).status_code == 200
    box.fault("/api", longest_url=4096)
    assert client.get(long).status_code == 414
    assert client.get("/api/organisationUnits?pageSize=1").status_code == 200


def test_an_error_text_comes_with_status_200(box, client):
    box.fault("/api/analytics", error_text="E7131: Query failed, likely because the query timed out", times=1)
    answer = client.get("/api/analytics.csv?dimension=dx:fbfJHSPpUQD")
    assert (answer.status_code, answer.text[:6]) == (200, "E7131:")
    assert answer.headers["content-disposition"] == 'inline; filename="error.html"'


def test_a_fault_that_makes_no_sense_is_refused(box):
    with pytest.raises(UsageError, match="status=99"):
        box.fault("/api/me", status=99)


@pytest.mark.parametrize(
    "wrong",
    [{"version": "39"}, {"version": "44"}, {"version": ""}, {"version": "2.43.1"},
     {"port": -1}, {"port": 70_000}, {"patch": {"places": {}}},
     {"patch": {"indicators": {"SdPenta3Cov": {"numerator": object()}}}}, {"patch": {"indicators": ["SdPenta3Cov"]}},
     {"patch": {"indicators": {"SdPenta3Cov": None}}}, {"patch": [1]}, {"scale": 0}, {"scale": 1001}, {"scale": 1.5},
     {"scale": True}, {"settings": {"nothing": 1}}, {"settings": {"keyAnalyticsMaxLimit": "many"}},
     {"analytics": "old"}, {"clock_skew": float("nan")}, {"clock_skew": 1e12}],
)  # fmt: skip
def test_arguments_that_cannot_be_are_refused_before_anything_starts(wrong):
    with pytest.raises(UsageError):
        Dhis2Sandbox(**wrong)


def test_all_that_is_wrong_with_the_arguments_is_said_at_once():
    with pytest.raises(UsageError) as caught:
        Dhis2Sandbox(scale=0, settings={"nothing": 1}, analytics="old", patch={"places": {}})
    for part in ("scale=0", "no setting nothing", "'old'", "unknown collection places"):
        assert part in str(caught.value)


@pytest.mark.parametrize("version", ["40", "2.40", "43", "2.43"])
def test_the_version_goes_by_both_names(version):
    assert Dhis2Sandbox(version=version).version == version[-2:]


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
def test_a_release_runs(dhis2_sandbox_of, version):
    sandbox = dhis2_sandbox_of(version)
    info = httpx.get(f"{sandbox.url}/api/system/info", headers={"Authorization": f"ApiToken {sandbox.token}"}).json()
    assert info["version"].startswith(f"2.{version}.")
    assert info["contextPath"] == sandbox.url
    assert dhis2_sandbox_of(f"2.{version}") is sandbox


def test_the_server_s_clock_may_be_wrong():
    with Dhis2Sandbox(clock_skew=-7200) as sandbox:
        answer = httpx.get(f"{sandbox.url}/api/system/info", auth=(sandbox.username, sandbox.password))
        ahead = datetime.now(UTC) - parsedate_to_datetime(answer.headers["date"])
        assert answer.headers.get_list("date") == [answer.headers["date"]]
        assert timedelta(hours=2) <= ahead < timedelta(hours=2, minutes=1)
        shown = datetime.fromisoformat(answer.json()["serverDate"]).replace(tzinfo=UTC)
        assert timedelta(hours=2) <= datetime.now(UTC) - shown < timedelta(hours=2, minutes=1)


PARENT = """
import json, sys, time
from prefect_patterns.sandbox.dhis2 import Dhis2Sandbox
box = Dhis2Sandbox().start()
print(json.dumps({"pid": box.process.pid, "url": box.url}), flush=True)
time.sleep(60)
"""


def test_the_child_ends_with_a_parent_that_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with parent:
        child = json.loads(parent.stdout.readline())
        assert httpx.get(f"{child['url']}/api/ping").text == "pong"
        parent.kill()
        parent.wait()
        assert gone(child["pid"])


@pytest.mark.parametrize(("service", "signal_"), [("dhis2", signal.SIGTERM), ("httpbox", signal.SIGINT)])
def test_a_signal_ends_the_child_quickly_and_silently(service, signal_):
    command = [sys.executable, "-m", f"prefect_patterns.sandbox.{service}"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as child:
        child.stdin.write(b'{"token": "t"}\n')
        child.stdin.flush()
        assert set(json.loads(child.stdout.readline())) == {"port", "control"}
        child.send_signal(signal_)
        assert child.wait(timeout=2) == 0
        assert child.stderr.read() == b""


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True  # nobody has waited for it yet
        time.sleep(0.02)
    return False
