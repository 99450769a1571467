"""Sign in to an API in the four usual ways, and see tokens renewed while the work goes on.

+++
section  = "DHIS2"
concepts = ["API key", "bearer token", "HTTP Basic", "OAuth2 client credentials", "token refresh"]
library  = ["blocks.ApiAuthConfig", "http.ClientCredentialsAuth", "tasks.markdown_report"]
airflow  = "HttpHook"
needs    = ["sandbox"]
+++

**Notice** that the four differ in a block and in nothing else, and that OAuth2 needs three tokens for three requests
without a line about it here: the first is about to end when a slow download is done, the second is revoked (401), and
the request is repeated.
**Change** `token_seconds` to 60: then the first token lasts, and two are enough.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import httpx
import polars as pl
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run
from pydantic import Field, SecretStr

from prefect_patterns.blocks import ApiAuthConfig, base_url
from prefect_patterns.files import versioned_folder
from prefect_patterns.http import build_client
from prefect_patterns.report import markdown_table, shown_path
from prefect_patterns.sandbox.httpbox import DEMO
from prefect_patterns.settings import load_settings
from prefect_patterns.tasks import markdown_report

DOWNLOAD = {"bytes": 1000, "pieces": 2, "pause": 0.6}  # seconds between the pieces


@dataclass(frozen=True)
class Visit:
    """What the server said of one way to sign in."""

    method: str
    subject: str
    requests: int
    refused: int
    tokens: int


def configurations(url: str, token_seconds: float) -> list[ApiAuthConfig]:
    """Return the block of each way. Yours is saved once, by `ApiAuthConfig(...).save("my-api")`, and loaded by name."""
    oauth2 = {"token_url": f"{url}/oauth2/token?lifetime={token_seconds:g}", "scope": "read"}
    ways: dict[str, tuple[str, dict[str, Any]]] = {
        "api_key": (DEMO.api_key, {}),
        "bearer": (DEMO.bearer_token, {}),
        "basic": (f"{DEMO.username}:{DEMO.password}", {}),
        "oauth2": (f"{DEMO.client_id}:{DEMO.client_secret}", oauth2),
    }
    return [
        ApiAuthConfig(auth_type=way, base_url=url, credentials=SecretStr(credentials), **more)
        for way, (credentials, more) in ways.items()
    ]


def ask(client: httpx.Client, auth_type: str) -> httpx.Response:
    """Ask the resource that this way opens who came in."""
    return client.get(f"/protected/{auth_type.replace('_', '-')}").raise_for_status()


def summary(auth_type: str, answers: list[httpx.Response]) -> Visit:
    """Count what the server saw: `history` holds the refusals that were answered with another token."""
    said = [answer.json() for answer in answers]
    refused = sum(len(answer.history) for answer in answers)
    tokens = {each["token"] for each in said if "token" in each}
    return Visit(auth_type, str(said[-1]["subject"]), len(answers) + refused, refused, len(tokens))


@task(task_run_name="{config.auth_type}", cache_policy=NO_CACHE)
def visit(config: ApiAuthConfig) -> Visit:
    """Ask twice with what does not change."""
    with config.get_client() as client:
        return summary(config.auth_type, [ask(client, config.auth_type) for _ in range(2)])


@task(task_run_name="{config.auth_type}", cache_policy=NO_CACHE)
def visit_with_tokens(config: ApiAuthConfig) -> Visit:
    """Ask, download for more than half a token's life, ask again; then the server takes the token back; ask again."""
    with config.get_client() as client:
        answers = [ask(client, config.auth_type)]
        client.get("/slow", params=DOWNLOAD).raise_for_status()
        answers.append(ask(client, config.auth_type))
        revoke(config, answers[-1].request)
        answers.append(ask(client, config.auth_type))
    return summary(config.auth_type, answers)


def revoke(config: ApiAuthConfig, request: httpx.Request) -> None:
    """Have the token of *request* taken back, as an operator would; our client does not learn of it."""
    token = request.headers["Authorization"].removeprefix("Bearer ")
    form = {"token": token, "client_id": DEMO.client_id, "client_secret": DEMO.client_secret}
    with build_client(config.base_url) as operator:
        operator.post("/oauth2/revoke", data=form).raise_for_status()


@flow(name="110-authenticated-api")
def authenticated_api_flow(token_seconds: Annotated[float, Field(ge=1, le=86_400)] = 1.0) -> list[Visit]:
    """Return as whom each way signed in, and how many requests and tokens that took."""
    *fixed, oauth2 = configurations(base_url("httpbox"), token_seconds)
    visits = [visit(config) for config in fixed] + [visit_with_tokens(oauth2)]

    table = markdown_table(pl.DataFrame(visits))
    output = load_settings().output
    with versioned_folder(output, "110", str(flow_run.id)) as folder:
        markdown_report("authenticated-api", f"# Signed in\n\n{table}", path=folder / "summary.md")
    print(f"{'as':<28}{'by':<10}{'requests':>9}{'refused':>9}{'tokens':>8}")
    for each in visits:
        print(f"{each.subject:<28}{each.method:<10}{each.requests:>9}{each.refused:>9}{each.tokens:>8}")
    print(f"report {shown_path(output / '110' / 'summary.md')}")
    return visits


if __name__ == "__main__":
    authenticated_api_flow()
