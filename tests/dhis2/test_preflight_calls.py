import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.dhis2 import Dhis2Client
from prefect_patterns.dhis2.preflight import CODE, find_calls, has_code
from prefect_patterns.dhis2.preflight.calls import Call, read_calls
from prefect_patterns.dhis2.preflight.other_text import notebook_calls, recorded_calls, text_calls
from prefect_patterns.dhis2.preflight.python_code import CLIENT_METHODS, python_calls
from prefect_patterns.errors import UsageError

OURS = "from prefect_patterns.dhis2 import Dhis2Client\n"


def labels(calls):
    return [call.label for call in calls]


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ('requests.get("https://h/dhis/api/me")', "GET me"),
        ('requests.get(f"{base}/api/dataElements/{uid}.json")', "GET dataElements/{…}.json"),
        ('requests.get(base + "/api/40/" + "me")', "GET 40/me"),
        ('requests.get("%s/api/%s" % (base, path))', "GET {…}"),
        ('requests.get("{}/api/users/{}".format(base, uid))', "GET users/{…}"),
        ('session.post(url="https://h/api/dataValueSets", json=body)', "POST dataValueSets"),
        ('httpx.request("DELETE", "https://h/api/29/events/x")', "DELETE 29/events/x"),
        (
            'client.stream("GET", "/api/analytics.csv", params={"dimension": "dx:a"})',
            "GET analytics.csv?dimension=dx:a",
        ),
        ('api.get("organisationUnits", params={"fields": "id"})', "GET organisationUnits?fields=id"),
        ('api.get("users", {"filter": ["a:eq:1", f"b:eq:{x}"]})', "GET users?filter=a:eq:1&filter=b:eq:{…}"),
        ('api.get("users", params=[("fields", "id"), ("paging", False)])', "GET users?fields=id&paging=false"),
        ('api.get("users", params=dict(fields="id", pageSize=5))', "GET users?fields=id&pageSize=5"),
        ('api.get("users", params=query)', "GET users?{…}={…}"),
        ('"/".join([base, "api", "me"])', "GET me"),
        ('"/".join((base, "api", "me"))', "GET me"),
        ('requests.get(f"{base}/api/users?" + urlencode({"fields": "id"}))', "GET users?fields=id"),
        ('with httpx.Client(base_url=base) as c:\n    c.get("users")', "GET users"),
        ('s = requests.Session()\ns.post("metadata", json=body)', "POST metadata"),
        ('c.request("PUT", "dataElements/x")', "PUT dataElements/x"),
        ('c.get(url="users")', "GET users"),
        ('class A:\n    base = "https://h/api/41"\n    def a(self): get(f"{self.base}/users")', "GET 41/users"),
        ('class A:\n    def __init__(self): self.u = "/api/users"\n    def a(self): get(self.u)', "GET users"),
        ('q = {"fields": "id"}\nq["page"] = 2\napi.get("users", params=q)', "GET users?fields=id&page=2"),
        ('q = {"a": 1}\napi.get("users", params={**q, "b": 2})', "GET users?a=1&b=2"),
        ('LOGIN = "/dhis-web-commons/security/login.action"', "GET dhis-web-commons/security/login.action"),
    ],
)
def test_requests_are_found_in_python_however_they_are_written(code, label):
    assert labels(python_calls(code)) == [label]


def test_names_that_are_given_a_value_once_stand_for_it():
    code = 'URL = "https://h/api/users"\nFIELDS = "id,name"\nrequests.get(URL, params={"fields": FIELDS})'
    (call,) = python_calls(code)
    assert (call.label, call.where) == ("GET users?fields=id,name", "3")


def test_a_name_with_two_values_stands_for_none():
    code = 'path = "a"\npath = "b"\nrequests.get(f"https://h/api/{path}")'
    assert labels(python_calls(code)) == ["GET {…}"]


@pytest.mark.parametrize(
    "code",
    [
        '"""GET /api/me tells the user."""',
        "# requests.get('/api/me')",
        'row.get("organisationUnits")',
        'requests.get("https://api.github.com/api/v3/repos")',
        'client.get("/api/flow_runs")',
        "client.me()  # of another library",
        "",
    ],
)
def test_what_is_no_call_of_dhis2_is_not_found(code):
    assert labels(python_calls(code)) == []


@pytest.mark.parametrize(
    ("code", "label"),
    [
        (
            'client.fetch_metadata("users", "id", filters=["a:eq:1"])',
            "GET users?fields=id&filter=a:eq:1 (fetch_metadata)",
        ),
        ("client.iter_models(OrganisationUnit)", "GET organisationUnits (iter_models)"),
        ('client.get_object("dataSets", uid)', "GET dataSets/{…} (get_object)"),
        ("client.iter_features(2)", "GET organisationUnits.geojson?level=2 (iter_features)"),
        ('client.analytics(dx=["a", "b"], ou=["LEVEL-2"])', "GET analytics?dx=a&dx=b&ou=LEVEL-2 (analytics)"),
        (
            'client.iter_data_values(data_sets=["x"], org_units=u)',
            "GET dataValueSets?dataSet=x&orgUnit={…} (iter_data_values)",
        ),
        ("credentials.get_client().me()", "GET me (me)"),
        ("client.fetch_metadata(endpoint)", "GET {…} (fetch_metadata)"),
    ],
)
def test_methods_of_our_client_are_calls(code, label):
    assert labels(python_calls(OURS + code)) == [label]


def test_every_method_of_our_client_that_reads_is_known():
    methods = {name for name in dir(Dhis2Client) if not name.startswith("_") and callable(getattr(Dhis2Client, name))}
    assert methods - {"close"} == set(CLIENT_METHODS)


def test_a_call_knows_the_keys_that_its_file_reads():
    (call,) = python_calls('requests.get("https://h/api/me").json()["userCredentials"]')
    assert "userCredentials" in call.keys


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ('curl -u a:b "$BASE/api/29/me.json?fields=id"', "GET 29/me.json?fields=id"),
        ("curl -X DELETE https://h/api/events/${uid}", "DELETE events/{…}"),
        ("curl -d @values.json https://h/api/dataValueSets", "POST dataValueSets"),
        ("curl -G https://h/api/users \\\n  --data-urlencode 'filter=name:!empty'", "GET users?filter=name:!empty"),
        ('10.0.0.1 - me [x] "POST /dhis/api/dataValueSets HTTP/1.1" 200', "POST dataValueSets"),
        ("url: https://h/api/{{ resource }}", "GET {…}"),
        ("endpoint: organisationUnits", "GET organisationUnits"),
        ('{"path": "/analytics.csv?dimension=dx:a"}', "GET analytics.csv?dimension=dx:a"),
        ("fetch(`${base}/api/me`)", "GET me"),
        ("axios.post(`${base}/api/metadata`, body)", "POST metadata"),
        ('POST(url = paste0(base, "/api/dataValueSets"), body = b)', "POST dataValueSets"),
        ("http PUT $BASE/api/users/x", "PUT users/x"),
        ("wget --post-file=x.json $BASE/api/metadata", "POST metadata"),
        ('curl -F file=@x "$BASE/api/fileResources"', "POST fileResources"),
        ("curl --json @x.json https://h/api/dataValueSets", "POST dataValueSets"),
        ("curl -T x.json https://h/api/dataStore/a/b", "PUT dataStore/a/b"),
        ('"GET /api/me HTTP/1.1" 200 9 "https://h/api/events" "curl"', "GET me"),
        ("# curl https://h/api/events\ncurl https://h/api/me", "GET me"),
    ],
)
def test_calls_are_found_in_scripts_configuration_and_logs(line, label):
    assert labels(text_calls(line)) == [label]


def test_a_log_with_thousands_of_ids_is_one_call_with_its_count():
    lines = "\n".join(f'"GET /api/dataElements/a{number:010d} HTTP/1.1" 200' for number in range(3000))
    (call,) = text_calls(lines)
    assert (call.label, call.where, call.times) == ("GET dataElements/{id}", "1", 3000)


def test_a_recording_of_a_browser_is_read_by_entry():
    entries = [{"request": {"method": method, "url": f"https://h/api/{path}"}} for method, path in
               [("GET", "me?fields=id"), ("POST", "dataValueSets"), ("GET", "me?fields=id")]]  # fmt: skip
    calls = list(recorded_calls(json.dumps({"log": {"entries": entries}})))
    assert [(call.label, call.where, call.times) for call in calls] == [
        ("GET me?fields=id", "1", 2),
        ("POST dataValueSets", "2", 1),
    ]


def test_a_notebook_is_read_by_cell_and_magic_lines_do_not_matter():
    cells = [
        {"cell_type": "markdown", "source": ["GET /api/me"]},
        {"cell_type": "code", "source": ["%pip install httpx\n", 'requests.get("https://h/api/me")']},
    ]
    (call,) = notebook_calls(json.dumps({"cells": cells}))
    assert (call.label, call.where) == ("GET me", "cell 2, line 2")


@pytest.mark.parametrize(
    ("source", "label"),
    [
        ("%%bash\ncurl -X DELETE https://h/api/events/x", "DELETE events/x"),
        ("%%time\nrequests.get('https://h/api/me')", "GET me"),
        ("files = !ls\nframe?\nrequests.get('https://h/api/me')", "GET me"),
        ("for n in names:\n    %time requests.get(base + '/api/me')", "GET me"),
        ("answer = await session.get('https://h/api/me')", "GET me"),
        ("def (\nrequests.get('https://h/api/me')", "GET me"),
    ],
)
def test_a_cell_that_is_not_only_python_is_read_too(source, label):
    cells = [{"cell_type": "code", "source": source}, {"cell_type": "code", "source": "get('/api/users')"}]
    assert labels(notebook_calls(json.dumps({"cells": cells}))) == [label, "GET users"]


def test_what_a_configuration_reads_counts_where_its_parameters_are_not_known():
    (call,) = text_calls("endpoint: dataElements\nfields: id,publicAccess")
    assert not call.params_known
    assert "publicAccess" in call.keys


def test_secrets_of_an_address_are_not_shown():
    (call,) = read_calls("https://admin:district@h/api/me?password=s3cret&apiToken=d2p_x&fields=id")
    assert call.label == "GET me?password=***&apiToken=***&fields=id"


def test_a_call_is_shown_on_one_short_line():
    assert Call("me", (("fields", "a\x1b[2J\n" + "b" * 500),)).label.isprintable()
    assert len(Call("me", (("fields", "b" * 500),)).label) == 160


def test_doubtful_code_is_read_without_a_warning():
    assert labels(python_calls('re.compile("\\d")\nrequests.get("https://h/api/me")')) == ["GET me"]


def test_names_of_names_and_names_of_themselves_end():
    doubling = "\n".join(f"a{n} = a{n + 1} + a{n + 1}" for n in range(80)) + '\na80 = "/api/me "\nrequests.get(a0)'
    assert "GET me" in labels(python_calls(doubling))
    assert labels(python_calls('a = b + "/api/me"\nb = a + "x"\nrequests.get(a)')) == ["GET me"]


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text):
    list(text_calls(text))
    list(read_calls(text, bare=True))


def test_files_and_folders_are_read_with_file_and_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "a.py").write_text('\nrequests.get("https://h/api/me")')
    (tmp_path / "jobs" / "b.yaml").write_text("endpoint: users")
    (tmp_path / "jobs" / "c.csv").write_text("/api/me")
    (tmp_path / "jobs" / ".venv").mkdir()
    (tmp_path / "jobs" / ".venv" / "x.py").write_text('"/api/me"')
    found = find_calls([tmp_path / "jobs"])
    assert [(call.label, call.where) for call in found.calls] == [
        ("GET me", "jobs/a.py:2"),
        ("GET users", "jobs/b.yaml:1"),
    ]
    assert found.files == 2
    assert labels(find_calls([tmp_path / "jobs" / "c.csv"]).calls) == ["GET me"]  # named, so it is read


def test_what_cannot_be_read_is_listed_and_the_rest_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("prefect_patterns.dhis2.preflight.files._LARGEST", 10_000)
    (tmp_path / "binary.py").write_bytes(b"\0\1")
    (tmp_path / "broken.py").write_text('print "x"\nget("https://h/api/users")')
    (tmp_path / "encoded.py").write_bytes(b"# coding: latin-1\nrequests.get('https://h/api/me?query=\xe9')")
    (tmp_path / "letters.py").write_bytes(b"1\n1\n'\xe9'\nrequests.get('https://h/api/ping')")
    (tmp_path / "deep.py").write_text("(" * 4000 + ")" * 4000)
    (tmp_path / "good.py").write_text('requests.get("https://h/api/me")')
    (tmp_path / "half.ipynb").write_text('{"cells": [')
    (tmp_path / "huge.py").write_text("#" * 10_001)
    (tmp_path / "other.har").write_text("[]")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere")
    found = find_calls([tmp_path])
    assert labels(found.calls) == ["GET users", "GET me?query=é", "GET me", "GET ping"]
    why = {os.path.basename(each.path): each.why for each in found.skipped}
    unread = {"binary.py", "deep.py", "half.ipynb", "huge.py", "other.har", "gone.py"}
    assert why.keys() == unread | {"broken.py", "letters.py"}
    assert "line 1" in why["broken.py"]
    assert "only the addresses in its lines are taken" in why["letters.py"]
    assert why["other.har"] == "it is not a HAR file"


def test_a_device_is_not_read_for_ever():
    assert [each.why for each in find_calls([Path("/dev/zero")]).skipped] == ["it is not a file"]


def test_more_files_than_are_read_is_said(tmp_path):
    for number in range(4):
        (tmp_path / f"{number}.py").write_text("")
    found = find_calls([tmp_path], most=3)
    assert (found.files, len(found.skipped)) == (3, 1)


def test_paths_that_are_not_there_are_all_named(tmp_path):
    with pytest.raises(UsageError, match=r"there is no .*one, .*two"):
        find_calls([tmp_path / "one", tmp_path / "two", tmp_path])


def test_a_folder_without_code_has_none(tmp_path):
    (tmp_path / "notes.txt").write_text("/api/me")
    assert not has_code(tmp_path)
    (tmp_path / "a.yml").write_text("")
    assert has_code(tmp_path)
    assert find_calls([tmp_path], suffixes=CODE).files == 1
