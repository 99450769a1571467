"""What the client does on each version of DHIS2: tokens, changes, folders, long lists."""

import pytest

from prefect_patterns.dhis2 import Dhis2Client
from prefect_patterns.errors import AuthenticationFailed, NotFound, QueryRefused

pytestmark = pytest.mark.service

VERSIONS = ("40", "41", "42", "43")
OLDEST_AND_NEWEST = ("40", "43")
BO = "O6uvpzGd5pu"
CHILD_HEALTH = "BfMAe6Itzgt"


@pytest.fixture(params=VERSIONS)
def box(request, dhis2_sandbox_of):
    return dhis2_sandbox_of(request.param)


@pytest.fixture
def client(box):
    with Dhis2Client(box.url, box.username, box.password) as client:
        yield client


def test_a_token_reads_what_its_user_may(box):
    with Dhis2Client(box.url, token=box.tokens["admin"]) as client:
        assert client.me()["username"] == "admin"
        assert client.version[:2] == (2, int(box.version))


@pytest.mark.parametrize(
    ("name", "todo"),
    [
        ("unknown", "make a new token"),
        ("expired", "make a new token"),
        ("disabled", "make a new token"),
        ("malformed", "copy the whole token"),
        ("wrong_checksum", "copy the whole token"),
        ("post_only", "allow it GET"),
        ("other_address", "allow it GET"),
        ("referrer", "allow it GET"),
    ],
)
def test_a_token_that_cannot_be_used_is_refused_with_what_to_do(box, name, todo):
    with Dhis2Client(box.url, token=box.tokens[name]) as client, pytest.raises(AuthenticationFailed) as caught:
        client.me()
    assert todo in caught.value.hint
    assert box.tokens[name] not in str(caught.value)


@pytest.mark.parametrize("uid", ["aaaaaaaaaaa", "nonsense"])
def test_an_object_that_is_not_there_is_not_found(client, uid):
    with pytest.raises(NotFound):
        client.get_object("dataElements", uid)


def test_an_operator_that_is_too_new_is_explained(client):
    filters = ["dataSetElements:!empty"]
    if client.version >= (2, 42):
        assert client.fetch_metadata("dataElements", "id", filters=filters)
    else:
        with pytest.raises(QueryRefused) as caught:
            client.fetch_metadata("dataElements", "id", filters=filters)
        assert "2.42" in caught.value.hint


@pytest.mark.parametrize("box", OLDEST_AND_NEWEST, indirect=True)
def test_pages_in_parallel_are_the_same_as_one_page(client):
    whole = client.fetch_metadata("organisationUnits", "id,name", page_size=5_000)
    assert client.fetch_metadata("organisationUnits", "id,name", page_size=37) == whole
    assert len(whole) == 1_332


@pytest.mark.parametrize("box", OLDEST_AND_NEWEST, indirect=True)
def test_a_list_filter_of_any_length_finds_all_its_objects(client):
    ids = [row["id"] for row in client.fetch_metadata("organisationUnits", "id")]
    found = client.fetch_metadata("organisationUnits", "id", filters=[f"id:in:[{','.join(ids)}]"])
    assert sorted(row["id"] for row in found) == sorted(ids)


@pytest.mark.parametrize("box", OLDEST_AND_NEWEST, indirect=True)
def test_changes_give_everything_once_and_then_nothing_older_than_the_watermark(client):
    first = client.changes("dataSets", "1970-01-01", "name", known=["gone0000000"])
    kinds = [change.kind for change in first]
    assert (kinds.count("upsert"), kinds.count("deletion")) == (26, 1)
    assert list(client.changes("dataSets", first.watermark, "name", known=[])) == []


@pytest.mark.parametrize("box", OLDEST_AND_NEWEST, indirect=True)
def test_values_of_many_units_in_parts_are_those_of_one_question(client):
    units = [
        row["id"] for row in client.iter_metadata("organisationUnits", "id", filters=[f"path:like:{BO}", "level:ge:2"])
    ]
    query = {"data_sets": [CHILD_HEALTH], "periods": ["202603"]}
    whole = client.iter_data_values(**query, org_units=[BO])
    parts = client.iter_data_values(**query, org_units=units * 3)
    keys = ["org_unit", "data_element", "category_option_combo", "value"]
    one, other = (sorted(row for frame in frames for row in frame.select(keys).rows()) for frames in (whole, parts))
    assert one == other
    assert one


@pytest.mark.parametrize("box", OLDEST_AND_NEWEST, indirect=True)
def test_a_folder_of_values_goes_on(client, tmp_path):
    query = {"data_sets": [CHILD_HEALTH], "org_units": [BO]}
    assert client.download_data_values(tmp_path, ["202601"], **query).fetched == ("202601",)
    done = client.download_data_values(tmp_path, ["202601", "202602"], **query)
    assert (done.fetched, done.resumed) == (("202602",), ("202601",))
    assert done.rows > 0
