"""The slow checks: each makes an environment or starts a browser of its own."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def clean_environment() -> dict[str, str]:
    """Give the environment without anything that could hide a missing piece."""
    hiding = ("PYTHON", "PREFECT", "PATTERNS", "VIRTUAL_ENV", "MAKE", "MFLAGS")
    return {name: value for name, value in os.environ.items() if not name.startswith(hiding)}
