from pathlib import Path

import pytest

from prefect_patterns.cli.catalogue import Catalogue, find_folder, read_entry
from prefect_patterns.errors import ConfigError, UsageError

ROOT = Path(__file__).parent.parent.parent
GOOD = '''"""Say hello.

+++
section  = "Basics"
concepts = ["flow"]
library  = []
airflow  = "BashOperator"
needs    = []
+++

**Notice** nothing.
"""
raise RuntimeError("a listing must not import this")
'''


def write(folder, name="001_hello_world.py", text=GOOD):
    path = folder / name
    path.write_text(text)
    return path


def test_an_entry_is_read_without_importing_the_flow(tmp_path):
    entry = read_entry(write(tmp_path))
    assert (entry.number, entry.slug, entry.title) == ("001", "hello_world", "Hello world")
    assert entry.flow_name == "001-hello-world"
    assert (entry.summary, entry.notes) == ("Say hello.", "**Notice** nothing.")
    assert entry.about.airflow == "BashOperator"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (GOOD.replace("+++", "---"), "no front matter"),
        (GOOD.replace('airflow  = "BashOperator"', ""), "airflow"),
        (GOOD.replace('"Basics"', '"Bassics"'), "section"),
        (GOOD.replace("needs ", "nedes "), "nedes"),
        (GOOD.replace('["flow"]', "[flow"), "TOML"),
        ("def broken(:", "not Python"),
        ("x = 1", "no front matter"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path, text, problem):
    with pytest.raises(ConfigError, match=problem) as caught:
        read_entry(write(tmp_path, text=text))
    assert "001_hello_world.py" in str(caught.value)


def test_all_wrong_files_are_named_at_once(tmp_path):
    write(tmp_path, "001_one.py", "x = 1")
    write(tmp_path, "002_two.py", "x = 1")
    with pytest.raises(ConfigError, match=r"001_one\.py.*002_two\.py"):
        Catalogue.read(tmp_path)


@pytest.mark.parametrize("name", ["1", "001", "hello_world", "hello-world", "001_hello_world", "001_hello_world.py"])
def test_a_flow_is_found_by_number_or_name(tmp_path, name):
    write(tmp_path)
    assert Catalogue.read(tmp_path).entry(name).number == "001"


def test_a_flow_that_does_not_exist_names_the_nearest(tmp_path):
    write(tmp_path)
    with pytest.raises(UsageError, match="did you mean hello_world"):
        Catalogue.read(tmp_path).entry("helo_world")
    with pytest.raises(UsageError, match="patterns list"):
        Catalogue.read(tmp_path).entry("zzz")


def test_a_checkout_in_the_current_folder_goes_first(tmp_path, monkeypatch):
    (tmp_path / "flows").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "prefect-patterns"\n')
    monkeypatch.chdir(tmp_path)
    assert find_folder() == tmp_path / "flows"


def test_another_project_in_the_current_folder_is_not_ours(tmp_path, monkeypatch):
    (tmp_path / "flows").mkdir()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "theirs"\n')
    monkeypatch.chdir(tmp_path)
    assert find_folder() == ROOT / "flows"


CATALOGUE = Catalogue.read(ROOT / "flows")


@pytest.mark.flow
@pytest.mark.parametrize("entry", CATALOGUE.entries, ids=lambda entry: entry.flow_name)
def test_each_flow_object_and_flow_name_follow_the_file_name(entry, prefect_server):
    flow = entry.flow()
    assert flow.name == entry.flow_name
    assert flow.fn.__name__ == f"{entry.slug}_flow"
    assert entry.load() is entry.load()


def test_two_flows_with_one_number_are_named(tmp_path):
    write(tmp_path, "001_one.py")
    write(tmp_path, "001_two.py")
    with pytest.raises(ConfigError, match=r"001_one\.py.*001_two\.py"):
        Catalogue.read(tmp_path)


def test_a_flow_without_a_first_sentence_is_named(tmp_path):
    with pytest.raises(ConfigError, match="sentence"):
        read_entry(write(tmp_path, text=GOOD.replace("Say hello.\n\n", "")))


def test_a_flow_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "001_gone.py").symlink_to("nowhere.py")
    with pytest.raises(ConfigError, match=r"001_gone\.py cannot be read"):
        Catalogue.read(tmp_path)


def test_a_project_file_that_is_no_text_is_not_ours(tmp_path, monkeypatch):
    (tmp_path / "flows").mkdir()
    (tmp_path / "pyproject.toml").write_bytes(b"\xff")
    monkeypatch.chdir(tmp_path)
    assert find_folder() == ROOT / "flows"
