import logging
from unittest.mock import MagicMock, patch

import polars as pl
import pytest

from prefect_patterns.blocks import Dhis2Credentials
from prefect_patterns.dhis2 import Dhis2Client

pytestmark = pytest.mark.flow


@pytest.fixture
def run(on_sandbox, tmp_path):
    return on_sandbox("104", tmp_path).dhis2_indicators_flow


def test_104_puts_a_name_in_place_of_every_id_that_has_one(run, capsys):
    result = run()
    formulas = pl.read_parquet(result.folder / "indicators.parquet")
    assert formulas.height == result.total == result.readable == 17
    assert set(result.unresolved) == set(formulas["unresolved"].explode().drop_nulls())
    resolved = formulas.filter(pl.col("unresolved").list.len() == 0)
    assert resolved.filter(pl.col("numerator").str.contains(r"[#CIN]\{")).is_empty()
    penta3 = formulas.row(by_predicate=pl.col("name") == "Penta 3 coverage <1y", named=True)
    assert penta3["numerator"] == "Penta3 doses given (Fixed, <1y) + Penta3 doses given (Outreach, <1y)"
    assert "Total population &lt; 1 year" in (result.folder / "report.html").read_text()
    assert "17 indicators, 17 read" in capsys.readouterr().out


def test_104_lists_ids_that_have_no_name_with_the_indicators_that_use_them(run):
    result = run()
    assert result.unresolved
    summary = (result.folder / "summary.md").read_text()
    assert all(uid in summary for uid in result.unresolved)


def test_104_looks_at_some_indicators_only(run):
    assert run(filters=["name:ilike:coverage"]).total == 4


def test_104_says_where_an_expression_cannot_be_read(flow_file, monkeypatch, tmp_path):
    monkeypatch.setenv("PATTERNS_HOME", str(tmp_path))
    client = MagicMock(spec=Dhis2Client)
    client.fetch_metadata.return_value = [
        {"id": "a", "name": "Good", "numerator": "#{fbfJHSPpUQD}", "denominator": "1"},
        {"id": "b", "name": "Bad", "numerator": "#{fbfJHSPpUQD} +", "denominator": "1"},
    ]
    with patch.object(Dhis2Credentials, "get_client", return_value=client):
        result = flow_file("104").dhis2_indicators_flow()
    assert (result.total, result.readable, result.unresolved) == (2, 1, ("fbfJHSPpUQD",))
    assert "it ends too early" in (result.folder / "report.html").read_text()


@pytest.mark.parametrize("rows", [[{"id": "a"}, {"id": "b"}], []])
def test_104_ends_well_with_a_server_of_which_only_ids_are_known(flow_file, monkeypatch, tmp_path, caplog, rows):
    monkeypatch.setenv("PATTERNS_HOME", str(tmp_path))
    client = MagicMock(spec=Dhis2Client)
    client.fetch_metadata.return_value = rows
    with patch.object(Dhis2Credentials, "get_client", return_value=client), caplog.at_level(logging.ERROR):
        state = flow_file("104").dhis2_indicators_flow(return_state=True)
    assert state.is_completed()
    assert state.result().total == len(rows)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
