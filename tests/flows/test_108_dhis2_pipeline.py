import duckdb
import polars as pl
import pytest

from prefect_patterns.analytics import months_before
from prefect_patterns.dhis2 import Dhis2Client
from prefect_patterns.sandbox.dhis2 import DEFECTS
from prefect_patterns.testing.dhis2 import TODAY

pytestmark = pytest.mark.flow
RULES = {
    "value in range": "value in 0 to 10,000",
    "org unit known": "org unit known",
    "operands known": "indicator operand known",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def run(on_sandbox, home):
    """Give a function that runs the flow on the sandbox of the test session."""
    return on_sandbox("108", home).dhis2_pipeline_flow


def set_aside(result):
    return pl.read_parquet(result.folder / "rejected.parquet").explode("reasons")


def expected(months):
    """Return how often each rule must be broken by the sandbox's defects of the last *months*."""
    counts = dict.fromkeys(RULES.values(), 0)
    for defect in DEFECTS:
        if defect.month is None or defect.month >= -months:
            counts[RULES[defect.rule]] += defect.count
    return counts


@pytest.mark.parametrize("months", [12, 24])
def test_108_finds_exactly_the_defects_that_are_in_the_sandbox(run, months):
    result = run(months=months)
    found = set_aside(result)
    assert dict(found.group_by("reasons").len().iter_rows()) == expected(months)
    assert result.set_aside == sum(expected(months).values())
    assert (result.light, round(result.score, 2)) == ("amber", 0.73)
    where = found.select("reasons", pl.col("row").str.json_path_match("$.org_unit"), period=period(found))
    for defect in DEFECTS:
        if defect.month is not None and defect.month >= -months:
            month = months_before(TODAY, -defect.month)[0].iso
            assert where.filter(row=defect.where, period=month, reasons=RULES[defect.rule]).height == defect.count


def period(found):
    return found["row"].str.json_path_match("$.period")


def test_108_makes_a_star_schema_whose_sums_are_the_servers_own(run, dhis2_sandbox):
    result = run(months=1)
    penta3 = "n6aMJNLdvep"
    query = """
        select org_unit.level_2_id, sum(value) from fact_value
        join dim_org_unit as org_unit using (org_unit_key)
        join dim_data_element as element using (data_element_key)
        where element.id = $element and org_unit.level_2_id is not null group by all
    """
    with duckdb.connect(result.folder / "dhis2.duckdb", read_only=True) as database:
        ours = dict(database.execute(query, {"element": penta3}).fetchall())
        tables = {name for (name,) in database.execute("select table_name from duckdb_tables()").fetchall()}
    with Dhis2Client(dhis2_sandbox.url, "admin", "district") as client:
        theirs = client.analytics(dx=[penta3], ou=["LEVEL-2"], pe=[months_before(TODAY, 1)[0].iso])
    assert ours == dict(theirs.select("ou", "value").iter_rows())
    assert len(ours) == 13
    dimensions = {"org_unit", "data_element", "period", "category_option_combo", "data_set"}
    assert tables == {"fact_value"} | {f"dim_{name}" for name in dimensions}
    assert {path.stem for path in (result.folder / "tables").glob("*.parquet")} == tables


def test_108_is_quarantined_when_the_check_is_red_and_reports_all_the_same(run):
    state = run(months=1, highest_value=1, return_state=True)
    assert state.is_completed()
    assert (state.name, state.result().light) == ("Quarantined", "red")
    assert (state.result().folder / "report.html").exists()


def test_108_prints_a_line_for_each_step_and_where_the_outputs_are(run, capsys):
    result = run(months=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "connect",
        "fetch",
        "check",
        "star",
        "report",
        "report",
        "tables",
        "rejected",
    ]
    assert "1,332 org units · 601 data elements · 26 data sets · " in lines[1]
    assert "0.82: 9 of 11 rules hold; 73 rows set aside (2 reasons)" in lines[2]
    assert "1 fact, 5 dimensions, foreign keys hold" in lines[3]
    assert str(result.folder / "report.html") in lines[5]
