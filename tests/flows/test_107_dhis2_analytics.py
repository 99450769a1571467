import logging
from unittest.mock import MagicMock, patch

import polars as pl
import pytest

from prefect_patterns.blocks import Dhis2Credentials
from prefect_patterns.dhis2 import Dhis2Client

pytestmark = pytest.mark.flow
REFUSALS = {
    "a data item that nobody knows": "E7124",
    "a month that is none": "E7611",
    "a group set that nobody knows": "E7125",
    "no period at all": "E7104",
}


@pytest.fixture
def run(on_sandbox, tmp_path):
    return on_sandbox("107", tmp_path).dhis2_analytics_flow


def test_107_gives_a_typed_frame_with_names_and_explains_refusals(run, capsys, caplog):
    with caplog.at_level(logging.ERROR):
        result = run()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert result.refusals == REFUSALS
    by_month, by_area = (pl.read_parquet(result.folder / f"{name}.parquet") for name in ("by_month", "by_area"))
    assert result.values == by_month.height + by_area.height
    assert by_month.schema["value"] == pl.Float64
    assert by_month["dx_name"].null_count() == by_month["pe_name"].null_count() == 0
    assert by_month.filter(pl.col("dx_name") == "Penta 3 coverage <1y")["pe_start"].dt.day().to_list() == [1] * 12
    assert by_area["ou_name"].n_unique() == 13
    page = (result.folder / "report.html").read_text()
    assert "None of a dimension&#39;s items is known" in page
    assert "E7611" in (result.folder / "summary.md").read_text()
    out = capsys.readouterr().out
    assert "E7104  no period at all\n       Nothing says for which time" in out
    assert max(map(len, out.splitlines()[:-1])) <= 80


def test_107_asks_for_the_units_of_whoever_asks_and_minds_a_name_that_is_none(run, monkeypatch, capsys):
    monkeypatch.setenv("PATTERNS_DHIS2_USERNAME", "guest")  # who sees one district
    result = run(indicator="nothing")
    areas = pl.read_parquet(result.folder / "by_area.parquet")
    assert areas["ou_name"].n_unique() == 15
    assert "Wonde" in areas["ou_name"]
    assert "mind: no indicator has 'nothing' in its name" in capsys.readouterr().out


def test_107_draws_areas_of_one_name_apart(flow_file):
    module = flow_file("107")
    frame = pl.DataFrame(
        {"dx": "a", "ou": ["u", "v", "w"], "value": [1.0, 2.0, 3.0], "ou_name": ["Bo", "Bo", None]},
    )
    months = pl.DataFrame(schema=module.NAMED)
    page = module.page([module.Indicator("a", "A")], months, frame, pl.DataFrame({"The server says": ["no"], "x": [1]}))
    assert all(f">{name}<" in page.html() for name in ("Bo (u)", "Bo (v)", "w"))


def test_107_sums_over_its_filters_as_the_server_does(run, dhis2_sandbox):
    result = run(indicator="BCG")
    frame = pl.read_parquet(result.folder / "by_area.parquet")
    dx, ou, value = frame.select("dx", "ou", "value").row(0)
    with Dhis2Client(dhis2_sandbox.url, "admin", "district") as client:
        again = client.analytics(dx=[dx], ou=[ou], filters=["pe:LAST_12_MONTHS"])
    assert again["value"].to_list() == [value]


def test_107_ends_well_with_a_server_of_which_only_ids_are_known(flow_file, monkeypatch, tmp_path, caplog):
    monkeypatch.setenv("PATTERNS_HOME", str(tmp_path))
    client = MagicMock(spec=Dhis2Client)
    client.fetch_metadata.return_value = [{"id": "a"}, {"id": "b"}]
    with patch.object(Dhis2Credentials, "get_client", return_value=client), caplog.at_level(logging.ERROR):
        state = flow_file("107").dhis2_analytics_flow(return_state=True)
    assert state.is_completed()
    assert state.result().values == 0
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
