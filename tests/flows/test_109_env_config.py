import pytest
from prefect.blocks.system import Secret
from prefect.client.orchestration import get_client
from prefect.variables import Variable
from pydantic import SecretStr

from prefect_patterns.blocks import Dhis2Credentials
from prefect_patterns.errors import AuthenticationFailed, ConfigError

pytestmark = pytest.mark.flow


@pytest.fixture
def run(flow_file, dhis2_sandbox, monkeypatch, tmp_path, capfd, caplog):
    """Give a function that runs the flow; it returns the state, and everything that anybody can see of the run."""
    monkeypatch.setenv("PATTERNS_HOME", str(tmp_path))
    monkeypatch.setattr("prefect_patterns.blocks.services.ensure", lambda _: dhis2_sandbox.url)
    # Prefect's console handler may hold the closed stream of an earlier test; its complaint would quote source code.
    monkeypatch.setattr("logging.raiseExceptions", False)

    def start(*args, **kwargs):
        state = flow_file("109").env_config_flow(*args, **kwargs, return_state=True)
        with get_client(sync_client=True) as api:
            flow_run = api.read_flow_run(state.state_details.flow_run_id)
        page = (tmp_path / "output" / "109" / "configuration.md").read_text()
        streams = capfd.readouterr()
        seen = [streams.out, streams.err, caplog.text, page, flow_run.model_dump_json(), repr(state)]
        return state, "\n".join(seen)

    return start


def use(monkeypatch, **values):
    for name, value in values.items():
        monkeypatch.setenv(f"PATTERNS_DHIS2_{name}", value)


def test_109_the_sandbox_wins_when_nothing_is_configured(run, dhis2_sandbox):
    state, seen = run()
    found = state.result()
    assert (found.winner, found.base_url, found.months) == ("the sandbox", dhis2_sandbox.url, 12)
    assert found.version.startswith("2.43")
    assert list(found.states.values()) == ["not set", "not set", "not set", "won"]
    assert "| the sandbox | won | the first that is complete |" in seen
    assert "district" not in seen


def test_109_the_environment_wins_over_the_default_and_its_password_is_nowhere(run, dhis2_sandbox, monkeypatch):
    use(monkeypatch, URL=dhis2_sandbox.url, USERNAME="admin", PASSWORD="district")
    state, seen = run()
    assert state.result().winner == "the environment"
    assert "not asked" in seen
    assert "district" not in seen


def test_109_a_parameter_wins_over_the_environment_and_its_secret_is_in_no_record_of_the_run(
    run, dhis2_sandbox, monkeypatch
):
    use(monkeypatch, URL="http://127.0.0.1:9", USERNAME="env", PASSWORD="env-s3cret")
    given = Dhis2Credentials(base_url=dhis2_sandbox.url, username="admin", password=SecretStr("district"))
    state, seen = run(credentials=given)
    assert state.result().winner == "the parameter"
    assert "district" not in seen
    assert "s3cret" not in seen


@pytest.mark.parametrize("token", ["d2pat_s3cret", "s3cret"])
def test_109_a_token_is_shown_nowhere_also_when_it_is_refused(run, dhis2_sandbox, monkeypatch, token):
    use(monkeypatch, URL=dhis2_sandbox.url, TOKEN=token)
    state, seen = run()
    with pytest.raises(AuthenticationFailed, match="access token"):
        state.result()
    assert "| the environment | won |" in seen
    assert "s3cret" not in seen


def test_109_half_an_environment_fails_after_it_was_explained(run, monkeypatch):
    use(monkeypatch, URL="http://user:s3cret@host.test", PASSWORD="s3cret")
    state, seen = run()
    with pytest.raises(ConfigError, match="PATTERNS_DHIS2_USERNAME is missing"):
        state.result()
    assert "| the environment | wrong |" in seen
    assert "s3cret" not in seen


@pytest.mark.parametrize(("value", "months"), [(24, 24), ({"a": "s3cret"}, 12)])
def test_109_a_variable_is_taken_when_it_is_a_number_and_never_shown_when_it_is_not(run, value, months):
    Variable.set("dhis2_months", value, overwrite=True)
    try:
        state, seen = run()
    finally:
        Variable.unset("dhis2_months")
    assert state.result().months == months
    assert "s3cret" not in seen


def test_109_a_secret_block_is_seen_and_stays_secret(run):
    Secret(value="s3cret").save("dhis2-token", overwrite=True)
    try:
        _, seen = run()
    finally:
        Secret.delete("dhis2-token")
    assert "| secret dhis2-token | one secret by itself | encrypted | set |" in seen
    assert "s3cret" not in seen
