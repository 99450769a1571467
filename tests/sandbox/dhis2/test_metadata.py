"""What is added to the recorded metadata, what a patch changes, and what the checks of a pipeline rely on."""

import re

import pytest

from prefect_patterns.analytics.expressions import parse
from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.dhis2.defects import DEFECTS
from prefect_patterns.sandbox.dhis2.metadata import COLLECTIONS, REFERENCES, Metadata
from prefect_patterns.sandbox.dhis2.seeded import GONE_DATA_ELEMENT, SEEDED_INDICATORS, facility_type

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
    for objects in metadata.collections.values():
        for each in objects.values():
            for name in REFERENCES.keys() & each.keys():
                for reference in each[name] if isinstance(each[name], list) else [each[name]]:
                    assert metadata.resolve(name, reference) is not None, (each["id"], name, reference)


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
