"""The slow checks: each makes an environment or starts a browser of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def clean_environment() -> dict[str, str]:
    """Give the environment without anything that could hide a missing piece."""
    hiding = ("PYTHON", "PREFECT", "PATTERNS", "VIRTUAL_ENV", "MAKE", "MFLAGS")
    return {name: value for name, value in os.environ.items() if not name.startswith(hiding)}


@pytest.fixture(scope="session")
def peer_python(tmp_path_factory: pytest.TempPathFactory, clean_environment: dict[str, str]) -> Path:
    """Give the Python of an environment that holds nothing but dhis2-client."""
    folder = tmp_path_factory.mktemp("peer")
    python = folder / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "-c", ROOT / "constraints.txt", "dhis2-client"]
    for command in ([sys.executable, "-m", "venv", folder], install):
        subprocess.run(command, check=True, env=clean_environment, capture_output=True)
    return python
