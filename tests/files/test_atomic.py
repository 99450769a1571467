import errno
import os
from types import SimpleNamespace

import polars as pl
import pytest

from prefect_patterns.errors import StorageError, WaitTimeout
from prefect_patterns.files import atomic_path, storage, write_bytes, write_text


def test_the_target_appears_only_when_the_block_ends_well(tmp_path):
    target = tmp_path / "deep" / "table.parquet"
    with atomic_path(target) as draft:
        draft.write_text("half")
        assert not target.exists()
        assert draft.parent == target.parent
    assert target.read_text() == "half"
    assert os.listdir(target.parent) == ["table.parquet"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "table.csv"
    target.write_text("old")
    with pytest.raises(ZeroDivisionError), atomic_path(target) as draft:
        draft.write_text("new")
        1 / 0  # noqa: B018
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["table.csv"]


def test_an_interrupt_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "table.csv"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_path(target) as draft:
        draft.write_text("new")
        raise KeyboardInterrupt
    assert os.listdir(tmp_path) == ["table.csv"]


def test_a_folder_can_be_written_as_one_step(tmp_path):
    with atomic_path(tmp_path / "tables") as draft:
        draft.mkdir()
        (draft / "a.txt").write_text("a")
    assert (tmp_path / "tables" / "a.txt").read_text() == "a"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EDQUOT])
def test_what_the_disk_refuses_is_a_storage_error_with_its_words(tmp_path, code):
    target = tmp_path / "table.csv"
    with pytest.raises(StorageError, match=os.strerror(code)) as caught, atomic_path(target):
        raise OSError(code, os.strerror(code))
    assert caught.value.path == str(target)
    assert os.listdir(tmp_path) == []


def test_a_file_in_the_place_of_the_folder_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="file"):
        write_text(tmp_path / "file" / "table.csv", "x")


def test_text_is_utf8_and_bytes_are_bytes(tmp_path):
    write_text(tmp_path / "a", "Bô")
    write_bytes(tmp_path / "b", b"\x00")
    assert (tmp_path / "a").read_bytes() == "Bô".encode()
    assert (tmp_path / "b").read_bytes() == b"\x00"


def test_a_refusal_that_polars_reports_in_its_own_words_is_a_storage_error_too(tmp_path):
    with pytest.raises(StorageError, match=os.strerror(errno.ENOSPC)), atomic_path(tmp_path / "t.parquet"):
        raise pl.exceptions.ComputeError("failed to write: No space left on device (os error 28)")


def test_a_time_out_inside_the_block_stays_what_it_is(tmp_path):
    with pytest.raises(WaitTimeout), atomic_path(tmp_path / "t.parquet"):
        raise WaitTimeout("orders", waited=1, checks=1)


@pytest.mark.parametrize(
    "error", [ConnectionResetError(104, "reset"), BrokenPipeError(32, "pipe"), TimeoutError(110, "late")]
)
def test_what_a_peer_does_to_the_block_is_no_matter_of_the_disk(tmp_path, error):
    with pytest.raises(type(error)), atomic_path(tmp_path / "table.csv"):
        raise error


def test_a_link_to_a_file_stays_a_link(tmp_path):
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    write_text(tmp_path / "link.csv", "new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "new"


def test_a_link_to_itself_is_a_storage_error(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(StorageError):
        write_text(tmp_path / "loop" / "table.csv", "x")


def test_a_written_file_has_the_mode_that_the_umask_gives(tmp_path):
    before = os.umask(0o027)
    try:
        write_text(tmp_path / "table.csv", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "table.csv").stat().st_mode & 0o777 == 0o640


CUT_FOOTER = pl.exceptions.ComputeError("parquet: File out of specification: Invalid thrift: transport error")


def test_a_parquet_file_whose_end_does_not_fit_on_the_disk_is_a_storage_error(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=0))
    with pytest.raises(StorageError, match="No space left on device"), storage(tmp_path / "a.parquet"):
        raise CUT_FOOTER


def test_a_parquet_file_that_is_cut_while_there_is_space_stays_what_it_is(tmp_path):
    with pytest.raises(pl.exceptions.ComputeError), storage(tmp_path / "a.parquet"):
        raise CUT_FOOTER
