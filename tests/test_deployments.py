"""Each deployment imports, deploys by Prefect's command and by its script, and runs on a worker."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
FOLDERS = sorted(path.parent for path in (ROOT / "deployments").glob("*/flow.py"))


def deployments(folder):
    return YAML(typ="safe").load((folder / "prefect.yaml").read_text())["deployments"]


def full_name(folder, deployment):
    return f"{(folder / deployment['entrypoint'].partition(':')[0]).parent.name}/{deployment['name']}"


CASES = [
    pytest.param(folder, each, id=f"{folder.relative_to(ROOT)}/{each['name']}")
    for folder in (ROOT, *FOLDERS)
    for each in deployments(folder)
]


def load(path):
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def api(prefect_server):
    """Give a client of the session's server, which has the work pool that the files name."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate

    with get_client(sync_client=True) as client:
        client.create_work_pool(WorkPoolCreate(name="default", type="process"), overwrite=True)
        yield client


@pytest.fixture
def prefect(prefect_server):
    """Give a function that runs the `prefect` command against the session's server."""

    def run(*arguments, cwd=ROOT, **environment):
        return subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
            cwd=cwd,
            env=prefect_server.environment | environment,
            capture_output=True,
            text=True,
        )

    return run


def described(deployment):
    """Return what must not depend on the way by which it was deployed."""
    schedules = [(each.schedule.cron, each.schedule.timezone, each.slug) for each in deployment.schedules]
    limit = deployment.global_concurrency_limit.limit, deployment.concurrency_options.collision_strategy.value
    where = deployment.work_pool_name, deployment.entrypoint, deployment.pull_steps
    return deployment.description, deployment.tags, deployment.parameters, schedules, limit, where


def test_each_folder_has_a_flow_a_yaml_file_and_a_script():
    assert {folder.name for folder in FOLDERS} == {"dhis2_connection", "dhis2_ou"}
    for folder in FOLDERS:
        assert (folder / "prefect.yaml").is_file()
        assert (folder / "deploy.py").is_file()


def test_the_root_deploys_the_organisation_units():
    assert "dhis2-ou" in {each["name"] for each in deployments(ROOT)}


@pytest.mark.parametrize(("folder", "deployment"), CASES)
def test_an_entrypoint_is_a_flow_named_as_its_folder_that_takes_the_parameters(folder, deployment):
    file, _, function = deployment["entrypoint"].partition(":")
    flow = getattr(load(folder / file), function)
    assert flow.validate_parameters(deployment.get("parameters", {})) is not None
    assert flow.name == (folder / file).parent.name


@pytest.mark.flow
@pytest.mark.parametrize("folder", [ROOT, *FOLDERS], ids=lambda folder: folder.name)
def test_prefect_deploys_all_of_a_folder(api, prefect, folder):
    done = prefect("deploy", "--all", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    for each in deployments(folder):
        by_yaml = api.read_deployment_by_name(full_name(folder, each))
        assert by_yaml.parameters == each.get("parameters", {})
        assert [item.schedule.cron for item in by_yaml.schedules] == [item["cron"] for item in each["schedules"]]
        if folder != ROOT:
            load(folder / "deploy.py").deploy()  # from this process's folder, which is another one
            by_script = api.read_deployment_by_name(full_name(folder, each))
            assert by_script.id == by_yaml.id
            assert described(by_script) == described(by_yaml)


@pytest.mark.stack
def test_a_worker_runs_deployments_with_the_credentials_of_their_environment_or_says_how_to_give_some(
    api, prefect, dhis2_sandbox, tmp_path
):
    from prefect.artifacts import Artifact

    environment = {
        "PATTERNS_DHIS2_URL": dhis2_sandbox.url,
        "PATTERNS_DHIS2_USERNAME": dhis2_sandbox.username,
        "PATTERNS_DHIS2_PASSWORD": dhis2_sandbox.password,
    }
    runs = {}
    for name, variables in (("ou", {"env": environment}), ("connection", {})):
        load(ROOT / f"deployments/dhis2_{name}/deploy.py").deploy()
        found = api.read_deployment_by_name(f"dhis2_{name}/dhis2-{name}")
        runs[name] = api.create_flow_run_from_deployment(found.id, job_variables=variables).id
    done = prefect("worker", "start", "--pool", "default", "--run-once", PATTERNS_HOME=str(tmp_path))
    with_credentials, without = (api.read_flow_run(runs[name]).state for name in ("ou", "connection"))
    assert with_credentials.is_completed(), f"{with_credentials.message}\n{done.stdout}{done.stderr}"
    report = Artifact.get("dhis2-org-units")
    assert report.flow_run_id == runs["ou"]
    assert "| 4 | 1,166 |" in report.data
    assert without.is_failed()
    assert "this deployment has no DHIS2 credentials" in without.message
