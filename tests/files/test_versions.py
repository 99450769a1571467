import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import pytest

from prefect_patterns.errors import StorageError, UsageError
from prefect_patterns.files import versioned_folder


def publish(output, version, text="x", keep=2):
    with versioned_folder(output, "108", version, keep=keep) as folder:
        (folder / "page").write_text(text)


def read(output):
    return (output / "108" / "page").read_text()


def versions(output):
    return sorted(set(os.listdir(output / ".runs")) - {".lock"})


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
    assert versions(tmp_path) == ["108-a"]


def test_the_last_versions_are_kept_and_the_link_is_relative(tmp_path):
    for version in "abcd":
        publish(tmp_path, version, version)
    assert versions(tmp_path) == ["108-c", "108-d"]
    assert os.readlink(tmp_path / "108") == ".runs/108-d"


def test_versions_of_another_name_are_left_alone(tmp_path):
    with versioned_folder(tmp_path, "101", "z"):
        pass
    for version in "abc":
        publish(tmp_path, version, keep=1)
    assert versions(tmp_path) == ["101-z", "108-c"]


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
    assert versions(tmp_path) == ["108-b", "108-c"]


def test_something_of_the_users_in_the_place_of_the_link_is_not_touched(tmp_path):
    (tmp_path / "108").mkdir()
    (tmp_path / "108" / "mine").write_text("precious")
    with pytest.raises(StorageError, match="in the way"), versioned_folder(tmp_path, "108", "a"):
        pass
    assert (tmp_path / "108" / "mine").read_text() == "precious"


def test_a_link_of_the_users_in_the_place_of_ours_is_not_touched(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "108").symlink_to("elsewhere")
    with pytest.raises(StorageError, match="in the way"):
        publish(tmp_path, "a")
    assert os.readlink(tmp_path / "108") == "elsewhere"


@pytest.mark.parametrize(
    ("name", "version"), [("report-daily", "a"), ("a/b", "a"), ("..", "a"), ("", "a"), ("a", "b/c")]
)
def test_a_name_that_could_reach_other_folders_is_refused(tmp_path, name, version):
    with pytest.raises(UsageError, match="name and the version"), versioned_folder(tmp_path, name, version):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_version_that_exists_is_refused_before_any_work(tmp_path):
    publish(tmp_path, "a", "old")
    with pytest.raises(StorageError, match="already"), versioned_folder(tmp_path, "108", "a"):
        pytest.fail("the block ran")
    assert read(tmp_path) == "old"


@pytest.mark.parametrize("rest", ["draft", "link"])
def test_what_a_writer_left_that_was_killed_between_two_steps_is_removed(tmp_path, rest):
    publish(tmp_path, "a")
    left = tmp_path / ".runs" / f".108-killed.{rest}"
    left.mkdir() if rest == "draft" else left.symlink_to("108-killed")
    publish(tmp_path, "b")
    assert versions(tmp_path) == ["108-a", "108-b"]


def test_many_writers_at_once_leave_a_link_that_leads_to_a_whole_version(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda version: publish(tmp_path, f"v{version}", str(version), keep=1), range(40)))
    assert len(versions(tmp_path)) == 1
    assert os.readlink(tmp_path / "108") == f".runs/108-v{read(tmp_path)}"
