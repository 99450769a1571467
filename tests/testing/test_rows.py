import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.errors import UsageError
from prefect_patterns.testing import DEFECTS, FakeClock, seeded_rows

COUNT = {
    "missing email": lambda rows: rows["email"].null_count(),
    "negative amount": lambda rows: (rows["amount"] < 0).sum(),
    "unknown customer": lambda rows: (rows["customer_id"] < 0).sum(),
    "unknown status": lambda rows: (rows["status"] == "?").sum(),
    "duplicate id": lambda rows: max(rows["id"].is_duplicated().sum() - 1, 0),
}


@given(
    seed=st.integers(0, 2**32),
    defects=st.dictionaries(st.sampled_from(sorted(DEFECTS)), st.integers(0, 12), max_size=5),
)
def test_each_defect_is_there_as_often_as_asked(seed, defects):
    rows = seeded_rows(100, seed=seed, defects=defects)
    assert rows.height == 100
    assert {name: COUNT[name](rows) for name in DEFECTS} == {name: defects.get(name, 0) for name in DEFECTS}


def test_the_same_seed_gives_the_same_rows_and_another_gives_others():
    assert seeded_rows(50, seed=1).equals(seeded_rows(50, seed=1))
    assert not seeded_rows(50, seed=1).equals(seeded_rows(50, seed=2))


def test_no_rows_have_the_same_columns():
    assert seeded_rows(0).schema == seeded_rows(1).schema
    assert seeded_rows(5).schema["email"] == pl.String


@pytest.mark.parametrize(
    ("count", "defects", "problem"),
    [(10, {"typo": 1}, "no defects named"), (3, {"missing email": 3}, "do not fit"), (0, {"missing email": 1}, "fit")],
)
def test_defects_that_cannot_be_are_refused(count, defects, problem):
    with pytest.raises(UsageError, match=problem):
        seeded_rows(count, defects=defects)


def test_a_fake_clock_moves_only_when_told():
    clock = FakeClock()
    before = clock.now()
    clock.sleep(2)
    clock.advance(3)
    assert (clock.now() - before).total_seconds() == 5 == clock.monotonic()
    assert clock.sleeps == [2]
