"""What the server says of itself and of its user, in each release."""

from datetime import date

import pytest
from starlette.testclient import TestClient

from prefect_patterns.sandbox.dhis2.app import build_app, serve_app
from prefect_patterns.sandbox.dhis2.release import RELEASES

every_release = pytest.mark.parametrize("version", list(RELEASES))
OF_ALL = {
    "version", "revision", "buildTime", "calendar", "dateFormat", "serverDate", "systemId", "contextPath",
    "lastAnalyticsTableSuccess", "databaseInfo",
}  # fmt: skip
OF_SUPERUSERS = {
    "javaVersion", "javaVendor", "osName", "osArchitecture", "osVersion", "memoryInfo", "fileStoreProvider", "nodeId",
    "cpuCores", "externalDirectory", "environmentVariable", "readOnlyMode", "jasperReportsVersion", "readReplicaCount",
    "clusterHostname",
}  # fmt: skip


@pytest.fixture
def guest_of(anonymous_of):
    def of(version: str) -> TestClient:
        client = anonymous_of(version)
        client.auth = ("guest", "district")
        return client

    return of


@every_release
def test_the_version_is_that_of_the_release(client_of, version):
    assert client_of(version).get("/api/system/info").json()["version"].startswith(f"2.{version}.")


@every_release
def test_system_info_is_short_for_users_who_are_no_superusers(client_of, guest_of, version):
    every = client_of(version).get("/api/system/info").json()
    some = guest_of(version).get("/api/system/info").json()
    assert set(some) >= OF_ALL
    assert set(every) - set(some) == OF_SUPERUSERS
    assert set(some["databaseInfo"]) <= {"spatialSupport", "time"}
    assert {"name", "user", "url", "databaseVersion"} <= set(every["databaseInfo"])


@every_release
def test_system_info_takes_fields(client_of, version):
    answer = client_of(version).get("/api/system/info?fields=version,nothing,databaseInfo[name]")
    assert answer.json() == {"version": RELEASES[version].version, "databaseInfo": {"name": "sandbox"}}


def test_tables_that_were_never_made_have_no_date():
    app = build_app(today=date(2026, 7, 15), analytics="missing")
    client = TestClient(serve_app(app), base_url="http://127.0.0.1")
    client.auth = ("admin", "district")
    assert "lastAnalyticsTableSuccess" not in client.get("/api/system/info").json()


@every_release
def test_user_credentials_are_gone_since_2_42(client_of, version):
    found = client_of(version).get("/api/me").json()
    assert found["username"] == "admin"
    assert (found.get("userCredentials") or {}).get("username") == ("admin" if version in ("40", "41") else None)


@every_release
def test_the_superuser_sees_the_whole_tree_and_may_do_everything(client_of, version):
    found = client_of(version).get("/api/me").json()
    assert found["authorities"] == ["ALL"]
    for kind in ("organisationUnits", "dataViewOrganisationUnits", "teiSearchOrganisationUnits"):
        assert found[kind] == [{"id": "ImspTQPwCqd"}]
    assert {"userRoles", "userGroups", "settings", "programs", "dataSets", "patTokens"} <= set(found)


@every_release
def test_the_other_user_sees_one_district(guest_of, version):
    fields = "username,authorities,organisationUnits[id,level,name]"
    found = guest_of(version).get("/api/me", params={"fields": fields}).json()
    assert found["organisationUnits"] == [{"id": "O6uvpzGd5pu", "level": 2, "name": "Bo"}]
    assert "ALL" not in found["authorities"]


def test_a_user_s_data_sets_are_those_of_their_units(client, anonymous):
    every = client.get("/api/me?fields=dataSets").json()["dataSets"]
    some = anonymous.get("/api/me?fields=dataSets", auth=("guest", "district")).json()["dataSets"]
    assert set(some) <= set(every)
    assert all(isinstance(uid, str) for uid in every)


def test_authorities_can_be_asked_for(client, anonymous):
    assert client.get("/api/me/authorities").json() == ["ALL"]
    assert client.get("/api/me/authorities/F_ANYTHING").json() is True
    guest = ("guest", "district")
    assert anonymous.get("/api/me/authorities/F_EXPORT_DATA", auth=guest).json() is True
    assert anonymous.get("/api/me/authorities/ALL", auth=guest).json() is False


def test_user_settings_can_be_asked_for(client):
    settings = client.get("/api/me/settings").json()
    assert settings["keyUiLocale"] == client.get("/api/me/settings/keyUiLocale").json() == "en"
    assert client.get("/api/me/settings/nothing").status_code == 409


@every_release
def test_system_settings_are_given_all_some_and_one(client_of, version):
    client = client_of(version)
    every = client.get("/api/systemSettings").json()
    assert every["keyAnalyticsMaxLimit"] == 100_000
    for query in ("key=keyCalendar&key=keyFlag&key=nothing", "key=keyCalendar,keyFlag,nothing"):
        assert client.get(f"/api/systemSettings?{query}").json() == {
            "keyCalendar": "iso8601",
            "keyFlag": "sierra_leone",
        }
    one = client.get("/api/systemSettings/keyAnalyticsMaxLimit")
    assert one.json() == {"keyAnalyticsMaxLimit": 100_000}
    text = client.get("/api/systemSettings/keyAnalyticsMaxLimit", headers={"Accept": "text/plain"})
    assert (text.text, text.headers["content-type"].partition(";")[0]) == ("100000", "text/plain")


def test_a_truth_value_is_plain_text_as_java_writes_it(client):
    answer = client.get("/api/systemSettings/keyAccountRecovery", headers={"Accept": "text/plain"})
    assert answer.text == "true"


@every_release
def test_a_setting_that_is_not_there_is_not_found(client_of, version):
    answer = client_of(version).get("/api/systemSettings/nothing")
    assert (answer.status_code, answer.json()["errorCode"]) == (404, "E1005")
    assert answer.json()["message"] == "Setting does not exist or is marked as confidential"


def test_settings_can_be_changed_from_the_start():
    app = build_app(today=date(2026, 7, 15), settings={"keyAnalyticsMaxLimit": 7})
    client = TestClient(serve_app(app), base_url="http://127.0.0.1")
    client.auth = ("admin", "district")
    assert client.get("/api/systemSettings/keyAnalyticsMaxLimit").json() == {"keyAnalyticsMaxLimit": 7}


@pytest.mark.parametrize(("key", "message"), [("logo_front", "No custom file found."), ("x", "Key does not exist.")])
def test_there_are_no_custom_files(client, key, message):
    answer = client.get(f"/api/staticContent/{key}")
    assert (answer.status_code, answer.json()["message"]) == (404, message)
