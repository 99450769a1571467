import pytest

from prefect_patterns.report.steps import Steps, shown_path
from prefect_patterns.testing import FakeClock


def test_a_step_is_one_line_with_its_state_and_seconds(capsys):
    clock = FakeClock()
    with Steps(clock=clock).step("fetch") as step:
        clock.advance(4.12)
        step.text = "1,332 org units"
    out = capsys.readouterr().out
    assert out.startswith("  fetch        ok    1,332 org units")
    assert out.endswith(" 4.1 s\n")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_step_that_raises_is_printed_as_failed_and_the_error_goes_on(capsys, error):
    with pytest.raises(error), Steps(clock=FakeClock()).step("fetch"):
        raise error
    assert capsys.readouterr().out.startswith("  fetch        failed")


def test_a_path_is_shown_from_here_when_it_lies_below(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown_path(tmp_path / "a" / "b") == "a/b"
    assert shown_path(tmp_path.parent / "c") == str(tmp_path.parent / "c")
