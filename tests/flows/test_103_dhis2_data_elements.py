import polars as pl
import pytest

pytestmark = pytest.mark.flow


@pytest.fixture
def module(on_sandbox, tmp_path):
    return on_sandbox("103", tmp_path)


def test_103_counts_every_data_element_in_one_kind(module, capsys):
    found = module.dhis2_data_elements_flow()
    assert (found.total, sum(found.by_kind.values())) == (601, 601)
    assert (found.by_kind["number"], found.by_kind["yes or no"]) == (491, 90)
    assert "601 data elements, 0 in no data set" in capsys.readouterr().out


def test_103_writes_a_table_with_the_data_sets_of_each_element_and_a_report(module):
    folder = module.dhis2_data_elements_flow().folder
    frame = pl.read_parquet(folder / "data_elements.parquet")
    assert frame.height == 601
    anc1 = frame.row(by_predicate=pl.col("id") == "fbfJHSPpUQD", named=True)
    assert (anc1["kind"], anc1["data_sets"], anc1["period_types"]) == ("number", ["Reproductive Health"], ["Monthly"])
    page = (folder / "report.html").read_text()
    assert "In several data sets" in page
    assert "| number | 491 |" in (folder / "summary.md").read_text()


@pytest.mark.parametrize(
    ("value_type", "kind"),
    [
        ("INTEGER_ZERO_OR_POSITIVE", "number"),
        ("PERCENTAGE", "share"),
        ("TRUE_ONLY", "yes or no"),
        ("AGE", "date or time"),
        ("LONG_TEXT", "text"),
        ("ORGANISATION_UNIT", "place"),
        ("FILE_RESOURCE", "file"),
        ("HOLOGRAM", "unknown"),
        (None, "unknown"),
    ],
)
def test_103_knows_what_a_value_type_holds(flow_file, value_type, kind):
    frame = flow_file("103").categorise.fn([{"id": "a", "valueType": value_type}], [])
    assert frame["kind"].to_list() == [kind]


def test_103_names_all_data_sets_of_an_element_and_none_where_there_is_none(flow_file):
    elements = [{"id": "a", "valueType": "NUMBER"}, {"id": "b", "valueType": "NUMBER"}]
    link = [{"dataElement": {"id": "a"}}]
    sets = [{"id": key, "name": name, "dataSetElements": link} for key, name in (("s", "Zinc"), ("t", "ANC"))]
    frame = flow_file("103").categorise.fn(elements, sets)
    assert frame.select("id", "data_sets").rows() == [("a", ["ANC", "Zinc"]), ("b", None)]
