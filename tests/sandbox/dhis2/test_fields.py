"""What `fields` shows of an object."""

import pytest

from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.fields import parse_fields, select

FACILITY = "DiszpKrYNg8"


@pytest.fixture
def show(metadata):
    def shown(fields, collection="organisationUnits", uid=FACILITY):
        return select(metadata, collection, metadata.collections[collection][uid], parse_fields(fields))

    return shown


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("id", {"id": FACILITY}),
        ("id,nothing,nothing[id]", {"id": FACILITY}),
        ("parent", {"parent": {"id": "YuQRtpLP10I"}}),
        ("parent[name]", {"parent": {"name": "Badjia"}}),
        ("parent(name)", {"parent": {"name": "Badjia"}}),
        ("parent.name", {"parent": {"name": "Badjia"}}),
        ("parent.id,parent.name", {"parent": {"id": "YuQRtpLP10I", "name": "Badjia"}}),
        ("parent[name,parent[id,parent[name]]]", {
            "parent": {"name": "Badjia", "parent": {"id": "O6uvpzGd5pu", "parent": {"name": "Sierra Leone"}}}
        }),
        ("ancestors[name]", {"ancestors": [{"name": "Sierra Leone"}, {"name": "Bo"}, {"name": "Badjia"}]}),
        ("ancestors~size", {"ancestors": 3}),
        ("children::size~rename(below)", {"below": 0}),
        ("ancestors|pluck(id)~rename(up)", {"up": ["ImspTQPwCqd", "O6uvpzGd5pu", "YuQRtpLP10I"]}),
        ("children~isEmpty,ancestors~isNotEmpty", {"children": True, "ancestors": True}),
        ("id, name", {"id": FACILITY, "name": "Ngelehun CHC"}),
        ("id,name,!name", {"id": FACILITY}),
        ("parent[id,name],!parent.name", {"parent": {"id": "YuQRtpLP10I"}}),
        ("", {}),
    ],
)  # fmt: skip
def test_fields(show, fields, expected):
    assert show(fields) == expected


def test_owner_has_what_the_object_itself_holds(show):
    unit = show(":owner")
    assert {"id", "name", "shortName", "code", "level", "path", "parent", "openingDate", "geometry"} <= set(unit)
    assert not {"children", "ancestors", "displayName", "organisationUnitGroups", "dataSets", "leaf"} & set(unit)


def test_owner_of_a_data_set_has_its_elements_and_units(show):
    data_set = show(":owner", "dataSets", "BfMAe6Itzgt")
    assert len(data_set["dataSetElements"]) == 31
    assert set(data_set["dataSetElements"][0]) == {"dataElement", "dataSet"}
    assert len(data_set["organisationUnits"]) == 1161
    assert "sections" not in data_set


def test_owner_of_a_category_combo_leaves_its_option_combos_to_them(show):
    assert "categoryOptionCombos" not in show(":owner", "categoryCombos", "KYYSTxeVw28")
    combo = show(":owner", "categoryOptionCombos", "pq2XI5kz2BY")
    assert combo["categoryCombo"] == {"id": "KYYSTxeVw28"}


@pytest.mark.parametrize("everything", ["*", ":all"])
def test_all_shows_everything_with_references_as_ids(show, everything):
    unit = show(everything)
    assert {"children", "ancestors", "displayName", "leaf"} <= set(unit)
    assert unit["parent"] == {"id": "YuQRtpLP10I"}


def test_presets_are_joined_with_fields_and_exclusions(show):
    unit = show(":identifiable,parent[name],!created")
    assert set(unit) == {"id", "name", "code", "lastUpdated", "parent"}
    assert set(show(":nameable")) == {"id", "name", "code", "created", "lastUpdated", "shortName"}
    assert not any(isinstance(value, dict | list) for value in show(":simple").values())


def test_an_exclusion_inside_a_preset_does_not_touch_the_stored_object(show):
    assert "parent" in show(":all,!parent.id")
    assert show("parent") == {"parent": {"id": "YuQRtpLP10I"}}


@pytest.mark.parametrize("fields", ["parent[id", "parent[id]]", "parent]", "a;b", "parent[" * 5_000])
def test_fields_that_cannot_be_read_are_refused(fields):
    with pytest.raises(Refusal) as refusal:
        parse_fields(fields)
    assert refusal.value.status == 400


def test_a_metadata_list_takes_the_same_grammar(client):
    query = "paging=false&filter=id:eq:SdPenta3Cov&fields=id,indicatorType[factor]"
    body = client.get(f"/api/indicators?{query}").json()
    assert body == {"indicators": [{"id": "SdPenta3Cov", "indicatorType": {"factor": 100}}]}


def test_owner_of_an_option_set_has_its_options(show, metadata):
    uid = next(iter(metadata.collections["optionSets"]))
    assert show(":owner", "optionSets", uid)["options"]
