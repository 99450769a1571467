"""Star schemas: stable surrogate keys, the unknown member, foreign keys that hold, files."""

import datetime as dt
import subprocess
import sys

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_patterns.analytics.star_schema import (
    UNKNOWN,
    Dimension,
    Fact,
    Reference,
    StarSchema,
    build,
    check_foreign_keys,
)
from prefect_patterns.errors import StorageError, UsageError

UNITS = pl.DataFrame(
    {"id": ["a", "b"], "name": ["North", "South"], "level": [2, 2], "opened": [dt.date(2020, 1, 1), None]}
)
PERIODS = pl.DataFrame({"iso": ["202401", "202402"], "start": [dt.date(2024, 1, 1), dt.date(2024, 2, 1)]})
VALUES = pl.DataFrame(
    {"unit": ["b", "a", None, "x"], "pe": ["202401", "202402", "202401", "209901"], "value": ["1", "2.5", None, "4"]}
)
DIMENSIONS = [Dimension("unit", UNITS, "id"), Dimension("period", PERIODS, "iso")]
FACT = Fact("value", VALUES, [Reference("unit", "unit"), Reference("period", "pe")], {"value": pl.Float64})


@pytest.fixture(scope="module")
def star() -> StarSchema:
    return build([FACT], DIMENSIONS)


def test_every_fact_finds_its_members_or_the_unknown_one(star):
    rows = star.facts["value"].join(star.dimensions["unit"], on="unit_key", maintain_order="left")
    rows = rows.join(star.dimensions["period"], on="period_key", maintain_order="left")
    assert rows.select("name", "iso", "value").rows() == [
        ("South", "202401", 1.0), ("North", "202402", 2.5), ("Unknown", "202401", None), ("Unknown", "Unknown", 4.0),
    ]  # fmt: skip


def test_the_unknown_member_has_unknown_texts_and_no_other_values(star):
    assert star.dimensions["unit"].row(0) == (UNKNOWN, "Unknown", "Unknown", None, None)
    assert star.dimensions["unit"].height == UNITS.height + 1


def test_tables_are_called_by_what_they_are(star):
    assert list(star.tables) == ["dim_unit", "dim_period", "fact_value"]
    assert star.facts["value"].columns == ["unit_key", "period_key", "value"]
    assert star.dimensions["unit"].columns == ["unit_key", "id", "name", "level", "opened"]


def test_surrogate_keys_are_the_same_in_every_version():
    keys = build([], [Dimension("unit", UNITS, "id"), Dimension("cell", UNITS, ("id", "level"))])
    assert keys.dimensions["unit"]["unit_key"].to_list() == [-1, 5373448803846538489, 6979601191261261400]
    assert keys.dimensions["cell"]["cell_key"].to_list() == [-1, 8353124937600454402, 8466328080786944240]


@settings(max_examples=25)
@given(st.lists(st.text(), unique=True, max_size=20), st.randoms(use_true_random=False))
def test_a_surrogate_key_depends_on_its_natural_key_alone(ids, random):
    def keys(names):
        table = build([], [Dimension("unit", pl.DataFrame({"id": names}, schema={"id": pl.String}), "id")])
        return dict(table.dimensions["unit"].select("id", "unit_key").rows()[1:])

    shuffled = random.sample(ids, len(ids))
    assert keys(ids) == keys(shuffled) == {name: keys([name])[name] for name in ids}
    assert all(0 <= key < 2**63 for key in keys(ids).values())


def test_parts_of_a_composite_key_are_kept_apart():
    pairs = pl.DataFrame({"a": ["a", "ab", "", "abc"], "b": ["bc", "c", "abc", ""]})
    table = build([], [Dimension("pair", pairs, ("a", "b"))]).dimensions["pair"]
    assert table["pair_key"].n_unique() == 5


def test_a_composite_key_is_found_as_a_whole():
    cells = pl.DataFrame({"de": ["x", "x", "y"], "coc": [1, 2, 1], "label": ["x1", "x2", "y1"]})
    rows = pl.DataFrame({"e": ["x", "y", "y"], "c": [2, 1, 2], "n": [1, 2, 3]}, schema_overrides={"c": pl.Int16})
    made = build(
        [Fact("f", rows, [Reference("cell", ("e", "c"))], {"n": pl.Int64})], [Dimension("cell", cells, ("de", "coc"))]
    )
    found = made.facts["f"].join(made.dimensions["cell"], on="cell_key", maintain_order="left")["label"]
    assert found.to_list() == ["x2", "y1", "Unknown"]


def test_a_dimension_may_be_used_twice_in_two_roles():
    rows = pl.DataFrame({"from": ["a", "b"], "to": ["b", "zz"]})
    links = [Reference("unit", "from", role="origin"), Reference("unit", "to", role="target")]
    made = build([Fact("move", rows, links, {})], DIMENSIONS)
    assert made.facts["move"].columns == ["origin_key", "target_key"]
    assert check_foreign_keys(made).select("column", "unknown", "holds").rows() == [
        ("origin_key", 0, True),
        ("target_key", 1, True),
    ]


def test_categories_are_texts():
    units = UNITS.cast({"id": pl.Categorical, "name": pl.Enum(["North", "South"])})
    rows = VALUES.cast({"unit": pl.Categorical})
    made = build(
        [Fact("f", rows, [Reference("unit", "unit")], {})], [Dimension("unit", units, "id", attributes=["name"])]
    )
    assert made.dimensions["unit"].columns == ["unit_key", "id", "name"]
    assert made.facts["f"].equals(build([FACT], DIMENSIONS).facts["value"].select("unit_key"))


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["a", "b", "c", None]), max_size=30))
def test_foreign_keys_hold_and_no_row_is_lost(units):
    rows = pl.DataFrame({"unit": units}, schema={"unit": pl.String}).with_row_index("n")
    made = build([Fact("f", rows, [Reference("unit", "unit")], {"n": pl.Int64})], DIMENSIONS)
    assert made.facts["f"]["n"].to_list() == list(range(len(units)))
    assert check_foreign_keys(made)["holds"].all()
    assert check_foreign_keys(made)["unknown"].item() == sum(unit not in ("a", "b") for unit in units)


def test_two_members_with_one_hash_are_refused(monkeypatch):
    module = sys.modules["prefect_patterns.analytics.star_schema.build"]
    monkeypatch.setattr(module, "_surrogate", lambda natural: 1)
    with pytest.raises(UsageError, match=r"one hash: \[\('a',\), \('b',\)\]"):
        build([], [Dimension("unit", UNITS, "id")])


@pytest.mark.parametrize(
    ("facts", "dimensions", "said"),
    [
        ([], [Dimension("u", UNITS, "uid", attributes=["nam"])], ["dimension 'u' has no column 'uid', 'nam'"]),
        ([], [Dimension("u", UNITS, ())], ["'u' has no key"]),
        ([], [Dimension("u", UNITS, "id")] * 2, ["two dimensions are called 'u'"]),
        ([], [Dimension("u", pl.concat([UNITS, UNITS]), "id")], ["has keys more than once: 2, such as ('a',)"]),
        ([], [Dimension("u", UNITS, "opened")], ["'u' has rows without key: 1"]),
        ([], [Dimension("u", pl.DataFrame({"x": [0.5]}), "x")], ["key 'x' of type Float64"]),
        ([], [Dimension("u", pl.DataFrame({"x": ["a"], "u_key": [1]}), "x")], ["its surrogate key's name"]),
        ([Fact("f", VALUES, [Reference("v", "unit")], {})], [], ["refers to 'v', which is no dimension"]),
        ([Fact("f", VALUES, [Reference("unit", "ou")], {"z": pl.Int8})], DIMENSIONS, ["column 'ou'", "column 'z'"]),
        ([Fact("f", VALUES, [Reference("unit", ("unit", "pe"))], {})], DIMENSIONS, ["by 2 columns, its key has 1"]),
        ([Fact("f", VALUES, [Reference("unit", "unit")] * 2, {})], DIMENSIONS, ["two columns 'unit_key': give"]),
        ([Fact("f", UNITS, [Reference("unit", "level")], {})], DIMENSIONS, ["'level' of type Int64, which cannot"]),
        (
            [Fact("f", VALUES, [], {"value": pl.Int64})],
            [],
            ["has values in 'value' that are no Int64: 1, such as '2.5'"],
        ),
        ([Fact("f", VALUES, [], {"value": pl.List(pl.Int8)})], [], ["'value' of type String, which cannot become"]),
        ([Fact("f", VALUES, [], {})], [], ["has neither references nor measures"]),
        ([FACT, FACT], DIMENSIONS, ["two facts are called 'value'"]),
        ([Fact("f", VALUES, [Reference("v", "unit")], {})], [Dimension("u", UNITS, ())], ["no dimension", "no key"]),
    ],
)
def test_what_cannot_be_built_is_refused_with_every_reason(facts, dimensions, said):
    with pytest.raises(UsageError) as caught:
        build(facts, dimensions)
    assert all(part in caught.value.what for part in said), caught.value.what


def test_parquet_files_hold_the_tables(star, tmp_path):
    star.write_parquet(tmp_path / "new")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "dim_period.parquet",
        "dim_unit.parquet",
        "fact_value.parquet",
    ]
    for name, table in star.tables.items():
        assert pl.read_parquet(tmp_path / "new" / f"{name}.parquet").equals(table)


def test_a_database_holds_the_tables_and_nothing_else_stays(star, tmp_path):
    path = tmp_path / "new" / "it's a star.duckdb"
    for _ in range(2):
        star.write_duckdb(path)
        assert list(path.parent.iterdir()) == [path]
    with duckdb.connect(str(path), read_only=True) as database:
        for name, table in star.tables.items():
            assert database.execute(f"SELECT * FROM {name}").fetchall() == table.rows()
        found = database.execute(
            "SELECT name, sum(value) FROM fact_value JOIN dim_unit USING (unit_key) GROUP BY name ORDER BY name"
        ).fetchall()
        keys = database.execute(
            "SELECT table_name, constraint_column_names FROM duckdb_constraints() WHERE constraint_type = 'PRIMARY KEY'"
        ).fetchall()
        comments = database.execute("SELECT comment FROM duckdb_columns() WHERE comment IS NOT NULL").fetchall()
    assert found == [("North", 2.5), ("South", 1.0), ("Unknown", 4.0)]
    assert sorted(keys) == [("dim_period", ["period_key"]), ("dim_unit", ["unit_key"])]
    assert sorted(comments) == [("refers to dim_period",), ("refers to dim_unit",)]


def test_names_that_are_sql_stay_names(tmp_path):
    odd = 'x"; DROP TABLE y; --'
    made = build([], [Dimension(odd, pl.DataFrame({"it's": ["a"]}), "it's")])
    made.write_duckdb(tmp_path / "odd.duckdb")
    with duckdb.connect(str(tmp_path / "odd.duckdb"), read_only=True) as database:
        assert database.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [(f"dim_{odd}",)]


def test_a_schema_whose_foreign_keys_do_not_hold_is_not_written(tmp_path):
    facts = {"value": pl.DataFrame({"unit_key": [1, 2, None]})}
    made = StarSchema(facts, {"unit": pl.DataFrame({"unit_key": [1]})}, (("value", "unit_key", "unit"),))
    with pytest.raises(UsageError, match=r"value.unit_key \(broken: 2\)"):
        made.write_duckdb(tmp_path / "star.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_database_whole(star, tmp_path, monkeypatch):
    path = tmp_path / "star.duckdb"
    star.write_duckdb(path)
    before = path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise duckdb.IOException('IO Error: Could not write file "x": No space left on device')

    monkeypatch.setattr(duckdb, "connect", full)
    with pytest.raises(StorageError, match="No space left"):
        star.write_duckdb(path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


FULL_DISK = """
import sys
from pathlib import Path
import polars as pl
from prefect_patterns.analytics.star_schema import Dimension, build
from prefect_patterns.errors import StorageError

folder = Path(sys.argv[1])
star = build([], [Dimension("unit", pl.DataFrame({"id": pl.int_range(100_000, eager=True)}), "id")])
for write in (star.write_duckdb, star.write_parquet):
    try:
        write(folder / "star")
    except StorageError as error:
        print(error.what)
print([str(path) for path in folder.rglob("*") if path.is_file()])
"""


@pytest.mark.service
@pytest.mark.timeout(30)
@pytest.mark.parametrize("options", ["size=256k", "ro"])
def test_a_disk_that_is_full_or_read_only_is_a_storage_error_and_nothing_stays(options, tmp_path):
    mount = f'mount -t tmpfs -o {options} none "$1"'
    if subprocess.run(
        ["unshare", "-rm", "sh", "-c", mount, "-", tmp_path], capture_output=True, check=False
    ).returncode:
        pytest.skip("this user may not mount a tmpfs (unshare -rm)")
    command = [
        "unshare",
        "-rm",
        "sh",
        "-c",
        f'{mount} && exec "$2" -c "$3" "$1"',
        "-",
        tmp_path,
        sys.executable,
        FULL_DISK,
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=25, check=False)
    assert run.stdout.splitlines()[-1] == "[]", run.stderr
    assert run.stdout.count("cannot write") == 2
