"""Somebody else's client runs unchanged against the sandbox, and reads what ours reads."""

import json
import subprocess
from pathlib import Path

import pytest

from prefect_patterns.dhis2 import Dhis2Client
from prefect_patterns.sandbox.dhis2 import VERSIONS, Dhis2Sandbox
from prefect_patterns.testing.dhis2 import TODAY

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def peer(peer_python, clean_environment):
    """Give a function that runs the peer's script."""

    def run(url, token):
        command = [peer_python, ROOT / "tests_extra" / "peer_dhis2_client.py", url, token]
        done = subprocess.run(command, env=clean_environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)

    return run


@pytest.fixture(scope="module", params=VERSIONS)
def read(request, peer):
    """Give what the peer read of a sandbox of each version, and our client of the same sandbox."""
    with (
        Dhis2Sandbox(version=request.param, today=TODAY) as box,
        Dhis2Client(box.url, box.username, box.password) as client,
    ):
        yield peer(box.url, box.token), client


def test_it_knows_who_and_where_it_is(read):
    found, client = read
    assert (found["user"], found["by token"]) == ("admin", "admin")
    assert "admin" in found["users"]
    assert found["version"] == client.get_server_info()["version"]


def test_it_reads_the_same_units_from_pages(read):
    found, client = read
    assert sorted(found["units"]) == sorted(row["id"] for row in client.fetch_metadata("organisationUnits", "id"))
    assert len(found["units"]) == 1332
    assert found["unit"] == {"id": "DiszpKrYNg8", "name": "Ngelehun CHC", "parent": {"id": "YuQRtpLP10I"}}
    assert (found["tree"], found["elements"], found["sets"]) == (13, 601, 26)


def test_it_reads_the_same_geometry(read):
    found, client = read
    assert found["areas"] == found["children"] == len(list(client.iter_features(2))) == 13
    assert found["one area"] == "O6uvpzGd5pu"
    assert found["subtree"] == len(list(client.iter_features([2, 3, 4], parent="O6uvpzGd5pu")))


def test_it_reads_the_same_values(read):
    found, client = read
    ours = next(client.iter_data_values(data_sets=["BfMAe6Itzgt"], periods=["202606"], org_units=["DiszpKrYNg8"]))
    assert sorted(row["value"] for row in found["values"]) == sorted(ours["value"])
    assert found["latest"] == "202606"


def test_it_reads_the_same_analytics(read):
    found, client = read
    ours = client.analytics(dx=["fbfJHSPpUQD", "cYeuwXTCPkU"], ou=["ImspTQPwCqd"], pe=["202605", "202606"])
    at = [found["headers"].index(name) for name in ("dx", "ou", "pe", "value")]
    theirs = sorted((row[at[0]], row[at[1]], row[at[2]], float(row[at[3]])) for row in found["rows"])
    assert theirs == sorted(ours.select("dx", "ou", "pe", "value").rows())
