import logging
from unittest.mock import MagicMock, patch

import polars as pl
import pytest

from prefect_patterns.blocks import Dhis2Credentials
from prefect_patterns.dhis2 import Dhis2Client

pytestmark = pytest.mark.flow


@pytest.fixture
def run(on_sandbox, tmp_path):
    return on_sandbox("102", tmp_path).dhis2_org_units_flow


def answering(rows):
    """Return a stand-in for a server that has these rows in every list."""
    client = MagicMock(spec=Dhis2Client)
    client.fetch_metadata.return_value = rows
    return patch.object(Dhis2Credentials, "get_client", return_value=client)


def test_102_makes_a_table_of_the_tree(run, capsys):
    result = run()
    assert result.total == sum(result.by_level.values()) == 1332
    assert list(result.by_level.values())[:2] == [1, 13]
    units = pl.read_parquet(result.folder / "org_units.parquet")
    facility = units.filter(pl.col("depth") == 4).row(0, named=True)
    assert facility["path"] == "/" + "/".join(facility[f"level_{level}_id"] for level in range(1, 5))
    assert facility["level_4_name"] == facility["name"]
    assert units["level_1_name"].unique().to_list() == ["Sierra Leone"]
    assert pl.read_csv(result.folder / "org_units.csv").height == 1332
    assert (result.folder / "report.html").exists()
    assert "1,332 org units" in capsys.readouterr().out


def test_102_puts_translations_beside_the_names_and_lists_problems(flow_file, monkeypatch, tmp_path):
    monkeypatch.setenv("PATTERNS_HOME", str(tmp_path))
    rows = [
        {
            "id": "a",
            "name": "Land",
            "level": 1,
            "translations": [{"locale": "fr", "property": "NAME", "value": "Pays"}],
        },
        {"id": "b", "name": "Nord", "level": 2, "parent": {"id": "a"}},
        {"id": "c", "name": "Nord", "level": 2, "parent": {"id": "gone"}},
    ]
    with answering(rows):
        result = flow_file("102").dhis2_org_units_flow()
    units = pl.read_parquet(result.folder / "org_units.parquet")
    assert units["name_fr"].to_list() == ["Pays", None, None]
    assert (result.translated, result.problems) == (1, {"unknown parent": 1})
    assert result.by_level == {"Land": 1, "Nord": 1, "In no tree": 1}
    assert "unknown parent" in (result.folder / "summary.md").read_text()
    assert "Pays" in (result.folder / "report.html").read_text()


def test_102_lists_the_cause_of_a_problem_before_what_it_causes(flow_file, monkeypatch, tmp_path):
    monkeypatch.setenv("PATTERNS_HOME", str(tmp_path))
    rows = [{"id": f"a{number:03}", "name": f"A{number}", "parent": {"id": "loop"}} for number in range(120)]
    with answering([*rows, {"id": "loop", "name": "Loop", "parent": {"id": "loop"}}]):
        result = flow_file("102").dhis2_org_units_flow()
    assert result.problems == {"below a problem": 120, "cycle": 1}
    assert "cycle" in (result.folder / "report.html").read_text()  # which shows the first 100


def test_102_counts_levels_apart_that_share_a_name_or_have_none(flow_file):
    units = pl.DataFrame({"depth": [1, 2, 2, 3, None]})
    labels = flow_file("102").labels(units, {1: "Area", 2: "Area"})
    assert labels == {1: "Area 1", 2: "Area 2", 3: "Level 3"}
    assert flow_file("102").counted(units, labels) == {"Area 1": 1, "Area 2": 2, "Level 3": 1, "In no tree": 1}


@pytest.mark.parametrize("rows", [[{"id": "a"}, {"id": "b"}], []])
def test_102_ends_well_with_a_server_of_which_only_ids_are_known(flow_file, monkeypatch, tmp_path, caplog, rows):
    monkeypatch.setenv("PATTERNS_HOME", str(tmp_path))
    with answering(rows), caplog.at_level(logging.ERROR):
        state = flow_file("102").dhis2_org_units_flow(return_state=True)
    assert state.is_completed()
    assert state.result().total == len(rows)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
