"""`/api/metadata`, `/api/dataEntry/metadata`, `/api/schemas`."""

import gzip
import json
from importlib.resources import files

import pytest

from prefect_patterns.sandbox.dhis2.export import data_entry_metadata
from prefect_patterns.sandbox.dhis2.metadata import Metadata
from prefect_patterns.sandbox.dhis2.release import RELEASES

EXPORT = "/api/metadata"


def keys(answer):
    assert answer.status_code == 200, answer.text
    return set(answer.json()) - {"system"}


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize("suffix", ["", ".json"])
def test_the_export_says_of_which_server_it_is(client_of, version, suffix):
    client = client_of(version)
    info = client.get("/api/system/info").json()
    system = client.get(f"{EXPORT}{suffix}?constants=true").json()["system"]
    assert list(system) == ["id", "rev", "version", "date"]
    assert system["id"] == info["systemId"]
    assert system["version"] == info["version"]
    assert system["date"] == "2026-07-15T12:00:00.000"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("organisationUnits=true&dataSets=true", {"organisationUnits", "dataSets"}),
        ("constants:fields=id", {"constants"}),
        ("constants:filter=name:eq:Pi", {"constants"}),
        ("constants:filter=name:eq:Tau", set()),
        ("programs=true", set()),
        ("nothings=true&constants=true", {"constants"}),
        ("assumeTrue=false", set()),
        ("assumeTrue=false&attributes=true", {"attributes"}),
    ],
)
def test_the_classes_of_the_export_are_chosen_by_name(client, query, expected):
    assert keys(client.get(f"{EXPORT}?{query}")) == expected


def test_without_a_choice_everything_that_there_is_is_exported(client):
    found = keys(client.get(f"{EXPORT}?fields=id&organisationUnits=false"))
    assert {"dataElements", "indicators", "categories", "users", "constants"} <= found
    assert not {"organisationUnits", "programs"} & found


def test_an_exported_object_has_what_it_owns_unless_fields_say_otherwise(client):
    (constant,) = client.get(f"{EXPORT}?constants=true").json()["constants"]
    assert {"id", "name", "value", "created"} <= set(constant)
    assert "displayName" not in constant
    body = client.get(f"{EXPORT}?constants=true&dataSets=true&fields=id&dataSets:fields=name").json()
    assert body["constants"] == [{"id": "bCqvfPR02Im"}]
    assert set(body["dataSets"][0]) == {"name"}


def test_filters_and_orders_are_of_all_classes_or_of_one(client):
    query = "organisationUnits=true&dataSets=true&fields=name&filter=name:ilike:bo"
    body = client.get(f"{EXPORT}?{query}").json()
    assert all("bo" in each["name"].lower() for name in ("organisationUnits",) for each in body[name])
    body = client.get(f"{EXPORT}?{query}&organisationUnits:filter=level:eq:2&organisationUnits:order=name:desc").json()
    names = [each["name"] for each in body["organisationUnits"]]
    assert len(names) == 13
    assert names == sorted(names, reverse=True)


@pytest.mark.parametrize("version", RELEASES)
def test_root_junction_of_an_export_is_ignored_without_a_word(client_of, version):
    query = "organisationUnits=true&fields=id&filter=name:eq:Bo&filter=name:eq:Kono"
    assert keys(client_of(version).get(f"{EXPORT}?{query}&rootJunction=OR")) == set()


def test_defaults_can_be_excluded_from_an_export(client):
    body = client.get(f"{EXPORT}?categoryCombos=true&dataSets=true&fields=name,categoryCombo&defaults=EXCLUDE").json()
    assert "default" not in {each["name"] for each in body["categoryCombos"]}
    assert not any("categoryCombo" in each for each in body["dataSets"] if each["name"] == "IDSR Weekly")


def test_an_export_can_be_a_download(client):
    answer = client.get(f"{EXPORT}?constants=true&download=true")
    assert answer.headers["content-disposition"] == "attachment; filename=metadata.json"


def test_a_wrong_filter_of_an_export_is_refused(client):
    answer = client.get(f"{EXPORT}?constants:filter=nothing:eq:1")
    assert answer.status_code == 400
    assert answer.json()["message"] == "Unknown path property: nothing"


@pytest.mark.parametrize(
    "name", ["categories", "categoryCombos", "categoryOptions", "dataElements", "dataSets", "indicators", "optionSets"]
)
def test_metadata_for_data_entry_is_as_recorded_of_2_43_in_full(client, name):
    packed = (files("prefect_patterns.sandbox.dhis2") / "data" / f"{name}.ndjson.gz").read_bytes()
    recorded = [json.loads(line) for line in gzip.decompress(packed).splitlines()]
    assert client.get("/api/dataEntry/metadata").json()[name] == recorded


def test_metadata_for_data_entry_follows_a_patch_and_the_scale():
    changed = {
        "dataSets": {"BfMAe6Itzgt": {"name": "Changed", "code": None}},
        "optionSets": {"NewOptions1": {"name": "N"}},
    }
    found = data_entry_metadata(Metadata(changed, scale=2))
    (data_set,) = [each for each in found["dataSets"] if each["id"] == "BfMAe6Itzgt"]
    assert data_set["name"] == "Changed"
    assert "code" not in data_set
    assert len(data_set["organisationUnits"]) > 2000
    assert all(isinstance(uid, str) for uid in data_set["organisationUnits"])
    assert {"id": "NewOptions1", "name": "N"} in found["optionSets"]


def test_schemas_name_the_classes_and_their_properties(client):
    found = {each["plural"]: each for each in client.get("/api/schemas").json()["schemas"]}
    units = found["organisationUnits"]
    assert units["singular"] == "organisationUnit"
    properties = {each["fieldName"]: each for each in units["properties"]}
    assert properties["level"]["propertyType"] == "INTEGER"
    assert properties["parent"]["propertyType"] == "REFERENCE"
    assert (properties["children"]["propertyType"], properties["children"]["owner"]) == ("COLLECTION", False)
    assert properties["geometry"]["persisted"]


@pytest.mark.parametrize("name", ["dataElement", "dataElements", "dataElement.json"])
def test_one_schema_is_asked_for_by_its_name(client, name):
    assert client.get(f"/api/schemas/{name}?fields=singular").json() == {"singular": "dataElement"}


def test_an_unknown_schema_is_404(client):
    assert client.get("/api/schemas/nothing").status_code == 404
