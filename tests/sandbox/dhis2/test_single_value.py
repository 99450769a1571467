"""`GET /api/dataValues`: one value."""

import pytest

PATH = "/api/dataValues"
ONE = {"de": "fbfJHSPpUQD", "pe": "202606", "ou": "DiszpKrYNg8", "co": "pq2XI5kz2BY"}


def test_one_value_is_the_one_of_its_data_value_set(client):
    whole = client.get(
        "/api/dataValueSets", params={"dataElement": ONE["de"], "period": ONE["pe"], "orgUnit": ONE["ou"]}
    ).json()["dataValues"]
    expected = [row["value"] for row in whole if row["categoryOptionCombo"] == ONE["co"]]
    assert len(expected) == 1
    assert client.get(PATH, params=ONE).json() == expected
    assert client.get(f"{PATH}.json", params=ONE).json() == expected


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"de": ""}, 400, None),
        ({"de": "aaaaaaaaaaa"}, 409, "E1100"),
        ({"pe": "2026M6"}, 409, "E1101"),
        ({"ou": "aaaaaaaaaaa"}, 409, "E1102"),
        ({"co": "aaaaaaaaaaa"}, 409, "E1103"),
        ({"co": ""}, 409, "E2032"),
        ({"pe": "199901"}, 409, "E2032"),
        ({"ou": "ImspTQPwCqd"}, 409, "E2032"),
    ],
)
def test_what_is_no_value_is_refused_with_its_code(client, change, status, code):
    answer = client.get(PATH, params=ONE | change)
    assert (answer.status_code, answer.json().get("errorCode")) == (status, code)


@pytest.mark.parametrize("version", ["40", "43"])
def test_one_unit_as_geojson_is_the_object_as_json(client_of, version):
    client = client_of(version)
    unit = client.get("/api/organisationUnits/O6uvpzGd5pu.geojson", params={"fields": "id,geometry"})
    assert unit.status_code == 200
    assert unit.json() == client.get("/api/organisationUnits/O6uvpzGd5pu", params={"fields": "id,geometry"}).json()
