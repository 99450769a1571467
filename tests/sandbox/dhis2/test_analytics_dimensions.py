"""The dimensions and filters of `/api/analytics`, against DuckDB over the raw values."""

import pytest

PATH = "/api/analytics"
FIXED, OUTREACH = "Prlt0C1RF0s", "V6L425pT3A0"
UNDER_1, OVER_1 = "btOyqprQ9e8", "GEqzEKCHoGA"
ROOT, BO = "ImspTQPwCqd", "O6uvpzGd5pu"


def ask(client, *dimensions, filters=(), **query):
    answer = client.get(PATH, params={"dimension": list(dimensions), "filter": list(filters), **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def numbers(body):
    return {tuple(row[:-1]): float(row[-1]) for row in body["rows"]}


def months_of(first, last):
    return f"period BETWEEN '{first}' AND '{last}'"


@pytest.mark.parametrize(
    ("pe", "months"),
    [
        ("202601", "period = '202601'"),
        ("202601B", months_of("202601", "202602")),
        ("2026Q1", months_of("202601", "202603")),
        ("2026NovQ1", months_of("202511", "202601")),
        ("2025S2", months_of("202507", "202512")),
        ("2025AprilS2", months_of("202510", "202603")),
        ("2026NovS1", months_of("202511", "202604")),
        ("2025", months_of("202501", "202512")),
        ("2025April", months_of("202504", "202603")),
        ("2025July", months_of("202507", "202606")),
        ("2024Oct", months_of("202410", "202509")),
        ("20260101_20260331", months_of("202601", "202603")),
        ("20260102_20260330", "period = '202602'"),
    ],
)
def test_a_period_of_any_type_holds_the_months_that_lie_in_it(client, oracle, pe, months):
    body = ask(client, "dx:fbfJHSPpUQD", "ou:LEVEL-2", f"pe:{pe}")
    expected = oracle.execute(
        f"SELECT ou, sum(value) FROM fact WHERE de = 'fbfJHSPpUQD' AND level = 2 AND length(period) = 6 "
        f"AND {months} GROUP BY ou"
    ).fetchall()
    assert numbers(body) == {("fbfJHSPpUQD", ou, pe): float(total) for ou, total in expected}


@pytest.mark.parametrize("pe", ["20260115", "2026W5", "2026WedW5", "2026SunW5", "2026BiW3"])
def test_a_period_finer_than_the_data_has_no_sums_but_averages_over_time(client, pe):
    body = ask(client, "dx:fbfJHSPpUQD;WUg3MYWQ7pt", f"ou:{BO}", f"pe:{pe}")
    (people,) = ask(client, "dx:WUg3MYWQ7pt", f"ou:{BO}", "pe:2026")["rows"]
    assert body["rows"] == [["WUg3MYWQ7pt", BO, pe, people[-1]]]


@pytest.mark.parametrize(
    ("keyword", "name", "isos"),
    [
        ("LAST_3_MONTHS", "Last 3 months", ["202604", "202605", "202606"]),
        ("THIS_YEAR", "This year", ["2026"]),
        ("LAST_4_QUARTERS", "Last 4 quarters", ["2025Q3", "2025Q4", "2026Q1", "2026Q2"]),
        ("LAST_2_SIXMONTHS", "Last 2 six-months", ["2025S2", "2026S1"]),
        ("THIS_FINANCIAL_YEAR", "This financial year", ["2025Oct"]),
        ("LAST_6_BIMONTHS", "Last 6 bi-months", ["202504B", "202505B", "202506B", "202601B", "202602B", "202603B"]),
    ],
)
def test_keywords_stand_for_periods_before_the_servers_day(client, keyword, name, isos):
    body = ask(client, "dx:fbfJHSPpUQD", f"ou:{BO}", f"pe:{keyword}")
    assert body["metaData"]["dimensions"]["pe"] == isos
    assert {row[2] for row in body["rows"]} == set(isos)
    assert body["metaData"]["items"][keyword] == {"name": name}


def test_keywords_are_relative_to_the_day_that_the_request_gives(client):
    body = ask(client, "dx:fbfJHSPpUQD", f"ou:{BO}", "pe:LAST_3_MONTHS", relativePeriodDate="2026-02-10")
    assert body["metaData"]["dimensions"]["pe"] == ["202511", "202512", "202601"]


def test_dates_stand_for_the_months_between_them_without_a_column(client, oracle):
    body = ask(client, "dx:fbfJHSPpUQD", "ou:LEVEL-2", startDate="2026-01-01", endDate="2026-03-31")
    expected = oracle.execute(
        f"SELECT ou, sum(value) FROM fact WHERE de = 'fbfJHSPpUQD' AND level = 2 AND {months_of('202601', '202603')} "
        "GROUP BY ou"
    ).fetchall()
    assert [header["name"] for header in body["headers"]] == ["dx", "ou", "value"]
    assert numbers(body) == {("fbfJHSPpUQD", ou): float(total) for ou, total in expected}


def test_option_combos_are_a_dimension(client, oracle):
    body = ask(client, "dx:n6aMJNLdvep;fbfJHSPpUQD", "co", f"ou:{BO}", "pe:2025")
    expected = oracle.execute(
        f"SELECT de, coc, ou, sum(value) FROM fact WHERE de IN ('n6aMJNLdvep', 'fbfJHSPpUQD') AND ou = '{BO}' "
        "AND period LIKE '2025__' GROUP BY ALL"
    ).fetchall()
    assert numbers(body) == {(de, coc, ou, "2025"): float(total) for de, coc, ou, total in expected}
    assert len(body["rows"]) == 6


def test_attribute_option_combos_are_all_the_default_one(client):
    plain = ask(client, "dx:n6aMJNLdvep", f"ou:{BO}", "pe:2025")["rows"]
    (row,) = ask(client, "dx:n6aMJNLdvep", "ao", f"ou:{BO}", "pe:2025")["rows"]
    assert row == ["n6aMJNLdvep", "HllvX50cXC0", *plain[0][1:]]


@pytest.mark.parametrize("items", ["", f":{UNDER_1};{OVER_1}", ":ALL_ITEMS"])
def test_categories_are_dimensions_of_their_options(client, oracle, items):
    body = ask(client, "dx:n6aMJNLdvep", f"YNZyaJHiHYq{items}", f"ou:{BO}", "pe:2025")
    expected = oracle.execute(
        f"SELECT CASE WHEN coc IN ('{FIXED}', '{OUTREACH}') THEN '{UNDER_1}' ELSE '{OVER_1}' END, sum(value) "
        f"FROM fact WHERE de = 'n6aMJNLdvep' AND ou = '{BO}' AND period LIKE '2025__' GROUP BY 1"
    ).fetchall()
    assert body["headers"][1]["column"] == "EPI/nutrition age"
    assert numbers(body) == {("n6aMJNLdvep", option, BO, "2025"): float(total) for option, total in expected}


def test_a_category_as_filter_leaves_out_the_other_options(client):
    alone = ask(client, "dx:n6aMJNLdvep", f"ou:{BO}", "pe:2025", filters=[f"YNZyaJHiHYq:{UNDER_1}"])
    parts = numbers(ask(client, f"dx:n6aMJNLdvep.{FIXED};n6aMJNLdvep.{OUTREACH}", f"ou:{BO}", "pe:2025"))
    assert float(alone["rows"][0][-1]) == sum(parts.values())


def test_an_element_without_the_category_has_no_rows_in_it(client):
    assert ask(client, "dx:fbfJHSPpUQD", "YNZyaJHiHYq", f"ou:{BO}", "pe:2025")["rows"] == []


def test_unit_group_sets_are_dimensions_of_their_groups(client, oracle, metadata):
    body = ask(client, "J5jldMd8OHv", "pe:202601", filters=["dx:Jtf34kNZhzP", f"ou:{ROOT}"])
    groups = metadata.collections["organisationUnitGroups"]
    members = [(unit["id"], uid) for uid in groups for unit in groups[uid]["organisationUnits"]]
    oracle.execute("CREATE OR REPLACE TEMP TABLE member (ou VARCHAR, member_of VARCHAR)")
    oracle.executemany("INSERT INTO member VALUES (?, ?)", members)
    expected = oracle.execute(
        "SELECT member_of, sum(value) FROM fact JOIN member USING (ou) WHERE de = 'Jtf34kNZhzP' "
        "AND period = '202601' GROUP BY 1"
    ).fetchall()
    assert numbers(body) == {(group, "202601"): float(total) for group, total in expected}
    assert len(body["rows"]) == 5


def test_unit_groups_and_units_cross(client):
    body = ask(client, "dx:Jtf34kNZhzP", "ou:LEVEL-2", "J5jldMd8OHv:CXw2yu5fodb", "pe:2025")
    by_group = ask(client, "dx:Jtf34kNZhzP", "J5jldMd8OHv:CXw2yu5fodb", "pe:2025", filters=[f"ou:{ROOT}"])
    assert sum(numbers(body).values()) == sum(numbers(by_group).values())


def test_element_group_sets_are_dimensions_without_dx(client, oracle, metadata):
    body = ask(client, "jp826jAJHUc", f"ou:{BO}", "pe:2025")
    group = metadata.collections["dataElementGroups"]["qfxEYY9xAl6"]
    elements = ", ".join(f"'{each['id']}'" for each in group["dataElements"])
    (total,) = oracle.execute(
        f"SELECT sum(value) FROM fact WHERE ou = '{BO}' AND period LIKE '2025__' AND de IN ({elements})"
    ).fetchone()
    assert numbers(body)["qfxEYY9xAl6", BO, "2025"] == total


def test_a_group_of_elements_is_all_its_elements(client, metadata):
    body = ask(client, "dx:DE_GROUP-qfxEYY9xAl6", f"ou:{BO}", "pe:2025")
    group = metadata.collections["dataElementGroups"]["qfxEYY9xAl6"]
    assert body["metaData"]["dimensions"]["dx"] == [each["id"] for each in group["dataElements"]]


@pytest.mark.parametrize("dx", ["n6aMJNLdvep.*.HllvX50cXC0", f"n6aMJNLdvep.{FIXED}.HllvX50cXC0"])
def test_operands_may_name_the_attribute_option_combo(client, dx):
    (row,) = ask(client, f"dx:{dx}", f"ou:{BO}", "pe:2025")["rows"]
    (same,) = ask(client, f"dx:{dx.removesuffix('.HllvX50cXC0').removesuffix('.*')}", f"ou:{BO}", "pe:2025")["rows"]
    assert row == [dx, *same[1:]]


@pytest.mark.parametrize("scheme", ["UID", "ID", "id", "CODE", "NAME"])
def test_items_may_be_given_and_shown_by_another_scheme(client, scheme):
    plain = ask(client, "dx:fbfJHSPpUQD", f"ou:{BO}", "pe:2025")["rows"]
    given = {"CODE": ("DE_359596", "OU_264"), "NAME": ("ANC 1st visit", "Bo")}.get(scheme, ("fbfJHSPpUQD", BO))
    body = ask(
        client, f"dx:{given[0]}", f"ou:{given[1]}", "pe:2025", inputIdScheme=scheme, outputIdScheme=scheme.lower()
    )
    assert body["rows"] == [[*given, *plain[0][2:]]]


def test_the_units_may_be_another_users(client):
    body = ask(client, "dx:fbfJHSPpUQD", "ou:USER_ORGUNIT;USER_ORGUNIT_CHILDREN", "pe:2025", userOrgUnit=BO)
    assert body["metaData"]["dimensions"]["ou"][0] == BO
    assert len(body["rows"]) == 16


def test_who_sees_one_district_may_not_ask_for_another(anonymous):
    anonymous.auth = ("guest", "district")
    answer = anonymous.get(PATH, params={"dimension": ["dx:fbfJHSPpUQD", "ou:PMa2VCrupOd", "pe:2025"]})
    assert (answer.status_code, answer.json()["errorCode"]) == (409, "E7120")
    body = ask(anonymous, "dx:fbfJHSPpUQD", "ou:USER_ORGUNIT", "pe:2025")
    assert {row[1] for row in body["rows"]} == {BO}
