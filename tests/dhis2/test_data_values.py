import json
import subprocess
import sys
from datetime import UTC, date, datetime

import httpx
import polars as pl
import pytest

from prefect_patterns.dhis2 import DATA_VALUE_SCHEMA
from prefect_patterns.errors import (
    AuthenticationFailed,
    QueryRefused,
    RemoteUnavailable,
    StorageError,
    UnexpectedAnswer,
    UsageError,
)

ONE_CELL = {"data_sets": ["BfMAe6Itzgt"], "periods": ["201908"], "org_units": ["DiszpKrYNg8"], "children": False}


def values(n, **more):
    return [
        {
            "dataElement": f"de{index:09}",
            "period": "201908",
            "orgUnit": "DiszpKrYNg8",
            "categoryOptionCombo": "Gmbgme7z9BF",
            "attributeOptionCombo": "HllvX50cXC0",
            "value": str(index),
            **more,
        }
        for index in range(n)
    ]


def everything(server, **query):
    return pl.concat([pl.DataFrame(schema=DATA_VALUE_SCHEMA), *server.client.iter_data_values(**(ONE_CELL | query))])


def test_a_recorded_answer_becomes_a_typed_frame(served, recorded):
    frame = everything(served(recorded("data_values_lyLU2wR22tC.json")), data_sets=["lyLU2wR22tC"])
    assert frame.schema == DATA_VALUE_SCHEMA
    assert frame.row(0, named=True) == {
        "data_element": "g9eOBujte1U",
        "period": "2017",
        "org_unit": "DiszpKrYNg8",
        "category_option_combo": "Gmbgme7z9BF",
        "attribute_option_combo": "bRowv6yZOF2",
        "value": "12",
        "data_set": "lyLU2wR22tC",
        "stored_by": "bodata1",
        "created": datetime(2011, 1, 11, tzinfo=UTC),
        "last_updated": datetime(2011, 1, 11, tzinfo=UTC),
        "comment": None,
        "followup": False,
        "deleted": False,
    }
    assert frame["comment"].to_list()[1:3] == ["N/A", "Relevant comment"]
    assert frame["followup"].to_list()[:3] == [False, True, False]


def hoisted(answer, *names):
    """Return *answer* as a 2.43 server gives it: common keys on the envelope, nothing empty in the rows."""
    common = {name: answer["dataValues"][0][name] for name in names}
    rows = [
        {name: value for name, value in row.items() if name not in common and value != ""}
        for row in answer["dataValues"]
    ]
    return {"dataSet": answer.get("dataSet"), **common, "dataValues": rows}


@pytest.mark.parametrize(
    "names", [("period",), ("orgUnit",), ("attributeOptionCombo",), ("period", "orgUnit", "attributeOptionCombo")]
)
@pytest.mark.parametrize("last", [False, True])
def test_rows_are_the_same_whether_a_server_hoists_common_keys_or_not(served, recorded, names, last):
    old = recorded("data_values_single_period.json")
    new = hoisted(old, *names)
    if last:
        new["dataValues"] = new.pop("dataValues")
        new = dict(sorted(new.items(), key=lambda item: item[0] != "dataValues"))
        assert next(iter(new)) == "dataValues"
    query = {"data_sets": ["lyLU2wR22tC"], "periods": ["2016", "2017"], "children": True}
    assert everything(served(new), **query).equals(everything(served(old), **query))


def test_common_keys_reach_every_batch(served):
    rows = [{"dataElement": "a" * 11, "value": str(index)} for index in range(50_000)]
    server = served(
        {"dataSet": "ds", "period": "201908", "orgUnit": "ou", "attributeOptionCombo": "x", "dataValues": rows}
    )
    frames = list(server.client.iter_data_values(**(ONE_CELL | {"children": True}), batch_rows=20_000))
    assert [frame.height for frame in frames] == [20_000, 20_000, 10_000]
    whole = pl.concat(frames)
    assert whole.select("data_set", "period", "org_unit", "attribute_option_combo").unique().rows() == [
        ("ds", "201908", "ou", "x")
    ]
    assert whole["value"].to_list() == [str(index) for index in range(50_000)]


def test_an_older_server_leaves_out_what_was_asked_for_and_rows_still_have_it(served):
    assert everything(served({"dataValues": values(2)}))["data_set"].to_list() == ["BfMAe6Itzgt"] * 2


def test_the_data_set_is_unknown_when_several_were_asked_for(served):
    assert everything(served({"dataValues": values(1)}), data_sets=["a", "b"])["data_set"].to_list() == [None]


def test_what_neither_row_nor_envelope_says_is_null(served):
    frame = everything(served({"dataValues": [{"value": "1"}]}), periods=["1", "2"], children=True)
    assert frame.select("data_element", "period", "org_unit").row(0) == (None, None, None)


@pytest.mark.parametrize("name", ["data_values_empty.json", "data_values_only_common_fields.json"])
def test_a_recorded_answer_without_values_has_no_rows(served, recorded, name):
    assert everything(served(recorded(name))).height == 0


@pytest.mark.parametrize("body", [{}, {"dataValues": None}, {"dataValues": []}])
def test_an_empty_answer_has_no_rows(served, body):
    assert list(served(body).client.iter_data_values(**ONE_CELL)) == []


def test_the_query_is_asked_as_dhis2_wants_it(served):
    server = served({})
    list(
        server.client.iter_data_values(
            data_sets=["a", "b"], start=date(2024, 1, 1), end=date(2024, 2, 29), org_units=["o"], include_deleted=True
        )
    )
    query = server.requests[0].url.params
    assert query.get_list("dataSet") == ["a", "b"]
    assert (query["startDate"], query["endDate"], query["children"]) == ("2024-01-01", "2024-02-29", "true")
    assert query["includeDeleted"] == "true"
    assert "period" not in query


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"data_sets": []}, "data set or data element"),
        ({"org_units": []}, "organisation unit"),
        ({"periods": []}, "periods, or a start and an end"),
        ({"start": date(2024, 1, 1)}, "not both"),
        ({"periods": [], "start": date(2024, 1, 2), "end": date(2024, 1, 1)}, "start lies after"),
        ({"data_sets": [], "org_units": []}, "data element; name at least one organisation unit"),
        ({"batch_rows": 0}, "at least 1 row"),
    ],
)
def test_an_incomplete_query_is_refused_before_anything_is_asked(served, query, words):
    server = served({})
    with pytest.raises(UsageError, match=words):
        list(server.client.iter_data_values(**(ONE_CELL | query)))
    assert server.requests == []


def json_bytes(content):
    return httpx.Response(200, headers={"Content-Type": "application/json;charset=UTF-8"}, content=content)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.99])
def test_an_answer_cut_off_anywhere_is_unavailable(served, share):
    body = json.dumps({"dataSet": "x", "dataValues": values(2_000)}).encode()
    with pytest.raises(RemoteUnavailable, match="broke off"):
        everything(served(json_bytes(body[: int(len(body) * share)])))


def test_a_connection_that_breaks_in_the_middle_is_unavailable(served):
    def body():
        yield b'{"dataValues":[{"value":"1"},'
        raise httpx.ReadError("reset")

    server = served(lambda _: json_bytes(body()))
    with pytest.raises(RemoteUnavailable, match="broke off"):
        everything(server)


@pytest.mark.parametrize("cut", [0, 30])
def test_an_answer_that_broke_off_before_the_first_batch_is_asked_for_again(served, cut):
    body = json.dumps({"dataValues": values(3)}).encode()
    answers = [body[:cut], body[:cut], body]
    server = served(lambda _: json_bytes(answers.pop(0)))
    assert everything(server).height == 3
    assert len(server.clock.sleeps) == 2


def test_an_answer_that_broke_off_later_is_not_given_twice(served):
    body = json.dumps({"dataValues": values(20_000)}).encode()[:-10]
    server = served(json_bytes(body))
    batches = server.client.iter_data_values(**ONE_CELL, batch_rows=100)
    assert next(batches).height == 100
    with pytest.raises(RemoteUnavailable):
        list(batches)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"12",
        b'{"dataValues":[1,2]} and some more text',
        b'{"dataValues":[{"value":nonsense}],"period":"201908"}',
        b'{"dataValues":{"a":1}}',
        b'{"dataValues":[{"value":"\xff"}]}',
    ],
)
def test_what_is_no_data_value_set_is_an_unexpected_answer(served, body):
    with pytest.raises(UnexpectedAnswer):
        everything(served(json_bytes(body)))


def test_a_refusal_is_one_whatever_its_status(served):
    refusal = {
        "httpStatus": "Conflict",
        "httpStatusCode": 409,
        "status": "ERROR",
        "message": "No",
        "errorCode": "E2001",
    }
    for status in (409, 200):
        with pytest.raises(QueryRefused) as caught:
            everything(served(httpx.Response(status, json=refusal)))
        assert caught.value.code == "E2001"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(302, headers={"Location": "/login/"}),
        httpx.Response(200, html="<title>Login</title>"),
        httpx.Response(401, json={}),
    ],
)
def test_a_login_page_is_no_data(served, answer):
    with pytest.raises(AuthenticationFailed):
        everything(served(answer))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2012-08-11T01:02:03.456+0000", datetime(2012, 8, 11, 1, 2, 3, 456_000, UTC)),
        ("2012-08-11T01:02:03.456+0200", datetime(2012, 8, 10, 23, 2, 3, 456_000, UTC)),
        ("2012-08-11T01:02:03.456", datetime(2012, 8, 11, 1, 2, 3, 456_000, UTC)),
        ("2012-08-11T01:02:03", datetime(2012, 8, 11, 1, 2, 3, 0, UTC)),
        ("2012-08-11T01:02:03Z", datetime(2012, 8, 11, 1, 2, 3, 0, UTC)),
        ("yesterday", None),
        (None, None),
    ],
)
def test_moments_are_in_utc(served, text, moment):
    assert everything(served({"dataValues": values(1, created=text)}))["created"].to_list() == [moment]


def test_parquet_holds_what_the_batches_hold(served, tmp_path):
    server = served({"period": "201908", "dataValues": values(25_000)})
    target = tmp_path / "new" / "values.parquet"
    assert server.client.write_data_values(target, **ONE_CELL, batch_rows=10_000) == 25_000
    assert pl.read_parquet(target).equals(everything(server))
    assert list(target.parent.iterdir()) == [target]


def test_parquet_without_rows_has_the_columns(served, tmp_path):
    assert served({}).client.write_data_values(tmp_path / "v.parquet", **ONE_CELL) == 0
    assert pl.read_parquet(tmp_path / "v.parquet").schema == DATA_VALUE_SCHEMA


def test_an_answer_that_breaks_off_leaves_the_old_file_whole(served, tmp_path):
    target = tmp_path / "values.parquet"
    served({"dataValues": values(3)}).client.write_data_values(target, **ONE_CELL)
    body = json.dumps({"dataValues": values(50_000)}).encode()[:-10]
    with pytest.raises(RemoteUnavailable):
        served(json_bytes(body)).client.write_data_values(target, **ONE_CELL, batch_rows=1_000)
    assert pl.read_parquet(target).height == 3
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_cannot_be_made_is_a_storage_error(served, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        served({"dataValues": values(3)}).client.write_data_values(tmp_path / "file" / "v.parquet", **ONE_CELL)


@pytest.mark.service
def test_a_full_disk_is_a_storage_error_and_leaves_nothing(tmp_path):
    """A small tmpfs in a namespace of its own, where the system allows it."""
    program = """
import os, sys
from pathlib import Path
import polars as pl
from prefect_patterns.dhis2.data_values import write_parquet
from prefect_patterns.errors import StorageError
batches = (pl.DataFrame({"n": pl.int_range(0, 100_000, eager=True).shuffle(seed)}) for seed in range(50))
try:
    write_parquet(batches, Path(sys.argv[1], "v.parquet"), {"n": pl.Int64()})
except StorageError as error:
    print(error.reason, os.listdir(sys.argv[1]))
"""
    mount = ["unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=2m tmpfs "$1" && exec "$2" -c "$3" "$1"', "sh"]
    done = subprocess.run([*mount, str(tmp_path), sys.executable, program], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no tmpfs in a namespace here: {done.stderr.strip()[-200:]}")
    assert done.stdout.strip() == "No space left on device []"
