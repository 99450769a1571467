"""A folder of data values that goes on where it was stopped."""

import json
import os
import signal
import subprocess
import sys

import httpx
import polars as pl
import pytest
from filelock import FileLock

from prefect_patterns.dhis2 import DATA_VALUE_SCHEMA
from prefect_patterns.errors import RemoteUnavailable, StorageError, UsageError

QUERY = {"data_sets": ["s"], "org_units": ["o"]}
MONTHS = ["202401", "202402", "202403"]


def values_of(request):
    (period,) = request.url.params.get_list("period")
    rows = [
        {"dataElement": f"d{n}", "period": period, "orgUnit": "o", "value": str(n)} for n in range(int(period[-2:]))
    ]
    return httpx.Response(200, json={"dataValues": rows})


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_each_period_is_a_file_and_the_query_is_beside_them(served, tmp_path):
    done = served(values_of).client.download_data_values(tmp_path / "values", MONTHS, **QUERY)
    assert (done.fetched, done.resumed, done.rows) == (tuple(MONTHS), (), 6)
    assert names(done.folder) == ["202401.parquet", "202402.parquet", "202403.parquet", "query.json"]
    frame = pl.read_parquet(done.folder / "*.parquet")
    assert frame.schema == DATA_VALUE_SCHEMA
    assert frame["period"].value_counts(sort=True).rows() == [("202403", 3), ("202402", 2), ("202401", 1)]
    assert json.loads((done.folder / "query.json").read_text())["query"]["data_sets"] == ["s"]


def test_what_is_there_whole_is_not_asked_for_again(served, tmp_path):
    served(values_of).client.download_data_values(tmp_path, MONTHS[:2], **QUERY)
    server = served(values_of)
    done = server.client.download_data_values(tmp_path, [*MONTHS, MONTHS[0]], **QUERY)
    assert (done.fetched, done.resumed, done.rows) == (("202403",), ("202401", "202402"), 6)
    assert [request.url.params["period"] for request in server.requests] == ["202403"]


def test_a_period_without_values_is_there_too(served, tmp_path):
    server = served({"dataValues": []})
    assert server.client.download_data_values(tmp_path, "2024", **QUERY).fetched == ("2024",)
    assert server.client.download_data_values(tmp_path, "2024", **QUERY).resumed == ("2024",)


def test_a_server_that_breaks_off_leaves_the_periods_before(served, tmp_path):
    def handler(request):
        return httpx.Response(503) if request.url.params["period"] == "202402" else values_of(request)

    with pytest.raises(RemoteUnavailable):
        served(handler).client.download_data_values(tmp_path, MONTHS, **QUERY)
    assert names(tmp_path) == ["202401.parquet", "query.json"]
    assert served(values_of).client.download_data_values(tmp_path, MONTHS, **QUERY).resumed == ("202401",)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 half of a file"])
def test_a_file_that_is_not_whole_is_fetched_again(served, tmp_path, content):
    served(values_of).client.download_data_values(tmp_path, MONTHS, **QUERY)
    (tmp_path / "202402.parquet").write_bytes(content)
    done = served(values_of).client.download_data_values(tmp_path, MONTHS, **QUERY)
    assert (done.fetched, done.rows) == (("202402",), 6)


def test_a_file_of_other_columns_is_fetched_again(served, tmp_path):
    served(values_of).client.download_data_values(tmp_path, MONTHS, **QUERY)
    pl.DataFrame({"n": [1]}).write_parquet(tmp_path / "202402.parquet")
    assert served(values_of).client.download_data_values(tmp_path, MONTHS, **QUERY).fetched == ("202402",)


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ({"data_sets": ["t"]}, "data_sets"),
        ({"org_units": ["p"]}, "org_units"),
        ({"children": False}, "children"),
        ({"include_deleted": True}, "include_deleted"),
        ({"data_elements": ["e"]}, "data_elements"),
    ],
)
def test_the_folder_of_another_query_is_refused(served, tmp_path, other, word):
    served(values_of).client.download_data_values(tmp_path, MONTHS, **QUERY)
    server = served(values_of)
    with pytest.raises(UsageError, match=f"another query: {word} differs"):
        server.client.download_data_values(tmp_path, MONTHS, **(QUERY | other))
    assert server.requests == []


def test_the_folder_of_another_server_is_refused(served, tmp_path):
    served(values_of).client.download_data_values(tmp_path, MONTHS, **QUERY)
    with pytest.raises(UsageError, match="server differs"):
        served(values_of, base_url="http://other.test").client.download_data_values(tmp_path, MONTHS, **QUERY)


def test_the_order_of_a_query_is_not_part_of_it(served, tmp_path):
    query = {"data_sets": ["s", "t"], "org_units": ["o", "p"]}
    served(values_of).client.download_data_values(tmp_path, MONTHS, **query)
    again = {name: tuple(reversed(value)) for name, value in query.items()}
    assert served(values_of).client.download_data_values(tmp_path, MONTHS, **again).fetched == ()


def test_a_single_name_is_a_list_of_one(served, tmp_path):
    served(values_of).client.download_data_values(tmp_path, MONTHS, data_sets="set", org_units="unit")
    again = served(values_of).client.download_data_values(tmp_path, MONTHS, data_sets=["set"], org_units=["unit"])
    assert again.fetched == ()


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"query": {}}', "null"])
def test_a_manifest_that_cannot_be_read_is_refused(served, tmp_path, manifest):
    (tmp_path / "query.json").write_text(manifest)
    with pytest.raises(UsageError, match="cannot be read"):
        served(values_of).client.download_data_values(tmp_path, MONTHS, **QUERY)


def test_files_of_no_known_query_are_not_mixed_with(served, tmp_path):
    (tmp_path / "202401.parquet").touch()
    with pytest.raises(UsageError, match="no known query"):
        served(values_of).client.download_data_values(tmp_path, MONTHS, **QUERY)


@pytest.mark.parametrize("periods", [[], "", ["../../etc/passwd"], ["2024/01"], ["202401", "x.parquet"], ["²"]])
def test_what_cannot_be_a_period_is_refused_before_anything_is_made(served, tmp_path, periods):
    with pytest.raises(UsageError, match="period"):
        served(values_of).client.download_data_values(tmp_path / "new", periods, **QUERY)
    assert not (tmp_path / "new").exists()


def test_an_incomplete_query_leaves_no_folder_of_its_own(served, tmp_path):
    with pytest.raises(UsageError, match="data set or data element"):
        served(values_of).client.download_data_values(tmp_path / "new", MONTHS, org_units=["o"])
    assert not (tmp_path / "new").exists()


def test_two_processes_do_not_write_into_one_folder(served, tmp_path):
    with FileLock(tmp_path / ".lock"), pytest.raises(UsageError, match="another process"):
        served(values_of).client.download_data_values(tmp_path, MONTHS, **QUERY)


def test_a_folder_that_cannot_be_made_is_a_storage_error(served, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        served(values_of).client.download_data_values(tmp_path / "file" / "values", MONTHS, **QUERY)


@pytest.mark.service
def test_a_killed_process_leaves_whole_periods_and_the_next_one_goes_on(served, tmp_path):
    program = """
import sys, httpx
from prefect_patterns.dhis2 import Dhis2Client
def answer(request):
    period = request.url.params["period"]
    def body():
        yield b'{"dataValues":['
        for n in range(60_000):
            yield b'{"dataElement":"d","period":"%s","orgUnit":"o","value":"%d"},' % (period.encode(), n)
            if period == "202402" and n == 40_000:
                print("half", flush=True)
                sys.stdin.read()
        yield b'{"value":"last"}]}'
    return httpx.Response(200, headers={"Content-Type": "application/json"}, content=body())
client = Dhis2Client("http://dhis2.test", "admin", "s3cret", transport=httpx.MockTransport(answer))
client.download_data_values(sys.argv[1], ["202401", "202402"], data_sets=["s"], org_units=["o"], batch_rows=10_000)
"""
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "half\n"
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    whole = [name for name in names(tmp_path) if not name.startswith(".")]
    assert whole == ["202401.parquet", "query.json"]
    assert len(names(tmp_path)) > len(whole)  # drafts
    done = served(values_of).client.download_data_values(tmp_path, ["202401", "202402"], **QUERY)
    assert (done.resumed, done.rows) == (("202401",), 60_001 + 2)
    assert names(tmp_path) == ["202401.parquet", "202402.parquet", "query.json"]
