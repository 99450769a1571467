"""Translated names: which there are, who gets them, and where they show."""

import pytest
from starlette.testclient import TestClient

from prefect_patterns.sandbox.dhis2.app import build_app, serve_app
from prefect_patterns.sandbox.dhis2.metadata import Metadata
from prefect_patterns.sandbox.dhis2.release import RELEASES
from prefect_patterns.sandbox.dhis2.translations import SEEDED_NAMES, in_locale

BO = "O6uvpzGd5pu"
FRENCH = "translate=true&locale=fr"


@pytest.fixture(scope="module")
def french(today):
    """Somebody whose names are French, as the settings say."""
    app = build_app(today=today, settings={"keyDbLocale": "fr"})
    client = TestClient(serve_app(app), base_url="http://127.0.0.1:8043")
    client.auth = ("admin", "district")
    return client


def test_levels_districts_and_some_data_elements_have_french_names(metadata):
    translated = {
        name: {uid for uid, each in objects.items() if each["translations"]}
        for name, objects in metadata.collections.items()
    }
    districts = {uid for uid, unit in metadata.collections["organisationUnits"].items() if unit["level"] == 2}
    assert translated["organisationUnitLevels"] == set(metadata.collections["organisationUnitLevels"])
    assert translated["organisationUnits"] == districts
    assert set().union(*translated.values()) == set(SEEDED_NAMES)
    assert len(translated["dataElements"]) == 10


def test_translations_are_properties_as_any_other(client):
    unit = client.get(f"/api/organisationUnits/{BO}?fields=translations[property,locale,value]").json()
    assert unit == {"translations": [{"property": "NAME", "locale": "fr", "value": "District de Bo"}]}


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize(
    ("query", "before_42", "since_42"),
    [
        (FRENCH, "District de Bo", "District de Bo"),
        ("locale=fr", "District de Bo", "Bo"),
        ("translate=false&locale=fr", "District de Bo", "Bo"),
        ("translate=true", "Bo", "Bo"),
        ("translate=true&locale=xx", "Bo", "Bo"),
        ("translate=true&locale=", "Bo", "Bo"),
    ],
)
def test_a_locale_counts_alone_before_2_42_and_with_translate_since(client_of, version, query, before_42, since_42):
    unit = client_of(version).get(f"/api/organisationUnits/{BO}?fields=name,displayName&{query}").json()
    assert unit == {"name": "Bo", "displayName": before_42 if int(version) < 42 else since_42}


def test_whose_names_are_french_gets_them_unasked(french):
    assert french.get("/api/me/settings/keyDbLocale").json() == "fr"
    assert french.get("/api/me").json()["settings"]["keyDbLocale"] == "fr"
    levels = french.get("/api/organisationUnitLevels?fields=displayName&order=level").json()["organisationUnitLevels"]
    assert [each["displayName"] for each in levels] == [
        "Pays",
        "District sanitaire",
        "Chefferie",
        "Formation sanitaire",
    ]


def test_translation_is_turned_off_before_2_42_only(today):
    def name(version):
        app = build_app(today=today, version=version, settings={"keyDbLocale": "fr"})
        client = TestClient(serve_app(app), base_url="http://127.0.0.1:8043")
        client.auth = ("admin", "district")
        return client.get(f"/api/organisationUnits/{BO}/displayName?translate=false").json()["displayName"]

    assert [name("41"), name("42")] == ["Bo", "District de Bo"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("organisationUnits?filter=displayName:eq:District de Bo&fields=name", "Bo"),
        ("organisationUnits?filter=parent.displayName:eq:District de Bo&pageSize=1&fields=parent[name]", "Bo"),
        ("organisationUnits/YuQRtpLP10I?fields=parent[displayName]", "District de Bo"),
        ("organisationUnits/YuQRtpLP10I/ancestors?fields=displayName", "District de Bo"),
        (f"organisationUnits.csv?filter=id:eq:{BO}", f"{BO},District de Bo"),
        ("metadata?organisationUnits:filter=level:eq:2&fields=displayName", "District de Bo"),
        ("dataElements/s46m5MS0hxu?fields=displayFormName", "Doses de BCG administrées"),
        ("dataEntry/metadata", "Doses de BCG administrées"),
    ],
)
def test_translated_names_show_wherever_names_do(client, path, expected):
    joint = "&" if "?" in path else "?"
    assert expected in client.get(f"/api/{path}{joint}{FRENCH}").text


def test_an_order_by_name_is_by_the_untranslated_one(client):
    query = "filter=level:eq:2&fields=name,displayName"
    units = client.get(f"/api/organisationUnits?{query}&{FRENCH}").json()["organisationUnits"]
    assert [each["name"] for each in units] == sorted(each["name"] for each in units)
    assert units[-1] == {"name": "Western Area", "displayName": "Région de l'Ouest"}


def test_one_request_s_locale_is_not_the_next_one_s(client):
    names = [
        client.get(f"/api/organisationUnits/{BO}?fields=displayName&{query}").json()["displayName"]
        for query in (FRENCH, "", FRENCH)
    ]
    assert names == ["District de Bo", "Bo", "District de Bo"]


def test_a_locale_that_nothing_is_translated_to_costs_no_copy(metadata):
    assert metadata.in_locale("xx") is metadata
    assert metadata.in_locale("fr") is metadata.in_locale("fr") is not metadata


def test_a_patch_may_translate_too():
    translated = {"translations": [{"property": "SHORT_NAME", "locale": "pt_BR", "value": "B."}]}
    unit = Metadata({"organisationUnits": {BO: translated}}).in_locale("pt_BR").collections["organisationUnits"][BO]
    assert (unit["displayShortName"], unit["displayName"]) == ("B.", "Bo")


@pytest.mark.parametrize(
    "translations",
    ["fr", 7, None, [None, 1], [{"locale": "fr"}], [{"property": ["NAME"], "locale": "fr", "value": "x"}],
     [{"property": "NAME", "locale": "fr", "value": None}], [{"property": "COLOUR", "locale": "fr", "value": "x"}]],
)  # fmt: skip
def test_translations_that_are_none_change_nothing(translations):
    each = {"id": BO, "displayName": "Bo", "translations": translations}
    assert in_locale(each, "fr") is each
