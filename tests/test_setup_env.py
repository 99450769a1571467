"""The script behind `make`: what it finds, and what it mends."""

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "setup_env.py"


@pytest.fixture
def setup_env(tmp_path, monkeypatch):
    """Give the script as a module of a project in a temporary folder; what it would run is written down."""
    spec = importlib.util.spec_from_file_location("setup_env", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text("one")
    module.commands = []

    def note(command, _environment):
        module.commands.append(command)
        (tmp_path / ".venv").mkdir(exist_ok=True)

    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "_run", note)
    monkeypatch.setattr(module.subprocess, "run", lambda *_args, **_how: None)
    monkeypatch.setattr(module, "_works", lambda python: python.exists())
    monkeypatch.setattr(module.shutil, "which", lambda _name: None)
    return module


def installed(setup_env, extras=()):
    """Make what a finished set-up leaves."""
    venv = setup_env.ROOT / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to(sys.executable)
    (venv / "bin" / "activate").write_text(f'VIRTUAL_ENV="{venv}"\n')
    setup_env._stamp_file(venv).write_text(" ".join([setup_env._fingerprint(), *extras]) + "\n")
    return venv


def test_an_environment_that_is_up_to_date_is_left_alone(setup_env, capsys):
    installed(setup_env, ["dev"])
    assert setup_env.main(".venv") == 0
    assert setup_env.main(".venv", "dev") == 0
    assert (setup_env.commands, capsys.readouterr().out) == ([], "")


def test_another_extra_is_added_to_those_that_are_there(setup_env):
    installed(setup_env, ["dev"])
    setup_env.main(".venv", "stack")
    assert [command[-1] for command in setup_env.commands] == [".[dev,stack]"]
    assert setup_env._installed(setup_env.ROOT / ".venv") == {"dev", "stack"}


def test_changed_constraints_are_installed_into_the_same_environment(setup_env):
    venv = installed(setup_env)
    (setup_env.ROOT / "constraints.txt").write_text("two")
    setup_env.main(".venv")
    assert [command[0] for command in setup_env.commands] == [str(venv / "bin" / "python")]


@pytest.mark.parametrize("before", ["/x", "/home/me"])
def test_an_environment_that_was_moved_is_made_anew(setup_env, before):
    venv = installed(setup_env)
    (venv / "bin" / "activate").write_text(f'VIRTUAL_ENV="{before}{venv}"\n')
    assert setup_env._installed(venv) is None
    assert not venv.exists()


def test_an_environment_whose_python_is_gone_is_made_anew(setup_env):
    venv = installed(setup_env)
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to("/nowhere/python")
    setup_env.main(".venv")
    assert setup_env.commands[0][-2:] == ["venv", str(venv)]


def test_an_environment_whose_making_was_cut_short_is_made_anew(setup_env, monkeypatch):
    (setup_env.ROOT / ".venv" / "bin").mkdir(parents=True)
    (setup_env.ROOT / ".venv" / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(setup_env, "_works", lambda _python: False)  # killed before it had a pip
    setup_env.main(".venv")
    assert setup_env.commands[0][-2] == "venv"
    assert not (setup_env.ROOT / ".venv" / "bin").exists()


def test_nothing_is_written_down_before_all_is_installed(setup_env, monkeypatch):
    def killed(_command, _environment):
        raise KeyboardInterrupt

    monkeypatch.setattr(setup_env, "_run", killed)
    with pytest.raises(KeyboardInterrupt):
        setup_env.main(".venv")
    assert setup_env._installed(setup_env.ROOT / ".venv") is None
