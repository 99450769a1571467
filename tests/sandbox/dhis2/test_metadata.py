"""What is added to the recorded metadata, what a patch changes, and what the checks of a pipeline rely on."""

import re

import pytest
from starlette.testclient import TestClient

from prefect_patterns.analytics.expressions import parse
from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.dhis2.app import build_app, serve_app
from prefect_patterns.sandbox.dhis2.defects import DEFECTS
from prefect_patterns.sandbox.dhis2.metadata import COLLECTIONS, REFERENCES, Metadata
from prefect_patterns.sandbox.dhis2.schema import FAR_REFERENCES
from prefect_patterns.sandbox.dhis2.seeded import GONE_DATA_ELEMENT, SEEDED_INDICATORS
from prefect_patterns.sandbox.dhis2.seeded_groups import facility_type

UID = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")


def test_uids_are_uids_and_unique(metadata):
    uids = [uid for objects in metadata.collections.values() for uid in objects]
    assert all(UID.fullmatch(uid) for uid in uids)
    assert len(uids) == len(set(uids))


def test_nine_indicators_are_real_and_eight_are_marked_as_ours(metadata):
    indicators = metadata.collections["indicators"].values()
    ours = [each for each in indicators if str(each.get("code", "")).startswith("SEEDED_")]
    assert (len(indicators), len(ours)) == (17, 8)
    assert all("seeded" in each["description"] for each in ours)


def test_every_reference_leads_somewhere(metadata):
    for collection, objects in metadata.collections.items():
        names = REFERENCES.keys() | {name for owner, name in FAR_REFERENCES if owner == collection}
        for each in objects.values():
            for name in names & each.keys():
                for reference in each[name] if isinstance(each[name], list) else [each[name]]:
                    assert metadata.resolve(name, reference, collection) is not None, (each["id"], name, reference)


def test_data_sets_hold_known_elements_and_combos(metadata):
    for data_set in metadata.collections["dataSets"].values():
        for link in data_set["dataSetElements"]:
            assert link["dataElement"]["id"] in metadata.collections["dataElements"]
            assert link["dataSet"]["id"] == data_set["id"]


def test_the_only_unknown_operand_is_the_listed_defect(metadata):
    unknown = [
        indicator["id"]
        for indicator in metadata.collections["indicators"].values()
        for part in ("numerator", "denominator")
        for operand in parse(indicator[part]).operands
        if operand.data_element not in metadata.collections["dataElements"]
    ]
    listed = [defect for defect in DEFECTS if defect.rule == "operands known"]
    assert unknown == [defect.where for defect in listed] == ["SdIronFAnc3"]
    assert sum(defect.count for defect in listed) == 1


def test_annualised_coverages_and_factors(metadata):
    annualised = {each["id"] for each in SEEDED_INDICATORS if each["annualized"]}
    assert annualised == {"SdPenta3Cov", "SdMeaslsCov", "SdBcgAllCov", "SdAnc1stCov"}
    for each in SEEDED_INDICATORS:
        assert metadata.resolve("indicatorType", each["indicatorType"])["factor"] == 100


def test_levels_have_names(metadata):
    levels = metadata.collections["organisationUnitLevels"].values()
    assert {level["level"]: level["name"] for level in levels} == {
        1: "National",
        2: "District",
        3: "Chiefdom",
        4: "Facility",
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Ngelehun CHC", "CHC"),
        ("Adonkia CHP", "CHP"),
        ("Panderu MCHP", "MCHP"),
        ("Bo Govt. Hosp.", "Hospital"),
        ("St Anthony clinic", "Clinic"),
        ("Goderich Health Centre", None),
    ],
)
def test_the_type_of_a_facility_is_read_from_its_name(name, kind):
    assert facility_type(name) == kind


def test_a_patch_changes_adds_and_takes_away():
    patched = Metadata(
        {
            "organisationUnits": {
                "DiszpKrYNg8": {"parent": None, "name": "<script>alert(1)</script>"},
                "NewUnit0001": {"name": "New", "level": 4, "parent": {"id": "O6uvpzGd5pu"}},
            },
            "indicators": {"SdPenta3Cov": {"numerator": f"#{{{GONE_DATA_ELEMENT}}}"}},
        }
    ).collections
    unit = patched["organisationUnits"]["DiszpKrYNg8"]
    assert "parent" not in unit
    assert unit["displayName"] == "<script>alert(1)</script>"
    assert {"id": "DiszpKrYNg8"} not in patched["organisationUnits"]["YuQRtpLP10I"]["children"]
    assert {"id": "NewUnit0001"} in patched["organisationUnits"]["O6uvpzGd5pu"]["children"]
    assert GONE_DATA_ELEMENT in patched["indicators"]["SdPenta3Cov"]["numerator"]


def test_a_patch_may_make_a_cycle():
    units = Metadata({"organisationUnits": {"O6uvpzGd5pu": {"parent": {"id": "YuQRtpLP10I"}}}}).collections
    assert units["organisationUnits"]["O6uvpzGd5pu"]["parent"] == {"id": "YuQRtpLP10I"}


def test_a_patch_leaves_the_next_server_alone():
    Metadata({"organisationUnits": {"DiszpKrYNg8": {"name": "Changed"}}})
    assert Metadata().collections["organisationUnits"]["DiszpKrYNg8"]["name"] == "Ngelehun CHC"


def test_a_patch_of_an_unknown_collection_is_refused():
    with pytest.raises(UsageError, match="unknown collections: places"):
        Metadata({"places": {}})


def test_collections_are_sorted():
    assert sorted(COLLECTIONS) == list(COLLECTIONS)


def test_a_scale_below_one_is_refused():
    with pytest.raises(UsageError, match="a scale of 0"):
        Metadata(scale=0)


def test_copies_are_the_same_on_every_machine_and_share_no_id():
    units = Metadata(scale=2).collections["organisationUnits"]
    assert len(units) == 1332 + 1166
    assert units["kMLQxppto4e"]["name"] == "Ngelehun CHC 1"
    assert units["kMLQxppto4e"]["path"] == "/ImspTQPwCqd/O6uvpzGd5pu/YuQRtpLP10I/kMLQxppto4e"
    assert all(unit["id"] == uid for uid, unit in units.items())


def test_dates_that_were_not_recorded_are_spread_and_stay_the_same(metadata):
    moments = [each["lastUpdated"] for each in metadata.collections["categoryOptionCombos"].values()]
    assert len(set(moments)) == 139
    assert min(moments) < "2017"
    assert "2023" < max(moments) < "2025"
    assert moments[0] == next(iter(Metadata().collections["categoryOptionCombos"].values()))["lastUpdated"]


def test_facility_types_are_a_group_set_of_the_seeded_groups(metadata):
    group_set = metadata.collections["organisationUnitGroupSets"]["J5jldMd8OHv"]
    assert group_set["name"] == "Facility Type"
    groups = {each["id"] for each in group_set["organisationUnitGroups"]}
    assert groups == set(metadata.collections["organisationUnitGroups"])


def test_the_schema_of_a_collection_knows_what_no_object_has(metadata):
    schema = metadata.schema("organisationUnits")
    assert schema["comment"].simple
    assert (schema["children"].many, schema["children"].target) == (True, "organisationUnits")
    assert not schema["displayName"].persisted
    assert set(metadata.schema("organisationUnits", "attributeValues")) == {"attribute", "value"}


def test_a_patch_of_nonsense_makes_no_server_error(today):
    nonsense = {
        "organisationUnits": {
            "DiszpKrYNg8": {"id": None, "name": 7, "level": "four", "parent": "up", "attributeValues": [1, {}]},
            "O6uvpzGd5pu": {"path": 5, "children": {}, "geometry": "here", "lastUpdated": 3, "code": [1]},
            "NewUnit0001": {},
        },
        "dataSets": {"BfMAe6Itzgt": {"dataSetElements": [1, "two", None], "organisationUnits": "all"}},
        "categoryCombos": {"bjDvmb4bfuf": {"categories": [{"id": {}}], "name": None}},
    }
    with TestClient(serve_app(build_app(today=today, patch=nonsense)), base_url="http://127.0.0.1:8043") as client:
        client.auth = ("admin", "district")
        for path in (
            "organisationUnits?paging=false&fields=:all,parent[name],SdFaciOwner&order=code:desc,level:asc",
            "organisationUnits?filter=level:gt:1,name:ilike:e,lastUpdated:ge:2015,SdFaciOwner:null",
            "organisationUnits.geojson?level=2,3,4",
            "organisationUnits.csv?fields=name,children,code,parent",
            "organisationUnits/O6uvpzGd5pu/children",
            "organisationUnits/DiszpKrYNg8?level=1",
            "dataSets?paging=false&fields=:all,organisationUnits[name],dataSetElements[dataElement[name]]",
            "categoryCombos?paging=false&fields=*,categories[name]&defaults=EXCLUDE",
            "metadata",
            "dataEntry/metadata",
        ):
            assert client.get(f"/api/{path}").status_code == 200, path
