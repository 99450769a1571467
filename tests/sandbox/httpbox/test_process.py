"""The child process: answers, breaks off when asked to, has faults, and ends with its parent."""

import hashlib
import signal
import socket
import subprocess
import sys

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from prefect_patterns.clock import SYSTEM
from prefect_patterns.errors import LocalError, UsageError
from prefect_patterns.sandbox.httpbox import DEMO, HttpBox

pytestmark = [pytest.mark.service, pytest.mark.timeout(30)]
SECRET = "whsec_YW5vdGhlciBzZWNyZXQ="


@pytest.fixture(scope="module")
def box():
    with HttpBox(seed=7, webhook_secret=SECRET, token_lifetime=5) as running:
        yield running


@pytest.fixture
def client(box):
    with httpx.Client(base_url=box.url, timeout=10, trust_env=False) as client:
        yield client
    box.clear_faults()


def test_it_takes_its_arguments(client):
    body = '{"a": 1}'
    signature = Webhook(SECRET).sign("m", SYSTEM.now(), body)
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": str(int(SYSTEM.now().timestamp())),
        "webhook-signature": signature,
    }
    assert client.post("/webhooks/inbox", content=body, headers=headers).status_code == 204
    form = {"grant_type": "client_credentials", "client_id": DEMO.client_id, "client_secret": DEMO.client_secret}
    assert client.post("/oauth2/token", data=form).json()["expires_in"] == 5
    with HttpBox() as other:
        assert httpx.get(f"{other.url}/pages/cursor").json() != client.get("/pages/cursor").json()


@pytest.mark.parametrize(
    ("path", "received"), [("/drop?bytes=1000&after=300", 300), ("/drop?bytes=1&after=0", 0), ("/flaky/d?drop=42", 42)]
)
def test_an_answer_breaks_off_half_way(client, path, received):
    pieces = []
    with client.stream("GET", path) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            pieces.extend(answer.iter_raw())
    assert sum(map(len, pieces)) == received


def test_a_download_that_breaks_off_can_be_gone_on_with(client):
    path = "/files/megabyte.bin?drop=400000"
    got = bytearray()
    with client.stream("GET", path) as answer, pytest.raises(httpx.RemoteProtocolError):
        for piece in answer.iter_raw():
            got += piece
    assert len(got) == 400_000
    rest = client.get(path, headers={"range": f"bytes={len(got)}-", "if-range": answer.headers["etag"]})
    assert rest.status_code == 206
    digest = hashlib.sha256(bytes(got) + rest.content).hexdigest()
    assert client.get("/files/megabyte.bin.sha256").text.split()[0] == digest


def test_a_slow_body_comes_in_pieces(client):
    with client.stream("GET", "/slow?bytes=9&pieces=3&pause=0.05") as answer:
        assert [len(piece) for piece in answer.iter_raw()] == [3, 3, 3]


def test_a_refused_body_leaves_the_connection_usable(client):
    for _ in range(2):
        assert client.post("/flaky/x?fail=99", content=b"x" * 200_000).status_code == 503
        assert client.get("/api/ping").text == "pong"


def test_faults_hit_what_they_are_told_to(box, client):
    box.fault("/files", status=503, headers={"Retry-After": "1"}, times=1)
    assert [client.get("/files").status_code for _ in range(2)] == [503, 200]
    with pytest.raises(UsageError):
        box.fault("files", status=503)


def test_another_host_and_another_control_token_are_refused(box, client):
    assert client.get("/", headers={"Host": "example.org"}).status_code == 403
    control = f"http://127.0.0.1:{box._ports[1]}/faults"
    assert httpx.delete(control, headers={"X-Sandbox-Token": "wrong"}).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [{"port": -1}, {"webhook_secret": ""}, {"webhook_secret": "whsec_é"}, {"webhook_secret": "whsec_"},
     {"token_lifetime": 0}, {"token_lifetime": float("nan")}],
)  # fmt: skip
def test_arguments_that_cannot_be_are_refused_before_anything_starts(wrong):
    with pytest.raises(UsageError):
        HttpBox(**wrong)


def test_a_port_that_is_taken_is_a_local_error():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalError, match=f"httpbox sandbox on port {port}: Address already in use"):
            HttpBox(port=port).start()


PARENT = "from prefect_patterns.sandbox import ensure; print(ensure('httpbox'), flush=True); input()"


def test_stopping_twice_is_stopping_once():
    box = HttpBox().start()
    process = box.process
    box.stop()
    box.stop()
    assert process.returncode == 0
    with pytest.raises(UsageError, match="not running"):
        _ = box.url


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_the_child_ends_with_a_parent_that_is_told_to_end(signal_):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", PARENT], text=True, **pipes) as parent:
        url = parent.stdout.readline().strip()
        assert httpx.get(f"{url}/api/ping").text == "pong"
        parent.send_signal(signal_)
        parent.wait()
    deadline = SYSTEM.monotonic() + 5
    while SYSTEM.monotonic() < deadline:
        try:
            httpx.get(f"{url}/api/ping", timeout=1)
        except httpx.TransportError:
            return
        SYSTEM.sleep(0.02)
    pytest.fail("the child still answers")
