import csv
import json

import polars as pl
import pytest

from prefect_patterns.errors import NotFound

pytestmark = pytest.mark.flow


@pytest.fixture
def run(on_sandbox, tmp_path):
    return on_sandbox("106", tmp_path).dhis2_combined_export_flow


def test_106_writes_each_list_in_three_formats_with_the_same_rows(run):
    export = run()
    assert export.rows == {
        "organisationUnits": 1332,
        "dataElements": 601,
        "dataSets": 26,
        "indicators": 17,
        "categoryOptionCombos": 139,
    }
    for name, count in export.rows.items():
        frame = pl.read_parquet(export.folder / f"{name}.parquet")
        rows = json.loads((export.folder / f"{name}.json").read_text())
        with (export.folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.DictReader(file))
        assert (frame.height, len(rows), len(lines)) == (count,) * 3
        ids = [row["id"] for row in rows]
        assert frame["id"].to_list() == ids
        assert [line["id"] for line in lines] == ids


def test_106_names_the_lists_and_their_sizes(run, capsys):
    run(endpoints=["dataSets"])
    out = capsys.readouterr().out.split()
    assert out[:3] == ["dataSets", "26", "rows"]


def test_106_writes_any_other_list_with_all_that_its_owner_has_set(run):
    export = run(endpoints=["categories", "categories"])
    assert export.rows == {"categories": 22}
    assert {"id", "name", "dataDimensionType"} <= set(pl.read_parquet(export.folder / "categories.parquet").columns)


def test_106_leaves_the_version_before_when_a_list_is_not_there(run):
    folder = run(endpoints=["dataSets"]).folder
    before = folder.resolve()
    with pytest.raises(NotFound):
        run(endpoints=["dataSets", "nothings"])
    assert folder.resolve() == before


@pytest.mark.parametrize("wrong", [["../me"], ["data sets"], [""], []], ids=str)
def test_106_refuses_what_cannot_be_a_list(run, wrong):
    from prefect.exceptions import ParameterTypeError

    with pytest.raises(ParameterTypeError):
        run(endpoints=wrong)
