import csv

import polars as pl
import pytest

from prefect_patterns.errors import StorageError
from prefect_patterns.files import write_csv


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("text", ["=cmd|'/c calc'!A1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"])
def test_a_text_that_would_run_is_shown_as_text(tmp_path, text):
    write_csv(tmp_path / "a.csv", pl.DataFrame({"name": [text]}))
    assert rows(tmp_path / "a.csv") == [["name"], [f"'{text}"]]


def test_other_texts_and_negative_numbers_stay_as_they_are(tmp_path):
    frame = pl.DataFrame({"name": ["Bo, North", 'He said "no"', "Château\nRouge", None], "change": [-1, 2, None, 4]})
    write_csv(tmp_path / "a.csv", frame)
    assert rows(tmp_path / "a.csv")[1:] == [
        ["Bo, North", "-1"],
        ['He said "no"', "2"],
        ["Château\nRouge", ""],
        ["", "4"],
    ]


def test_a_list_is_one_cell(tmp_path):
    write_csv(tmp_path / "a.csv", pl.DataFrame({"groups": [["a", "b"], [], None], "n": [[1, 2], [3], []]}))
    assert rows(tmp_path / "a.csv")[1:] == [["a; b", "1; 2"], ["", "3"], ["", ""]]


def test_a_list_whose_first_item_would_run_is_shown_as_text(tmp_path):
    write_csv(tmp_path / "a.csv", pl.DataFrame({"groups": [["=1", "b"]]}))
    assert rows(tmp_path / "a.csv")[1] == ["'=1; b"]


def test_spreadsheet_programs_see_the_encoding(tmp_path):
    write_csv(tmp_path / "a.csv", pl.DataFrame({"name": ["é"]}))
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbf")


def test_a_frame_without_texts_is_written(tmp_path):
    write_csv(tmp_path / "a.csv", pl.DataFrame({"n": [1]}))
    assert rows(tmp_path / "a.csv") == [["n"], ["1"]]


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        write_csv(tmp_path / "file" / "a.csv", pl.DataFrame({"n": [1]}))
