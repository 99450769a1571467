import pytest

from prefect_patterns.dhis2.preflight import CHANGES, changes_of, judge_calls, target_release
from prefect_patterns.dhis2.preflight.calls import Call, read_calls
from prefect_patterns.errors import UsageError


def call(text, method="GET", **more):
    (found,) = read_calls(text, method=method, bare=True)
    return Call(found.path, found.params, found.method, found.prefix, **more)


# Of each change a call that meets it, and one beside it that does not.
EXAMPLES = {
    (41, "legacy sharing"): (call("dataElements?fields=id,publicAccess"), call("dataElements?fields=id,sharing")),
    (41, "objects by id need read access"): (call("dashboards/nghVC4wtyzi"), call("dashboards")),
    (41, "operator ieq"): (call("users?filter=name:ieq:x"), call("users?filter=name:eq:x")),
    (41, "login page"): (call("https://h/dhis-web-commons/security/login.action"), call("https://h/dhis-web-login")),
    (41, "resource tables"): (call("sqlViews/GCZhcPsLnMy/data.csv"), call("dataElements")),
    (41, "old prefixes when writing"): (call("/api/29/metadata", "POST"), call("/api/38/metadata", "POST")),
    (42, "userCredentials"): (call("users?fields=userCredentials[username]"), call("users?fields=username")),
    (42, "old tracker API"): (call("/api/trackedEntityInstances.json?ou=x"), call("tracker/trackedEntities")),
    (42, "tracker pages"): (call("tracker/events?program=x"), call("tracker/events/abc")),
    (42, "tracker parameters"): (
        call("tracker/trackedEntities?ouMode=ALL"),
        call("tracker/trackedEntities?orgUnitMode=ALL"),
    ),
    (42, "size of tracker pages"): (
        call("tracker/trackedEntities?pageSize=9999"),
        call("tracker/events?pageSize=9999"),
    ),
    (42, "tracker change logs"): (call("audits/trackedEntityDataValue"), call("audits/dataValue")),
    (42, "tracker names elsewhere"): (call("messages?programInstance=x"), call("messages?enrollment=x")),
    (42, "who may see analytics"): (call("analytics?dimension=ou:x"), call("analytics?dimension=dx:x")),
    (42, "header trackedentityinstanceuid"): (
        call("analytics/trackedEntities/query/x"),
        call("analytics/events/query/x"),
    ),
    (42, "repeated stages in analytics"): (
        call("analytics/enrollments/query/x?dimension=edqlbukwRfQ[-1~3].vANAXwtLwcT"),
        call("analytics/enrollments/query/x?dimension=edqlbukwRfQ[1].vANAXwtLwcT"),
    ),
    (42, "405 for what is no id"): (call("dataElements/some-code"), call("dataElements/fbfJHSPpUQD")),
    (42, "operator !empty"): (call("dataElements?filter=code:!empty"), call("dataElements?filter=code:empty")),
    (42, "filter on attributeValues.value"): (
        call("users?filter=attributeValues.value:eq:x"),
        call("users?fields=attributeValues[value]"),
    ),
    (42, "tables of analytics"): (call("sqlViews/GCZhcPsLnMy/data.csv"), call("analytics?dimension=dx:x")),
    (42, "renamed resources"): (call("oAuth2Clients"), call("users")),
    (42, "maintenance paths"): (
        call("maintenance/softDeletedProgramInstanceRemoval", "POST"),
        call("maintenance/softDeletedEnrollmentRemoval", "POST"),
    ),
    (43, "data values without common keys"): (call("dataValueSets?dataSet=x"), call("dataValueSets", "POST")),
    (43, "errors of analytics.csv"): (call("analytics.csv?dimension=dx:a"), call("analytics.json?dimension=dx:a")),
    (43, "login page"): (call("https://h/dhis-web-login"), call("me")),
    (43, "version in the path"): (call("/api/40/me"), call("/api/me")),
    (43, "tracker needs a program"): (call("tracker/enrollments?orgUnit=x"), call("tracker/enrollments?program=x")),
    (43, "enrollments by type"): (
        call("tracker/enrollments?trackedEntityType=x"),
        call("tracker/trackedEntities?trackedEntityType=x"),
    ),
    (43, "removed resources"): (call("pushAnalysis"), call("fileResources")),
    (43, "renamed and removed fields"): (call("dashboardItems?fields=id,user"), call("dashboardItems?fields=id,users")),
    (43, "tables of events"): (call("sqlViews/GCZhcPsLnMy/data.csv"), call("sections")),
    (43, "import of data values"): (call("dataValueSets", "POST"), call("dataValueSets")),
    (43, "transfer of ownership"): (
        call("tracker/ownership/transfer?ou=x", "PUT"),
        call("tracker/ownership/transfer?orgUnit=x", "PUT"),
    ),
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change.release} {change.name}")
def test_each_change_meets_its_call_and_not_the_one_beside_it(change):
    meets, beside = EXAMPLES[change.release, change.name]
    assert change.matches(meets)
    assert not change.matches(beside)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: f"{change.release} {change.name}")
def test_each_change_says_what_to_do_and_where_it_is_written(change):
    assert change.release in {41, 42, 43}
    assert change.what
    assert change.do
    assert change.source.startswith(
        ("dhis2-core, ", "dhis2-docs, ", "github.com/dhis2/dhis2-releases, ", "winterop-com/dhis2w-utils, ")
    )


def test_a_change_has_one_name_in_its_release():
    assert len({(change.release, change.name) for change in CHANGES}) == len(CHANGES) == len(EXAMPLES)


def test_only_releases_after_the_servers_and_up_to_the_target_count():
    calls = [call("/api/40/events?fields=publicAccess")]
    releases = lambda version, target: [each.change.release for each in judge_calls(calls, version, target).affected]  # noqa: E731
    assert releases((2, 40, 9), 43) == [41, 42, 43]
    assert releases((2, 41), 42) == [42]
    assert releases((2, 43, 1), 43) == []


@pytest.mark.parametrize(("version", "changes"), [((2, 41, 4), True), ((2, 41, 5), False), ((2, 42, 0), True)])
def test_what_a_patch_release_has_already_is_no_change(version, changes):
    met = {each.change.name for each in judge_calls([call("analytics.csv")], version, 43).affected}
    assert ("errors of analytics.csv" in met) is changes


def test_calls_that_do_not_change_and_those_that_nobody_can_judge_are_told_apart():
    verdict = judge_calls([call("me"), Call("{…}"), call("events")], (2, 40), 43)
    assert ([each.path for each in verdict.unchanged], [each.path for each in verdict.unknown]) == (["me"], ["{…}"])
    assert {each.call.path for each in verdict.affected} == {"events"}


def test_what_our_client_copes_with_is_no_change_for_its_calls():
    by_hand, by_client = call("dataValueSets?dataSet=x"), call("dataValueSets?dataSet=x", client="iter_data_values")
    assert [change.name for change in changes_of(by_hand)] == ["data values without common keys"]
    assert list(changes_of(by_client)) == []


def test_an_id_is_no_reason_for_a_change_and_what_may_be_none_is():
    names = lambda path: [change.name for change in changes_of(Call(path))]  # noqa: E731
    assert names("dataElements/{id}") == []
    assert names("dataElements/{…}") == ["405 for what is no id"]


def test_old_properties_that_a_file_reads_count_where_the_parameters_are_not_known():
    keys = frozenset({"publicAccess"})
    assert [change.name for change in changes_of(Call("users", params_known=False, keys=keys))] == ["legacy sharing"]
    assert list(changes_of(Call("users", keys=keys))) == []


def test_old_keys_of_users_count_where_their_file_reads_them():
    keys = frozenset({"userCredentials"})
    assert [change.name for change in changes_of(call("me", keys=keys))] == ["userCredentials"]
    assert list(changes_of(call("dataElements", keys=keys))) == []


@pytest.mark.parametrize(("text", "release"), [("43", 43), ("2.40", 40), (" 2.42.4 ", 42), ("v2.43-SNAPSHOT", 43)])
def test_a_release_is_named_by_its_number_or_its_version(text, release):
    assert target_release(text) == release


@pytest.mark.parametrize("text", ["39", "44", "2.39", "3.0", "latest", "", "2", "43.1"])
def test_an_unknown_release_is_refused(text):
    with pytest.raises(UsageError, match="are not known"):
        target_release(text)


def test_a_release_before_the_servers_is_refused():
    with pytest.raises(UsageError, match=r"is DHIS2 2\.43 already"):
        target_release("42", (2, 43, 1))
