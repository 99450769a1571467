"""`/api/analytics` against DuckDB over the raw values, and its refusals."""

import polars as pl
import pytest

from prefect_patterns.sandbox.dhis2.analytics import Tables, aggregate_grid, parse_query
from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.metadata import Metadata

PATH = "/api/analytics"
MONTHS = [f"2025{m:02}" for m in range(7, 13)] + [f"2026{m:02}" for m in range(1, 7)]
NINE = "SdPenta3Cov;n6aMJNLdvep;fbfJHSPpUQD;s46m5MS0hxu;YtbsuPPo010;SdAnc1stCov;cYeuwXTCPkU;Jtf34kNZhzP;SdMeaslsCov"
FIXED, OUTREACH = "Prlt0C1RF0s", "V6L425pT3A0"


def ask(client, *dimensions, filters=(), **query):
    answer = client.get(PATH, params={"dimension": list(dimensions), "filter": list(filters), **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def numbers(body):
    return {tuple(row[:-1]): float(row[-1]) for row in body["rows"]}


def test_data_elements_by_level_and_month_are_sums(client, oracle):
    body = ask(client, "dx:fbfJHSPpUQD;n6aMJNLdvep", "ou:LEVEL-3", "pe:LAST_12_MONTHS")
    expected = oracle.execute(
        "SELECT de, ou, period, sum(value) FROM fact WHERE de IN ('fbfJHSPpUQD', 'n6aMJNLdvep') AND level = 3 "
        "AND period BETWEEN '202507' AND '202606' GROUP BY ALL"
    ).fetchall()
    assert numbers(body) == {tuple(row[:3]): float(row[3]) for row in expected}
    assert all("." not in row[-1] for row in body["rows"])


def test_an_operand_is_one_option_combo(client, oracle):
    body = ask(client, f"dx:n6aMJNLdvep.{FIXED}", "ou:O6uvpzGd5pu;ImspTQPwCqd", "pe:2025")
    expected = oracle.execute(
        f"SELECT ou, sum(value) FROM fact WHERE de = 'n6aMJNLdvep' AND coc = '{FIXED}' AND period LIKE '2025__' "
        "AND ou IN ('O6uvpzGd5pu', 'ImspTQPwCqd') GROUP BY ou"
    ).fetchall()
    assert numbers(body) == {(f"n6aMJNLdvep.{FIXED}", ou, "2025"): float(total) for ou, total in expected}


def test_coverage_is_annualised_by_the_days_of_the_month(client, oracle):
    body = ask(client, "dx:SdPenta3Cov", "ou:LEVEL-2", "pe:LAST_12_MONTHS")
    expected = oracle.execute(
        f"""WITH doses AS (SELECT ou, period, sum(value) AS n FROM fact WHERE level = 2 AND de = 'n6aMJNLdvep'
                           AND coc IN ('{FIXED}', '{OUTREACH}') AND period BETWEEN '202507' AND '202606' GROUP BY ALL),
                 infants AS (SELECT ou, period AS year, sum(value) AS n FROM fact WHERE level = 2 AND de = 'DTVRnCGamkV'
                             GROUP BY ALL)
            SELECT ou, period, doses.n / infants.n * 100 * 365 / day(last_day(strptime(period, '%Y%m')))
            FROM doses JOIN infants USING (ou) WHERE year = left(period, 4)"""
    ).fetchall()
    found = numbers(body)
    assert len(found) == len(expected) == 13 * 12
    assert all(found["SdPenta3Cov", ou, period] == pytest.approx(rate, abs=0.00501) for ou, period, rate in expected)


def test_a_year_of_coverage_as_filter_is_not_annualised_further(client, oracle):
    body = ask(client, "dx:SdMeaslsCov", "ou:ImspTQPwCqd", filters=["pe:2025"])
    (expected,) = oracle.execute(
        f"""SELECT sum(value) FILTER (de = 'YtbsuPPo010' AND coc IN ('{FIXED}', '{OUTREACH}') AND period LIKE '2025__')
                   / sum(value) FILTER (de = 'DTVRnCGamkV' AND period = '2025') * 100 FROM fact WHERE level = 1"""
    ).fetchone()
    assert numbers(body) == {("SdMeaslsCov", "ImspTQPwCqd"): pytest.approx(expected, abs=0.00501)}


def test_drop_out_is_a_ratio_of_sums_and_dx_comes_first(client, oracle):
    body = ask(client, "ou:LEVEL-2", "dx:SdAnc14Drop", filters=["pe:LAST_12_MONTHS"])
    assert [header["name"] for header in body["headers"]] == ["dx", "ou", "value"]
    expected = oracle.execute(
        """SELECT ou, sum(value) FILTER (de = 'fbfJHSPpUQD') AS first, sum(value) FILTER (de = 'hfdmMSPBgLG') AS fourth
           FROM fact WHERE level = 2 AND period BETWEEN '202507' AND '202606' GROUP BY ou"""
    ).fetchall()
    found = numbers(body)
    assert len(found) == 13
    for ou, first, fourth in expected:
        assert found["SdAnc14Drop", ou] == pytest.approx((first - fourth) / first * 100, abs=0.00501)


@pytest.mark.parametrize("pe", ["202501", "2025", "202501;202502"])
def test_population_is_averaged_over_time_and_summed_over_units(client, oracle, pe):
    body = ask(client, "dx:WUg3MYWQ7pt", "ou:O6uvpzGd5pu", filters=[f"pe:{pe}"])
    (people,) = oracle.execute(
        "SELECT sum(value) FROM fact WHERE de = 'WUg3MYWQ7pt' AND period = '2025' AND ou = 'O6uvpzGd5pu'"
    ).fetchone()
    assert numbers(body) == {("WUg3MYWQ7pt", "O6uvpzGd5pu"): people}


def test_a_missing_operand_counts_as_zero_and_all_missing_as_no_row(client):
    one_missing = ask(client, "dx:SdIronFAnc3", "ou:ImspTQPwCqd", "pe:2025")
    parts = numbers(ask(client, "dx:rbkr8PL0rwM;Jtf34kNZhzP", "ou:ImspTQPwCqd", "pe:2025"))
    expected = parts["rbkr8PL0rwM", "ImspTQPwCqd", "2025"] / parts["Jtf34kNZhzP", "ImspTQPwCqd", "2025"] * 100
    assert numbers(one_missing)["SdIronFAnc3", "ImspTQPwCqd", "2025"] == pytest.approx(expected, abs=0.00501)
    assert ask(client, "dx:W7MxOZjZ1VC", "ou:ImspTQPwCqd", "pe:2025")["rows"] == []


def test_indicators_are_written_as_doubles_and_elements_without_a_point(client):
    body = ask(client, "dx:gNAXtpqAqW2;gQNFkFkObU8", "ou:ImspTQPwCqd", "pe:2025")
    texts = {row[0]: row[-1] for row in body["rows"]}
    assert texts["gNAXtpqAqW2"] == texts["gQNFkFkObU8"] + ".0"


def test_without_rounding_there_are_up_to_ten_decimals(client):
    (row,) = ask(client, "dx:SdPenta3Cov", "ou:O6uvpzGd5pu", "pe:202601", skipRounding="true")["rows"]
    assert 3 <= len(row[-1].split(".")[1]) <= 10


def test_a_group_and_bounds_narrow_the_units(client, metadata):
    body = ask(client, "dx:fbfJHSPpUQD", "ou:LEVEL-3;O6uvpzGd5pu", "pe:2025")
    units = metadata.collections["organisationUnits"]
    assert {row[1] for row in body["rows"]} <= {child["id"] for child in units["O6uvpzGd5pu"]["children"]}
    body = ask(client, "dx:fbfJHSPpUQD", "ou:OU_GROUP-tDZVQ1WtwpA;O6uvpzGd5pu", "pe:2025")
    assert {"Hospital"} == {
        metadata.collections["organisationUnitGroups"][group["id"]]["name"]
        for row in body["rows"]
        for group in units[row[1]]["organisationUnitGroups"]
    }


@pytest.mark.parametrize("level", ["LEVEL-2", "LEVEL-wjP19dkFeIk"])
def test_a_level_goes_by_number_and_by_uid(client, level):
    assert len(ask(client, "dx:fbfJHSPpUQD", f"ou:{level}", "pe:2025")["rows"]) == 13


def test_metadata_name_every_item_and_keyword(client):
    body = ask(client, "dx:n6aMJNLdvep;SdPenta3Cov,pe:LAST_12_MONTHS", filters=["ou:LEVEL-2"])
    meta = body["metaData"]
    assert meta["dimensions"]["dx"] == ["n6aMJNLdvep", "SdPenta3Cov"]
    assert meta["dimensions"]["pe"] == MONTHS
    assert len(meta["dimensions"]["ou"]) == 13
    assert len(meta["dimensions"]["co"]) == 4
    assert meta["items"]["LAST_12_MONTHS"] == {"name": "Last 12 months"}
    assert meta["items"]["202601"] == {"name": "January 2026"}
    assert meta["items"]["LEVEL-2"] == {"name": "District"}
    assert meta["items"]["O6uvpzGd5pu"] == {"name": "Bo"}
    assert meta["items"][FIXED] == {"name": "Fixed, <1y"}
    assert {"dx", "pe", "ou"} <= set(meta["items"])


def test_data_can_be_left_out(client):
    body = ask(client, "dx:n6aMJNLdvep", "ou:LEVEL-2", "pe:2025", skipData="true")
    assert (body["headers"], body["rows"], body["width"], body["height"], body["headerWidth"]) == ([], [], 0, 0, 0)
    assert body["metaData"]["items"]


def test_unknown_items_are_dropped_silently(client):
    body = ask(client, "dx:n6aMJNLdvep;notThere123", "ou:O6uvpzGd5pu;notThere123", "pe:2025")
    assert len(body["rows"]) == 1
    assert body["metaData"]["dimensions"]["dx"] == ["n6aMJNLdvep"]


@pytest.mark.parametrize(
    ("dimensions", "filters", "code"),
    [
        ([], ["pe:2025"], "E7101"),
        (["ou:LEVEL-2", "pe:2025"], [], "E7102"),
        (["dx:n6aMJNLdvep", "pe:2025"], ["pe:2025"], "E7103"),
        (["dx:n6aMJNLdvep", "ou:LEVEL-2"], [], "E7104"),
        (["ou:LEVEL-2", "pe:2025"], ["dx:SdPenta3Cov;SdMeaslsCov"], "E7108"),
        (["dx:n6aMJNLdvep", "dx:fbfJHSPpUQD", "pe:2025"], [], "E7111"),
        (["dx:FaVPxpiCab5", "ou:LEVEL-2", "pe:2025"], [], "E7115"),
        (["dx:notThere123", "ou:LEVEL-2", "pe:2025"], [], "E7124"),
        (["dx", "ou:LEVEL-2", "pe:2025"], [], "E7124"),
        (["dx:n6aMJNLdvep", "ou:LEVEL-2", "pe:"], [], "E7124"),
        (["dx:n6aMJNLdvep", "zz:LEVEL-2", "pe:2025"], [], "E7125"),
        (["dx:n6aMJNLdvep", "ou:notThere123", "pe:2025"], [], "E7143"),
        (["dx:n6aMJNLdvep", "ou:LEVEL-9", "pe:2025"], [], "E7143"),
        (["dx:n6aMJNLdvep", "ou:LEVEL-2", "pe:lately"], [], "E7611"),
        ([f"dx:{NINE}", "ou:LEVEL-4", "pe:LAST_12_MONTHS"], [], "E7128"),
    ],
)
def test_what_the_server_refuses_is_409_with_its_code(client, dimensions, filters, code):
    answer = client.get(PATH, params={"dimension": dimensions, "filter": filters})
    assert answer.status_code == 409
    assert answer.json()["httpStatus"] == "Conflict"
    assert answer.json()["errorCode"] == code


def test_the_limit_can_be_ignored(metadata, today):
    query = parse_query(metadata, {"dimension": ["dx:n6aMJNLdvep", "pe:2025"], "ignoreLimit": ["true"]}, today=today)
    assert query.ignore_limit
    assert query.columns == ("dx", "pe")


def test_elements_as_a_filter_are_added_up(client):
    together = ask(client, "ou:LEVEL-2", "pe:2025", filters=["dx:fbfJHSPpUQD;cYeuwXTCPkU"])
    apart = numbers(ask(client, "dx:fbfJHSPpUQD;cYeuwXTCPkU", "ou:LEVEL-2", "pe:2025"))
    assert [header["name"] for header in together["headers"]] == ["ou", "pe", "value"]
    for (ou, pe), total in numbers(together).items():
        assert total == apart["fbfJHSPpUQD", ou, pe] + apart["cYeuwXTCPkU", ou, pe]


def test_a_facility_newer_than_the_analytics_tables_is_not_in_them(client, values):
    new = values.units.index("Nw9Facility")
    month = values.frame(values.months[-1])
    cells = [index for index, cell in enumerate(values.cells) if cell.data_element == "fbfJHSPpUQD"]
    total = month.filter(pl.col("unit") != new, pl.col("cell").is_in(cells))["value"].sum()
    assert numbers(ask(client, "dx:fbfJHSPpUQD", "ou:ImspTQPwCqd", "pe:202606")) == {
        ("fbfJHSPpUQD", "ImspTQPwCqd", "202606"): total
    }


@pytest.mark.parametrize("numerator", [None, "#{", "C{abcdefghijk}", "1 +"])
def test_an_expression_that_cannot_be_computed_is_refused(values, today, numerator):
    metadata = Metadata({"indicators": {"SdPenta3Cov": {"numerator": numerator}}})
    query = parse_query(metadata, {"dimension": ["dx:SdPenta3Cov", "ou:LEVEL-2", "pe:2025"]}, today=today)
    with pytest.raises(Refusal, match="Invalid indicator expression"):
        aggregate_grid(Tables(metadata, values), query, limit=0)


def test_the_users_units_are_listed_in_the_metadata(client, metadata):
    body = ask(client, "dx:fbfJHSPpUQD", "ou:USER_ORGUNIT;USER_ORGUNIT_CHILDREN", "pe:2025")
    items = body["metaData"]["items"]
    children = {child["id"] for child in metadata.collections["organisationUnits"]["ImspTQPwCqd"]["children"]}
    assert items["USER_ORGUNIT"] == {"organisationUnits": ["ImspTQPwCqd"]}
    assert set(items["USER_ORGUNIT_CHILDREN"]["organisationUnits"]) == children
    assert {row[1] for row in body["rows"]} == {"ImspTQPwCqd", *children}


@pytest.mark.parametrize("dx", ["n6aMJNLdvep", "WUg3MYWQ7pt", "SdPenta3Cov"])
def test_a_month_within_a_year_counts_once_in_a_filter(client, dx):
    both = ask(client, f"dx:{dx}", "ou:LEVEL-2", filters=["pe:2025;202501"])
    assert both["rows"] == ask(client, f"dx:{dx}", "ou:LEVEL-2", filters=["pe:2025"])["rows"]
