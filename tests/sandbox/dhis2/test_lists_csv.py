"""A metadata list as CSV."""

import csv
import io

import pytest

UNITS = "/api/organisationUnits"


def test_a_list_as_csv(client):
    query = (
        "fields=id,name,level,leaf,parent,organisationUnitGroups,closedDate&pageSize=2&filter=name:like:Ngelehun CHC"
    )
    answer = client.get(f"{UNITS}.csv?{query}")
    assert answer.headers["content-type"] == "text/csv;charset=UTF-8"
    assert answer.text == (
        "id,name,level,leaf,parent,organisationUnitGroups,closedDate\n"
        "DiszpKrYNg8,Ngelehun CHC,4,true,YuQRtpLP10I,CXw2yu5fodb,\n"
    )


def test_csv_can_be_asked_for_by_accept_with_other_separators(client):
    query = "fields=id,children&separator=;&arraySeparator=|&skipHeader=true&filter=id:eq:YuQRtpLP10I"
    answer = client.get(f"{UNITS}?{query}", headers={"Accept": "text/csv"})
    (row,) = csv.reader(io.StringIO(answer.text), delimiter=";")
    assert row[0] == "YuQRtpLP10I"
    assert len(row[1].split("|")) == 2


@pytest.mark.parametrize("fields", ["", "fields=*", "fields=:all"])
def test_csv_without_names_has_id_and_name_and_pages_of_50(client, fields):
    lines = client.get(f"{UNITS}.csv?{fields}").text.splitlines()
    assert (lines[0], len(lines)) == ("id,displayName", 51)


def test_csv_passes_over_nested_and_unknown_fields_and_quotes_what_needs_it(client):
    text = client.get("/api/categoryOptions.csv?fields=id,nothing,groups[id,name],name&paging=false").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert set(rows[0]) == {"id", "name"}
    assert len(rows) == 82


def test_csv_of_what_is_complex_is_refused(client):
    message = "Invalid property selected. Make sure all properties are either simple or collections of refs / simple."
    answer = client.get(f"{UNITS}.csv?fields=id,geometry")
    assert (answer.status_code, answer.json()["message"]) == (409, message)
    assert client.get(f"{UNITS}.csv?separator=ab").status_code == 400
