"""Deploy the flow beside this file from Python: `python deploy.py`, the same as `prefect deploy --all` here."""

from pathlib import Path

from prefect import flow
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.schedules import Cron

HERE = Path(__file__).resolve().parent


def deploy(work_pool: str = "default") -> None:
    """Create the deployment, or bring it up to date."""
    flow.from_source(source=str(HERE), entrypoint="flow.py:dhis2_ou_flow").deploy(  # type: ignore[union-attr]
        "dhis2-ou",
        work_pool_name=work_pool,
        description="Lists the organisation units of the DHIS2 server every morning.",
        tags=["dhis2"],
        parameters={"listed_level": 2},
        schedules=[Cron("0 6 * * *", timezone="UTC", slug="every-morning")],
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW),
        build=False,
        push=False,
        print_next_steps=False,
        ignore_warnings=True,  # it would propose `serve`: these are for workers
    )


if __name__ == "__main__":
    deploy()
