"""On the sandbox, which shares no code with the client: parts are the whole, names are those of the metadata."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prefect_patterns.dhis2 import Dhis2Client, Limits
from prefect_patterns.errors import QueryRefused
from prefect_patterns.sandbox.dhis2 import Dhis2Sandbox
from prefect_patterns.testing.dhis2 import TODAY

pytestmark = pytest.mark.service
COUNTRY, BO, BADJIA = "ImspTQPwCqd", "O6uvpzGd5pu", "YuQRtpLP10I"
ANC1, PENTA3, PENTA3_FIXED, COVERAGE = "fbfJHSPpUQD", "n6aMJNLdvep", "n6aMJNLdvep.Prlt0C1RF0s", "SdPenta3Cov"
FACILITY_TYPE = "J5jldMd8OHv"

QUERIES = st.fixed_dictionaries(
    {
        "dx": st.lists(st.sampled_from([ANC1, PENTA3, PENTA3_FIXED, "unknown0000"]), min_size=1, max_size=3),
        "ou": st.lists(
            st.sampled_from([COUNTRY, BO, BADJIA, "LEVEL-2", "USER_ORGUNIT_CHILDREN"]), min_size=1, max_size=3
        ),
        "pe": st.lists(
            st.sampled_from(["202601", "2025Q4", "2025", "LAST_3_MONTHS", "202502"]), min_size=1, max_size=3
        ),
    },
    optional={
        "dimensions": st.just({FACILITY_TYPE: []}),
        "skip_rounding": st.booleans(),
        "include_num_den": st.just(True),
    },
)


@pytest.fixture
def client(dhis2_sandbox):
    with Dhis2Client(dhis2_sandbox.url, dhis2_sandbox.username, dhis2_sandbox.password) as client:
        yield client


def outcome(client, query, limits):
    try:
        return client.analytics(**query, limits=limits)
    except QueryRefused as error:
        return error.code


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=QUERIES, cells=st.integers(10, 60))
def test_any_way_of_cutting_gives_what_one_request_gives(client, query, cells):
    whole, parts = outcome(client, query, Limits(cells=10**9)), outcome(client, query, Limits(cells=cells))
    assert parts == whole if isinstance(whole, str) else parts.equals(whole)


@pytest.mark.parametrize(
    "fault",
    [
        {"error_text": "E7128: Query result set exceeded max limit: `{0}`", "times": 2},
        {"status": 413, "body": "<h1>Request Entity Too Large</h1>", "times": 1},
        {"longest_url": 190},
    ],
)
def test_what_is_refused_for_its_size_is_answered_in_parts(client, dhis2_sandbox, fault):
    query = {"dx": [ANC1, PENTA3], "ou": ["LEVEL-2"], "pe": ["202601", "202602", "202603", "202604"]}
    whole = client.analytics(**query)
    assert whole.height == 2 * 13 * 4
    dhis2_sandbox.fault("/api/analytics", **fault)
    assert client.analytics(**query).equals(whole)


def test_a_server_of_small_limits_is_read_whole(client):
    query = {"dx": [ANC1, PENTA3], "ou": ["LEVEL-3"], "pe": ["202601", "202602"]}
    with (
        Dhis2Sandbox(today=TODAY, settings={"keyAnalyticsMaxLimit": 100}) as small,
        Dhis2Client(small.url, small.username, small.password) as reader,
    ):
        grid = reader.analytics_grid(**query)
        assert grid.frame.drop("dx_name", "ou_name", "pe_name").equals(client.analytics(**query))
        assert grid.requests > 4


def test_missing_tables_are_refused_at_once_with_what_to_do():
    with Dhis2Sandbox(today=TODAY, analytics="missing") as bare, Dhis2Client(bare.url, token=bare.token) as reader:
        with pytest.raises(QueryRefused, match="E7144") as caught:
            reader.analytics(dx=[ANC1], ou=[COUNTRY], pe=["2025"])
        assert "run the analytics job" in caught.value.hint
        assert "does not say" in str(reader.analytics_freshness().warning())


def test_names_are_those_of_the_metadata(client):
    frame = client.analytics(dx=[PENTA3], ou=["LEVEL-2"], pe=["202601"], names=True)
    units = client.names("organisationUnits", frame["ou"])
    assert dict(frame.select("ou", "ou_name").iter_rows()) == units
    assert frame["pe_name"].unique().to_list() == ["January 2026"]


def test_what_the_server_does_not_know_is_told(client):
    query = {"dx": [PENTA3, "unknown0000"], "ou": [BO, "LEVEL-3", "unknown0001"], "pe": ["202601"]}
    dropped = {"dx": ("unknown0000",), "ou": ("unknown0001",)}
    assert client.analytics_grid(**query).dropped == dropped
    assert client.analytics_grid(**query, limits=Limits(cells=3)).dropped == dropped


def test_the_sandboxs_tables_are_fresh(client):
    assert client.analytics_freshness().warning() is None
