"""`filter`, `rootJunction` and `query`: operators by release, paths, values, refusals."""

import pytest

from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.lists import matching, split_filters
from prefect_patterns.sandbox.dhis2.release import RELEASES, release_of
from prefect_patterns.sandbox.dhis2.seeded_groups import FACILITY_OWNER

UNITS = "organisationUnits"
NO_OPERATOR = "`{}` is not a valid operator."
SIMPLE = "Simple type was found before finished parsing path expression, please check your path string."


@pytest.fixture
def count(metadata):
    def counted(*filters, collection=UNITS, version="43", **more):
        passes = matching(metadata, collection, split_filters(filters), release_of(version), **more)
        return sum(map(passes, metadata.collections[collection].values()))

    return counted


@pytest.fixture
def refusal(metadata):
    def refused(text, collection=UNITS, version="43"):
        with pytest.raises(Refusal) as found:
            matching(metadata, collection, split_filters([text]), release_of(version))
        assert (found.value.status, found.value.code) == (400, "E1003")
        return found.value.message

    return refused


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("level:eq:2", 13),
        ("level:ne:4", 166),
        ("level:neq:4", 166),
        ("level:!eq:4", 166),
        ("level:gt:2", 1318),
        ("level:ge:2", 1331),
        ("level:gte:2", 1331),
        ("level:lt:3", 14),
        ("level:le:3", 166),
        ("level:lte:3", 166),
        ("level:in:[1,2]", 14),
        ("level:!in:[1,2]", 1318),
        ("level:like:2", 13),
        ("name:eq:Bo", 1),
        ("name:eq:bo", 0),
        ("name:like:Bombali", 2),
        ("name:like:bombali", 0),
        ("name:ilike:bombali", 2),
        ("name:!ilike:o", 643),
        ("name:$like:Bo ", 1),
        ("name:$ilike:bo ", 1),
        ("name:startsWith:BO ", 1),
        ("name:like$: CHC", 187),
        ("name:ilike$: chc", 187),
        ("name:endsWith: chc", 187),
        ("name:!like$: CHC", 1145),
        ("name:!ilike$: chc", 1145),
        ("name:!$like:Bo ", 1331),
        ("name:!$ilike:bo ", 1331),
        ("name:!like:Bombali", 1330),
        ("name:token:hosp bo", 2),
        ("name:token:BO-GOVT", 2),
        ("name:!token:chc", 1145),
        ("closedDate:null", 1327),
        ("closedDate:!null", 5),
        ("children:empty", 1166),
    ],
)
def test_operators_per_version_that_all_have(count, version, text, expected):
    assert count(text, version=version) == expected


@pytest.mark.parametrize(
    ("operator", "text", "releases"),
    [("ieq", "name:ieq:bo", ["41", "42", "43"]), ("!empty", "children:!empty", ["42", "43"])],
)
@pytest.mark.parametrize("version", RELEASES)
def test_operators_per_version_that_only_newer_ones_have(count, refusal, version, operator, text, releases):
    if version in releases:
        assert count(text, version=version) == {"ieq": 1, "!empty": 166}[operator]
    else:
        assert refusal(text, version=version) == NO_OPERATOR.format(operator)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("parent.id:eq:O6uvpzGd5pu", 15),
        ("parent.parent.name:eq:Bo", 125),
        ("parent.id:in:[O6uvpzGd5pu,fdc6uOvgoji]", 28),
        ("organisationUnitGroups.name:eq:Hospital", 36),
        ("organisationUnitGroups.groupSets.name:eq:Facility Type", 1130),
        ("dataSets.dataSetElements.dataElement.id:eq:s46m5MS0hxu", 1161),
        ("ancestors.name:eq:Badjia", 2),
        ("parent:null", 1),
        ("parent:!null", 1331),
        ("parent.closedDate:!null", 0),
    ],
)
def test_paths_cross_references_and_collections(count, text, expected):
    assert count(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("children:eq:15", 3),
        ("children:gt:14", 14),
        ("children:ge:15", 14),
        ("children:lt:1", 1166),
        ("children:ne:0", 166),
    ],
)
def test_collections_compare_their_size(count, text, expected):
    assert count(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lastUpdated:gt:2017", 1167),
        ("lastUpdated:ge:2014-12", 1171),
        ("lastUpdated:lt:2014-12-01", 161),
        ("lastUpdated:lt:2014-11-25T09:37:53.300", 86),
        ("lastUpdated:eq:2014-11-25T09:37:53.218", 2),
        ("lastUpdated:eq:2014-11-25T10:37:53.218+0100", 2),
        ("lastUpdated:eq:2014-11-25T09:37:53.218Z", 2),
        ("openingDate:eq:1994", 401),
        ("closedDate:in:[2008-12-01,2016-10-01]", 5),
        ("closedDate:ne:2016-10-01", 2),
    ],
)
def test_dates_may_be_partial_and_missing_ones_pass_no_comparison(count, text, expected):
    assert count(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("leaf:eq:false", 166), ("leaf:eq:TRUE", 1166), ("leaf:ne:true", 166), ("leaf:eq:perhaps", 166)],
)
def test_what_is_not_true_is_false(count, text, expected):
    assert count(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("valueType:eq:NUMBER", 452),
        ("valueType:in:[NUMBER,INTEGER]", 466),
        ("aggregationType:!eq:SUM", 23),
        ("code:null", 15),
        ("description:!null", 43),
        ("description:ne:nothing", 43),
        ("dataSetElements.dataSet.id:in:[BfMAe6Itzgt]", 31),
        ("name:eq:ANC 1st visit", 1),
        ("dataElementGroups.id:eq:oDkJh5Ddh7d", 13),
    ],
)
def test_filters_of_data_elements(count, text, expected):
    assert count(text, collection="dataElements") == expected


def test_values_keep_colons_and_in_lists_commas(metadata, count):
    assert split_filters(["name:eq:a:b:c"]) == ["name:eq:a:b:c"]
    assert split_filters(["name:in:[a,b:c],level:eq:2", "id:eq:x"]) == ["name:in:[a,b:c]", "level:eq:2", "id:eq:x"]
    assert count("lastUpdated:eq:2014-11-25T09:37:53.218,level:eq:3") == 2
    element = next(each for each in metadata.collections["dataElements"].values() if "," in each["name"])
    assert count(f"name:eq:{element['name']}", collection="dataElements") == 0  # outside a list, a comma ends a value


def test_filters_repeated_or_comma_joined_are_anded(count):
    assert count("level:eq:2", "name:in:[Bo,Kono]") == count("level:eq:2,name:in:[Bo,Kono]") == 2
    assert count() == count("") == 1332


def test_root_junction_or_takes_one_filter_as_enough(count):
    assert count("name:eq:Bo", "name:eq:Kono", any_of=True) == 2
    assert count(any_of=True) == 1332
    assert count("level:eq:1", any_of=True) == 1


@pytest.mark.parametrize(("term", "expected"), [("O6uvpzGd5pu", 1), ("OU_264", 1), ("bombali", 2), ("OU_26", 0)])
def test_query_is_id_or_code_or_part_of_the_name(count, term, expected):
    assert count(query=term) == expected


def test_query_is_anded_with_the_filters_whatever_joins_those(count):
    assert count("level:eq:2", query="bo") == 3
    assert count("level:eq:2", "level:eq:1", query="bo", any_of=True) == 3


def test_identifiable_looks_at_id_code_and_name(count):
    assert count("identifiable:token:bombali") == 2
    assert count("identifiable:eq:OU_264") == 1
    assert count("identifiable:in:[O6uvpzGd5pu,OU_525]") == 2


def test_an_attribute_is_filtered_by_its_uid(count):
    assert count(f"{FACILITY_OWNER}:eq:Government") == 36
    assert count(f"{FACILITY_OWNER}:null") == 1332 - count(f"{FACILITY_OWNER}:!null")


@pytest.mark.parametrize("version", RELEASES)
def test_the_value_of_an_attribute_is_a_path_on_2_41_only(count, refusal, version):
    text = "attributeValues.value:eq:Government"
    if version == "41":
        assert count(text, version=version) == 36
    else:
        assert refusal(text, version=version) == "Unknown path property: attributeValues.value"


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize(
    ("collection", "text", "message"),
    [
        (UNITS, "nothing:eq:1", "Unknown path property: nothing"),
        (UNITS, "nonexistent:eq:1", "Unknown path property: nonexistent"),
        (UNITS, "parent.nothing:eq:1", "Unknown path property: parent.nothing"),
        (UNITS, "geometry.type:eq:Point", "Unknown path property: geometry.type"),
        (UNITS, "identifiable:null", "Unknown path property: identifiable"),
        (UNITS, "name.id:eq:x", SIMPLE),
        (UNITS, "name", "Invalid filter => name"),
        (UNITS, "name:", "Invalid filter => name:"),
        (UNITS, "name:like", "Invalid filter => name:like"),
        (UNITS, ":eq:x", "Invalid filter => :eq:x"),
        (UNITS, "name:looks:x", NO_OPERATOR.format("looks")),
        (UNITS, "name:EQ:x", NO_OPERATOR.format("EQ")),
        (UNITS, "level:eq:two", "Unable to parse `two` as `Integer`."),
        (UNITS, "level:eq:2.5", "Unable to parse `2.5` as `Integer`."),
        (UNITS, "level:eq:99999999999", "Unable to parse `99999999999` as `Integer`."),
        (UNITS, "level:eq:²", "Unable to parse `²` as `Integer`."),
        (UNITS, "level:in:[1,two]", "Unable to parse `two` as `Integer`."),
        (UNITS, "children:gt:many", "Unable to parse `many` as `Integer`."),
        (UNITS, "name:in:Bo", "Invalid argument `Bo` for in operator."),
        (UNITS, "name:!in:[Bo", "Invalid argument `[Bo` for in operator."),
        (UNITS, "lastUpdated:gt:yesterday", "Unable to parse `yesterday` as `Date`."),
        (UNITS, "lastUpdated:gt:2024-13-01", "Unable to parse `2024-13-01` as `Date`."),
        (UNITS, "lastUpdated:gt:0000", "Unable to parse `0000` as `Date`."),
        (UNITS, "parent:eq:O6uvpzGd5pu", "Unable to parse `O6uvpzGd5pu` to `OrganisationUnit`."),
        (UNITS, "children:like:x", "`like` is not a valid operator for the collection `children`."),
        ("dataSets", "periodType:eq:Monthly", "Unable to parse `Monthly` to `PeriodType`."),
    ],
)  # fmt: skip
def test_wrong_filters_are_400_with_e1003_and_the_server_s_words(refusal, version, collection, text, message):
    assert refusal(text, collection, version) == message


def test_a_wrong_member_of_an_enumeration_is_told_the_right_ones(refusal):
    message = refusal("domainType:eq:NOTHING", "dataElements")
    assert message.startswith("Unable to parse `NOTHING` as `class org.hisp.dhis.dataelement.DataElementDomain`")
    assert message.endswith("available values are: [AGGREGATE, TRACKER]")
