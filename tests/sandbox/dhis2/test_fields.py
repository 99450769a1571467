"""What `fields` shows of an object."""

import pytest

from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.fields import parse_fields, picker, select
from prefect_patterns.sandbox.dhis2.metadata import Metadata
from prefect_patterns.sandbox.dhis2.seeded_groups import FACILITY_OWNER

FACILITY = "DiszpKrYNg8"
HOSPITAL = "rZxk3S0qN63"
PARENT = {"id": "YuQRtpLP10I"}


@pytest.fixture
def show(metadata):
    def shown(fields, collection="organisationUnits", uid=FACILITY):
        return select(metadata, collection, metadata.collections[collection][uid], parse_fields(fields))

    return shown


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("id", {"id": FACILITY}),
        ("id,id,id", {"id": FACILITY}),
        ("id, name", {"id": FACILITY, "name": "Ngelehun CHC"}),
        ("\tid ,\n name ", {"id": FACILITY, "name": "Ngelehun CHC"}),
        (",,id,,", {"id": FACILITY}),
        ("", {}),
        ("id,name,!name", {"id": FACILITY}),
        ("!name,id,name", {"id": FACILITY}),
        ("!name", {}),
    ],
)
def test_fields_are_names_joined_by_commas(show, fields, expected):
    assert show(fields) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("parent", PARENT),
        ("parent[]", PARENT),
        ("parent[name]", {"name": "Badjia"}),
        ("parent(name)", {"name": "Badjia"}),
        ("parent.name", {"name": "Badjia"}),
        ("parent.id,parent.name", {"id": "YuQRtpLP10I", "name": "Badjia"}),
        ("parent[id],parent[name]", {"id": "YuQRtpLP10I", "name": "Badjia"}),
        ("parent,parent[name]", {"name": "Badjia"}),
        ("parent[name,parent[id,parent[name]]]", {
            "name": "Badjia", "parent": {"id": "O6uvpzGd5pu", "parent": {"name": "Sierra Leone"}}
        }),
        ("parent[parent.parent(name)]", {"parent": {"parent": {"name": "Sierra Leone"}}}),
        ("parent[id,name],!parent.name", PARENT),
        ("parent[id,name,!name]", PARENT),
        ("parent[!name]", PARENT),
        ("parent[!id]", {}),
        ("*,!parent.id", {}),
        ("*,parent[name]", {"name": "Badjia"}),
        ("parent[nothing]", PARENT),
        ("parent[nothing[id],name]", {"name": "Badjia"}),
        ("parent[comment]", {}),
    ],
)  # fmt: skip
def test_nested_fields(show, fields, expected):
    assert show(fields)["parent"] == expected


def test_silent_unknown_fields(show):
    assert show("id,nothing,nothing[id],:nothing,nothing~size,!nothing,!nothing.id") == {"id": FACILITY}


def test_a_collection_of_references_shows_what_is_asked_of_each(show):
    assert show("ancestors[name]") == {"ancestors": [{"name": "Sierra Leone"}, {"name": "Bo"}, {"name": "Badjia"}]}
    assert show("ancestors")["ancestors"][0] == {"id": "ImspTQPwCqd"}


def test_a_bare_complex_shows_all_its_properties(show):
    (link, *_) = show("dataSetElements", "dataSets", "BfMAe6Itzgt")["dataSetElements"]
    assert {"dataElement", "dataSet"} <= set(link)
    assert set(link["dataElement"]) == {"id"}
    assert show("geometry")["geometry"]["type"] == "Point"


def test_references_inside_a_complex_are_followed(show):
    links = show("dataSetElements[dataElement[name]]", "dataSets", "BfMAe6Itzgt")["dataSetElements"]
    assert {"dataElement": {"name": "BCG doses given"}} in links


def test_a_group_s_sets_are_of_its_own_kind(show):
    units = show("groupSets[name]", "organisationUnitGroups", "CXw2yu5fodb")
    elements = show("groupSets[name]", "dataElementGroups", "oDkJh5Ddh7d")
    assert units == {"groupSets": [{"name": "Facility Type"}]}
    assert elements == {"groupSets": [{"name": "Main data element group"}]}


@pytest.mark.parametrize("written", ["{}~{}", "{}|{}", "{}::{}"])
@pytest.mark.parametrize(
    ("field", "transformer", "expected"),
    [
        ("ancestors", "size", {"ancestors": 3}),
        ("name", "size", {"name": 12}),
        ("level", "size", {"level": 4}),
        ("leaf", "size", {"leaf": True}),
        ("children", "isEmpty", {"children": True}),
        ("ancestors", "isNotEmpty", {"ancestors": True}),
        ("name", "isEmpty", {"name": "Ngelehun CHC"}),
        ("name", "rename(label)", {"label": "Ngelehun CHC"}),
        ("name", "rename", {"name": "Ngelehun CHC"}),
        ("ancestors", "pluck(id)", {"ancestors": ["ImspTQPwCqd", "O6uvpzGd5pu", "YuQRtpLP10I"]}),
        ("ancestors", "pluck", {"ancestors": ["ImspTQPwCqd", "O6uvpzGd5pu", "YuQRtpLP10I"]}),
        ("organisationUnitGroups", "keyBy(id)", {"organisationUnitGroups": {"CXw2yu5fodb": {"id": "CXw2yu5fodb"}}}),
        ("organisationUnitGroups", "pluck(name)", {"organisationUnitGroups": [{"id": "CXw2yu5fodb"}]}),
        ("name", "unheardOf(1)", {"name": "Ngelehun CHC"}),
    ],
)
def test_transformers(show, written, field, transformer, expected):
    assert show(written.format(field, transformer)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("children::size~rename(below)", {"below": 0}),
        ("children~rename(below)::size", {"below": 0}),
        ("parent[name]~rename(up)", {"parent": {"name": "Badjia"}}),  # after the brackets it is passed over
        ("ancestors~pluck(name)~rename(up)[name]", {"up": ["Sierra Leone", "Bo", "Badjia"]}),
        ("parent[name~rename(n),children::size]", {"parent": {"n": "Badjia", "children": 2}}),
        ("parent~rename(p)[id]", {"p": PARENT}),
        ("ancestors~keyBy(leaf)[leaf]", {"ancestors": {"false": [{"leaf": False}] * 3}}),
    ],
)
def test_transformers_are_combined_and_nested(fields, expected, show):
    assert show(fields) == expected


def test_an_attribute_is_shown_by_its_uid(show):
    assert show(f"id,{FACILITY_OWNER}", uid=HOSPITAL) == {"id": HOSPITAL, FACILITY_OWNER: "Government"}
    assert show(f"id,{FACILITY_OWNER}") == {"id": FACILITY}
    values = show("attributeValues[value,attribute[id,name]]", uid=HOSPITAL)["attributeValues"]
    assert values == [{"value": "Government", "attribute": {"id": FACILITY_OWNER, "name": "Facility owner"}}]


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


def test_owner_of_an_option_set_has_its_options(show, metadata):
    uid = next(iter(metadata.collections["optionSets"]))
    assert show(":owner", "optionSets", uid)["options"]


def test_persisted_has_the_far_side_of_relations_too_but_nothing_computed(show):
    unit = show(":persisted")
    assert {"children", "organisationUnitGroups", "dataSets", "parent"} <= set(unit)
    assert not {"displayName", "leaf", "ancestors"} & set(unit)


@pytest.mark.parametrize("everything", ["*", ":all", "!:all"])
def test_all_shows_everything_with_references_as_ids(show, everything):
    unit = show(everything)
    assert {"children", "ancestors", "displayName", "leaf"} <= set(unit)
    assert unit["parent"] == PARENT


def test_presets_are_joined_with_fields_and_exclusions(show):
    unit = show(":identifiable,parent[name],!created")
    assert set(unit) == {"id", "name", "code", "lastUpdated", "parent"}
    assert set(show(":nameable")) == {"id", "name", "code", "created", "lastUpdated", "shortName"}
    assert not any(isinstance(value, dict | list) for value in show(":simple").values())
    assert set(show("parent[:identifiable]")["parent"]) == {"id", "name", "code", "created", "lastUpdated"}


def test_an_exclusion_inside_a_preset_does_not_touch_the_stored_object(show):
    assert "parent" in show(":all,!parent.id")
    assert show("parent") == {"parent": PARENT}


def test_defaults_can_be_left_out_of_references(metadata):
    def shown(fields, collection, uid):
        wanted = picker(metadata, collection, parse_fields(fields), exclude_defaults=True)
        return wanted.pick(metadata.collections[collection][uid])

    assert shown("id,categoryCombo", "dataSets", "Nyh6laLdBEJ") == {"id": "Nyh6laLdBEJ"}
    links = shown("dataSetElements", "dataSets", "Nyh6laLdBEJ")["dataSetElements"]
    assert all("categoryCombo" not in link for link in links)
    assert shown("categories", "categoryCombos", "bjDvmb4bfuf") == {"categories": []}


def test_nested_collections_without_an_order_can_be_shuffled(metadata):
    backwards = picker(
        metadata, "dataSets", parse_fields("dataSetElements,indicators"), shuffle=lambda items: items[::-1]
    )
    data_set = metadata.collections["dataSets"]["BfMAe6Itzgt"]
    assert backwards.pick(data_set)["dataSetElements"] == data_set["dataSetElements"][::-1]
    assert backwards.pick(data_set)["indicators"] == data_set["indicators"]


@pytest.mark.parametrize(
    "fields", ["parent[id", "parent[id]]", "parent]", "a;b", "parent[" * 5_000, "[", "(", "a~(", "ä"]
)
def test_fields_that_cannot_be_read_are_refused(fields):
    with pytest.raises(Refusal) as refusal:
        parse_fields(fields)
    assert refusal.value.status == 400


@pytest.mark.parametrize(
    ("collection", "fields"),
    [
        ("organisationUnits", "children[parent[" * 5 + "id" + "]]" * 5),
        ("organisationUnits", "dataSets[*]"),
        ("dataSets", "organisationUnits[dataSets[organisationUnits]]"),
    ],
)
def test_nesting_that_multiplies_is_refused_before_it_fills_the_memory(metadata, collection, fields):
    shows = picker(metadata, collection, parse_fields(fields))
    with pytest.raises(Refusal, match="so many nested objects") as refusal:
        for each in metadata.collections[collection].values():
            shows.pick(each)
    assert refusal.value.status == 409


@pytest.mark.parametrize(
    ("collection", "fields"),
    [
        ("organisationUnits", "*,ancestors[name],children[name,children[name]],dataSets[name]"),
        ("dataSets", "*,organisationUnits[name,parent[name]]"),
    ],
)
def test_what_is_asked_of_a_whole_collection_in_earnest_is_answered(metadata, collection, fields):
    objects = metadata.collections[collection]
    shows = picker(metadata, collection, parse_fields(fields))
    assert len([shows.pick(each) for each in objects.values()]) == len(objects)


def test_a_reference_to_nothing_shows_its_id():
    units = {"A0000000001": {"id": "A0000000001", "parent": {"id": "gone0000000"}}}
    shown = select(Metadata.of({"organisationUnits": units}), "organisationUnits", units["A0000000001"],
                   parse_fields("parent[id,name]"))  # fmt: skip
    assert shown == {"parent": {"id": "gone0000000"}}


def test_what_is_no_metadata_is_selected_from_alike(metadata):
    found = {"id": "me", "settings": {"a": 1, "b": 2}, "organisationUnits": [{"id": "ImspTQPwCqd"}], "none": []}
    wanted = parse_fields("settings[a],organisationUnits[name],none[x],gone")
    assert select(metadata, "", found, wanted) == {
        "settings": {"a": 1},
        "organisationUnits": [{"name": "Sierra Leone"}],
        "none": [],
    }
