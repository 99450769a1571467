"""The forms of `GET /api/dataValueSets`: identifier schemes, compressed files, attachments, CSV."""

import gzip
import io
import zipfile

import polars as pl
import pytest

from prefect_patterns.sandbox.dhis2.data_value_sets import export
from prefect_patterns.sandbox.dhis2.data_value_text import stream_csv

PATH = "/api/dataValueSets"
FACILITY = "DiszpKrYNg8"
ONE = {"dataSet": "BfMAe6Itzgt", "period": "202605", "orgUnit": FACILITY}


def rows(client, **query):
    answer = client.get(PATH, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["dataValues"]


@pytest.mark.parametrize(
    ("scheme", "expected"),
    [
        ({"idScheme": "CODE"}, ("DE_359706", "OU_559", "COC_292")),
        ({"idScheme": "name"}, ("BCG doses given", "Ngelehun CHC", "Fixed, <1y")),
        ({"orgUnitIdScheme": "code"}, ("s46m5MS0hxu", "OU_559", "Prlt0C1RF0s")),
        ({"idScheme": "ATTRIBUTE:notThere123"}, ("s46m5MS0hxu", FACILITY, "Prlt0C1RF0s")),
    ],
)
def test_rows_name_their_objects_by_the_scheme_that_is_asked_for(client, metadata, scheme, expected):
    query = {"dataElement": "s46m5MS0hxu", "period": ["202605", "202606"], "orgUnit": [FACILITY, "Rp268JB6Ne4"]}
    found = {
        (row["dataElement"], row["orgUnit"], row["categoryOptionCombo"]) for row in rows(client, **query, **scheme)
    }
    if "DE_" in expected[0]:
        expected = (metadata.collections["dataElements"]["s46m5MS0hxu"]["code"], *expected[1:])
    assert expected in found


def test_objects_may_be_asked_for_by_their_code(client, metadata):
    code = metadata.collections["dataSets"]["BfMAe6Itzgt"]["code"]
    found = rows(client, dataSet=code, period="202605", orgUnit="OU_559", inputIdScheme="CODE")
    assert found == rows(client, **ONE)


@pytest.mark.parametrize("suffix", ["json", "csv"])
@pytest.mark.parametrize("form", ["gzip", "zip"])
def test_the_answer_can_be_a_compressed_file(client, suffix, form):
    plain = client.get(f"{PATH}.{suffix}", params=ONE)
    answer = client.get(f"{PATH}.{suffix}", params={**ONE, "compression": form})
    ending = {"gzip": "gz", "zip": "zip"}[form]
    assert answer.headers["content-disposition"] == f'attachment; filename="dataValues.{suffix}.{ending}"'
    assert answer.headers["content-type"] == f"application/{form}"
    if form == "gzip":
        assert gzip.decompress(answer.content) == plain.content
    else:
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.read(f"dataValues.{suffix}") == plain.content


@pytest.mark.parametrize(("name", "given"), [("values.json", "values.json"), ('a"b/../c', "dataValues.json")])
def test_the_answer_can_be_an_attachment_with_a_harmless_name(client, name, given):
    answer = client.get(PATH, params={**ONE, "attachment": name})
    assert answer.headers["content-disposition"] == f'attachment; filename="{given}"'


def test_csv_has_the_columns_of_the_server_and_the_same_values(client):
    query = {**ONE, "includeDeleted": "true", "orgUnit": "ImspTQPwCqd", "children": "true"}
    text = client.get(f"{PATH}.csv", params=query).text
    frame = pl.read_csv(text.encode(), infer_schema=False)
    assert frame.columns == [
        *("dataelement", "period", "orgunit", "categoryoptioncombo", "attributeoptioncombo", "value", "storedby"),
        *("lastupdated", "comment", "followup", "deleted"),
    ]
    found = rows(client, **query)
    assert frame["value"].to_list() == [row["value"] for row in found]
    assert frame["deleted"].to_list() == ["true" if row.get("deleted") else None for row in found]


@pytest.mark.parametrize("suffix", ["xml", "adx"])
def test_what_the_sandbox_does_not_imitate_it_says(client, suffix):
    answer = client.get(f"{PATH}.{suffix}", params=ONE)
    assert answer.status_code == 501
    assert "does not imitate" in answer.json()["message"]


def test_every_piece_of_csv_is_whole_lines(metadata, values):
    query = {"dataSet": ["QX4ZTUbOt3a"], "period": ["202605"], "orgUnit": ["ImspTQPwCqd"], "children": ["true"]}
    pieces = list(stream_csv(values, export(metadata, values, query)))
    assert len(pieces) > 2
    assert all(piece.endswith(b"\n") for piece in pieces)
