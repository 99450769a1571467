import pytest

from prefect_patterns.errors import UsageError
from prefect_patterns.tasks import in_run, markdown_report


def test_outside_a_run_the_report_is_just_a_file(tmp_path, recwarn):
    path = markdown_report("daily", "# Daily", path=tmp_path / "deep" / "daily.md")
    assert path.read_text() == "# Daily"
    assert not in_run()
    assert list(recwarn) == []


@pytest.mark.parametrize("key", ["Daily", "a b", "", "-a", "a_b"])
def test_a_key_that_prefect_refuses_is_refused_before_anything_is_written(tmp_path, key):
    with pytest.raises(UsageError, match="artifact"):
        markdown_report(key, "x", path=tmp_path / "x.md")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.flow
def test_inside_a_run_it_is_an_artifact_of_that_run_too(tmp_path, prefect_server):
    from prefect import flow
    from prefect.artifacts import Artifact
    from prefect.context import FlowRunContext

    @flow
    def report():
        markdown_report("in-a-run", "# Here", path=tmp_path / "here.md")
        return FlowRunContext.get().flow_run.id

    run = report()
    found = Artifact.get("in-a-run")
    assert (found.data, found.flow_run_id) == ("# Here", run)
    assert (tmp_path / "here.md").read_text() == "# Here"
