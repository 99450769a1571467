import os
import signal
import subprocess
import sys
import textwrap

import pytest

from prefect_patterns.errors import StorageError
from prefect_patterns.files import versioned_folder


def publish(output, version, text="x", keep=2):
    with versioned_folder(output, "108", version, keep=keep) as folder:
        (folder / "page").write_text(text)


def read(output):
    return (output / "108" / "page").read_text()


def test_a_reader_sees_the_old_version_until_the_new_one_is_whole(tmp_path):
    publish(tmp_path, "a", "old")
    with versioned_folder(tmp_path, "108", "b") as folder:
        (folder / "page").write_text("new")
        assert read(tmp_path) == "old"
    assert read(tmp_path) == "new"


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt])
def test_a_failed_run_leaves_the_old_version_and_no_rest(tmp_path, failure):
    publish(tmp_path, "a", "old")
    with pytest.raises(failure), versioned_folder(tmp_path, "108", "b") as folder:
        (folder / "page").write_text("new")
        raise failure
    assert read(tmp_path) == "old"
    assert sorted(os.listdir(tmp_path / ".runs")) == ["108-a"]


def test_the_last_versions_are_kept_and_the_link_is_relative(tmp_path):
    for version in "abcd":
        publish(tmp_path, version, version)
    assert sorted(os.listdir(tmp_path / ".runs")) == ["108-c", "108-d"]
    assert os.readlink(tmp_path / "108") == ".runs/108-d"


def test_versions_of_another_name_are_left_alone(tmp_path):
    with versioned_folder(tmp_path, "101", "z"):
        pass
    for version in "abc":
        publish(tmp_path, version, keep=1)
    assert sorted(os.listdir(tmp_path / ".runs")) == ["101-z", "108-c"]


def test_two_writers_at_once_both_finish_and_the_last_one_shows(tmp_path):
    with versioned_folder(tmp_path, "108", "a") as first:
        with versioned_folder(tmp_path, "108", "b") as second:
            (first / "page").write_text("first")
            (second / "page").write_text("second")
        assert read(tmp_path) == "second"
    assert read(tmp_path) == "first"


@pytest.mark.kill
def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    publish(tmp_path, "a", "old")
    code = """
        import sys, time
        from pathlib import Path
        from prefect_patterns.files import versioned_folder
        with versioned_folder(Path(sys.argv[1]), "108", "killed") as folder:
            (folder / "page").write_text("half")
            print("writing", flush=True)
            sys.stdin.read()
    """
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with writer:
        assert writer.stdout.readline() == "writing\n"
        publish(tmp_path, "b", "meanwhile")
        assert (tmp_path / ".runs" / ".108-killed.draft").exists()
        writer.send_signal(signal.SIGKILL)
    assert read(tmp_path) == "meanwhile"
    publish(tmp_path, "c", "after")
    assert sorted(os.listdir(tmp_path / ".runs")) == ["108-b", "108-c"]


def test_something_of_the_users_in_the_place_of_the_link_is_not_touched(tmp_path):
    (tmp_path / "108").mkdir()
    (tmp_path / "108" / "mine").write_text("precious")
    with pytest.raises(StorageError, match="in the way"), versioned_folder(tmp_path, "108", "a"):
        pass
    assert (tmp_path / "108" / "mine").read_text() == "precious"
