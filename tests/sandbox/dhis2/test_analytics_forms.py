"""The forms of an analytics answer: metadata as recorded, CSV and pages, raw data, data value sets, tables."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import polars as pl
import pytest

PATH = "/api/analytics"
RECORDED = Path(__file__).parents[2] / "data" / "dhis2"
ANC1, PENTA3, BO, ROOT = "fbfJHSPpUQD", "n6aMJNLdvep", "O6uvpzGd5pu", "ImspTQPwCqd"
PLAIN = {"dimension": [f"dx:{ANC1}", "pe:202601", "ou:LEVEL-2"]}
# Where ours has names that a server of 2.36 did not give, or the texts of the metadata were changed since.
OWN = {"name", "description", "legendSet", "code"}


def recorded(number):
    return json.loads((RECORDED / f"analytics.2.36.{number}.json").read_text())


def asked(path, **changes):
    query = [(name, value) for name, value in parse_qsl(urlsplit(path).query) if name not in changes]
    return [*query, *changes.items()]


@pytest.mark.parametrize("number", ["01", "03", "05", "07", "09"])
def test_recorded_answers_with_data_have_our_headers_and_shape(client, number):
    was = recorded(number)
    path = was["path"]
    for indicator in ("sB79w2hiLp8", "eTDtyyaSA7f"):  # ours does not have them
        path = path.replace(indicator, "SdAnc1stCov")
    found = client.get(PATH, params=asked(path)).json()
    kept = {"headers", "metaData", "headerWidth"}
    assert {name: found[name] for name in kept} == {name: was["response"][name] for name in kept}
    assert set(found) == set(was["response"])
    assert {len(row) for row in found["rows"]} == {len(row) for row in was["response"]["rows"]}
    assert all(re.fullmatch(r"-?[0-9]+(\.[0-9]{1,2})?", row[-1]) for row in found["rows"])


@pytest.mark.parametrize("number", ["02", "04", "06", "08"])
def test_recorded_metadata_in_detail_have_our_shape(client, number):
    was = recorded(number)
    changes = {"relativePeriodDate": "2020-10-20"}
    if "sB79w2hiLp8" in was["path"]:
        changes["filter"] = "dx:SdAnc1stCov"
    found = client.get(PATH, params=asked(was["path"], **changes)).json()
    assert (found["headers"], found["rows"], found["width"], found["height"]) == ([], [], 0, 0)
    theirs, ours = was["response"]["metaData"], found["metaData"]
    assert set(ours) == set(theirs)
    assert ours["dimensions"]["pe"] == theirs["dimensions"]["pe"]
    assert set(ours["dimensions"]) == set(theirs["dimensions"])
    shared = set(ours["items"]) & set(theirs["items"])
    assert len(shared) > len(theirs["items"]) / 2
    for uid in shared:
        kept = set(theirs["items"][uid]) - OWN
        assert {key: ours["items"][uid].get(key) for key in kept} == {key: theirs["items"][uid][key] for key in kept}


def test_names_may_be_the_short_ones(client):
    query = {"dimension": ["dx:SdPenta3Cov", "ou:DiszpKrYNg8", "pe:2025"]}
    items = client.get(PATH, params={**query, "displayProperty": "SHORTNAME"}).json()["metaData"]["items"]
    assert items["DiszpKrYNg8"] == {"name": "Ngelehun CHC"}


def test_the_place_of_units_in_the_tree_is_told_on_request(client):
    query = {"dimension": [f"dx:{ANC1}", f"ou:YuQRtpLP10I;{BO}", "pe:2025"]}
    meta = client.get(PATH, params={**query, "hierarchyMeta": "true", "showHierarchy": "true"}).json()["metaData"]
    assert meta["ouHierarchy"] == {"YuQRtpLP10I": f"{ROOT}/{BO}", BO: ROOT}
    assert meta["ouNameHierarchy"] == {"YuQRtpLP10I": "/Sierra Leone/Bo/Badjia", BO: "/Sierra Leone/Bo"}
    assert meta["items"][ROOT] == {"name": "Sierra Leone"}
    assert not {"ouHierarchy", "ouNameHierarchy"} & set(client.get(PATH, params=query).json()["metaData"])


def test_metadata_can_be_left_out(client):
    assert client.get(PATH, params={**PLAIN, "skipMeta": "true"}).json()["metaData"] == {}


def test_csv_has_a_line_of_display_names_and_is_an_attachment(client):
    answer = client.get(f"{PATH}.csv", params=PLAIN)
    assert answer.headers["content-disposition"] == 'attachment; filename="data.csv"'
    assert answer.headers["content-type"].startswith("application/csv")
    head, *lines = answer.text.splitlines()
    assert head == "Data,Period,Organisation unit,Value"
    assert [line.split(",") for line in lines] == client.get(PATH, params=PLAIN).json()["rows"]


def test_what_the_client_accepts_decides_without_a_suffix(client):
    answer = client.get(PATH, params=PLAIN, headers={"accept": "application/csv"})
    assert answer.text.startswith("Data,Period")


def test_missing_numerators_are_empty_in_csv(client):
    answer = client.get(f"{PATH}.csv", params={**PLAIN, "includeNumDen": "true"})
    assert answer.text.splitlines()[1].endswith(",,,,,")


@pytest.mark.parametrize("version", ["40", "41", "42", "43"])
@pytest.mark.parametrize("suffix", ["csv", "xml", "html"])
def test_errors_of_csv_and_the_like_come_as_200(client_of, version, suffix):
    answer = client_of(version).get(f"{PATH}.{suffix}", params={"dimension": [f"dx:{ANC1}", "zz:1"]})
    good = {"csv": "application/csv", "xml": "application/xml", "html": "text/html"}[suffix]
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'inline; filename="error.html"'
    assert answer.headers["content-type"].startswith(good)
    assert answer.text == "E7125: Dimension identifier does not reference any dimension: `{0}`"


@pytest.mark.parametrize("path", ["analytics.json", "analytics/rawData.csv", "analytics/dataValueSet.csv"])
def test_errors_of_the_other_forms_are_409(client, path):
    answer = client.get(f"/api/{path}", params={"dimension": [f"dx:{ANC1}", "zz:1"]})
    assert (answer.status_code, answer.json()["errorCode"]) == (409, "E7125")


@pytest.mark.parametrize("suffix", ["xls", "xlsx"])
def test_spreadsheets_are_not_imitated(client, suffix):
    answer = client.get(f"{PATH}.{suffix}", params=PLAIN)
    assert (answer.status_code, answer.json()["httpStatus"]) == (501, "Not Implemented")


def test_xml_and_a_page_have_the_rows_too(client):
    rows = client.get(PATH, params=PLAIN).json()["rows"]
    grid = ElementTree.fromstring(client.get(f"{PATH}.xml", params=PLAIN).text)
    spaces = {"d": "http://dhis2.org/schema/dxf/2.0"}
    assert [[cell.text for cell in row] for row in grid.iterfind("d:rows/d:row", spaces)] == rows
    assert f"<td>{rows[0][-1]}</td>" in client.get(f"{PATH}.html", params=PLAIN).text


@pytest.mark.parametrize("path", ["rawData", "dataValueSet"])
def test_raw_data_and_data_value_sets_need_their_suffix(client, path):
    assert client.get(f"{PATH}/{path}", params=PLAIN).status_code == 404


def test_raw_data_are_the_single_values(client, oracle):
    query = {"dimension": [f"dx:{ANC1}", "pe:2025Q4", f"ou:{BO}"], "skipMeta": "true"}
    body = client.get(f"{PATH}/rawData.json", params=query).json()
    names = ["dx", "pe", "ou", "pestartdate", "peenddate", "value"]
    assert [header["name"] for header in body["headers"]] == names
    frame = pl.DataFrame(body["rows"], schema=names, orient="row")
    expected = oracle.execute(
        f"SELECT period, count(*), sum(value) FROM fact WHERE de = '{ANC1}' AND ou = '{BO}' "
        "AND period BETWEEN '202510' AND '202512' GROUP BY period ORDER BY period"
    ).fetchall()
    found = frame.group_by("pe").agg(pl.len(), pl.col("value").cast(pl.Float64).sum()).sort("pe")
    assert found.rows() == [(month, count, float(total)) for month, count, total in expected]
    assert set(frame.filter(pl.col("pe") == "202512")["peenddate"]) == {"2025-12-31 00:00:00.0"}


def test_raw_data_show_the_units_above_on_request(client):
    query = {"dimension": [f"dx:{ANC1}", "pe:202601", "ou:DiszpKrYNg8"], "showHierarchy": "true"}
    lines = client.get(f"{PATH}/rawData.csv", params=query).text.splitlines()
    assert lines[0].startswith("Data,Period,Organisation unit,National,District,Chiefdom,Facility,")
    assert lines[1].split(",")[3:7] == [ROOT, BO, "YuQRtpLP10I", "DiszpKrYNg8"]


def test_a_data_value_set_has_one_value_for_each_row(client):
    query = {"dimension": [f"dx:{ANC1};{PENTA3}.Prlt0C1RF0s", "pe:202601", f"ou:{BO}"]}
    rows = {row[0]: row[-1] for row in client.get(PATH, params=query).json()["rows"]}
    values = client.get(f"{PATH}/dataValueSet.json", params=query).json()["dataValues"]
    assert [(each["dataElement"], each.get("categoryOptionCombo"), each["value"]) for each in values] == [
        (ANC1, None, rows[ANC1]),
        (PENTA3, "Prlt0C1RF0s", rows[f"{PENTA3}.Prlt0C1RF0s"]),
    ]
    assert values[0]["comment"] == values[0]["storedBy"] == "[aggregated]"
    lines = client.get(f"{PATH}/dataValueSet.csv", params=query).text.splitlines()
    assert lines[0].startswith("data_element,period,organisation_unit,category_option_combo,")
    assert lines[2].startswith(f"{PENTA3},202601,{BO},Prlt0C1RF0s,,{rows[f'{PENTA3}.Prlt0C1RF0s']},")


@pytest.mark.parametrize(("missing", "code"), [("dx", "E7117"), ("pe", "E7118"), ("ou", "E7119")])
def test_a_data_value_set_needs_three_dimensions(client, missing, code):
    parts = {"dx": f"dx:{ANC1}", "pe": "pe:202601", "ou": f"ou:{BO}"}
    query = {"dimension": [part for name, part in parts.items() if name != missing], "filter": parts[missing]}
    answer = client.get(f"{PATH}/dataValueSet.json", params=query)
    assert (answer.status_code, answer.json()["errorCode"]) == (409, code)


def test_a_table_has_rows_and_columns(client):
    query = {"dimension": [f"dx:{ANC1};{PENTA3}", "pe:202601;202602", "ou:LEVEL-2"], "columns": "dx;pe", "rows": "ou"}
    body = client.get(PATH, params=query).json()
    assert [header["column"] for header in body["headers"][:5]] == [
        "Organisation unit ID",
        "Organisation unit",
        "Organisation unit code",
        "Organisation unit description",
        "ANC 1st visit January 2026",
    ]
    (bo,) = [row for row in body["rows"] if row[0] == BO]
    plain = client.get(PATH, params={"dimension": query["dimension"]}).json()["rows"]
    assert bo[1:3] == ["Bo", "OU_264"]
    assert sorted(bo[4:]) == sorted(row[-1] for row in plain if BO in row)


def test_empty_rows_of_a_table_can_be_hidden(client):
    query = {"dimension": [f"dx:{ANC1}", "pe:202601", f"ou:{BO}", "YNZyaJHiHYq"], "columns": "dx;pe;YNZyaJHiHYq",
             "rows": "ou"}  # fmt: skip
    assert len(client.get(PATH, params=query).json()["rows"]) == 1
    assert client.get(PATH, params={**query, "hideEmptyRows": "true"}).json()["rows"] == []


def test_empty_columns_of_a_table_can_be_hidden(client):
    query = {"dimension": [f"dx:{ANC1}", "pe:202601;209901", f"ou:{BO}"], "columns": "pe", "rows": "ou"}
    for hidden, columns in (("false", ["202601", "209901"]), ("true", ["202601"])):
        body = client.get(PATH, params={**query, "hideEmptyColumns": hidden}).json()
        assert [header["name"] for header in body["headers"][4:]] == columns


def test_a_table_of_too_many_combinations_is_an_error_page(client):
    query = {"dimension": ["dx:DE_GROUP-oDkJh5Ddh7d", "pe:LAST_52_WEEKS", "ou:LEVEL-4"], "columns": "dx;pe;ou"}
    answer = client.get(f"{PATH}.csv", params=query)
    assert (answer.status_code, answer.text) == (200, "E7151: Too many combinations of columns or rows.")
    json_answer = client.get(PATH, params=query)
    assert (json_answer.status_code, json_answer.json()["errorCode"]) == (409, "E7151")
