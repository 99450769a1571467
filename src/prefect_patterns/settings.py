"""Settings, from the environment: one `PATTERNS_*` variable each."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from prefect_patterns.errors import ConfigError

__all__ = ["Settings", "load_settings"]


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise ValueError("no such user, or one without a home folder") from error
    except FileNotFoundError as error:
        raise ValueError("the current folder is gone") from error


class Settings(BaseSettings):
    """What the environment says; read anew by each `load_settings()`, never cached."""

    model_config = SettingsConfigDict(env_prefix="PATTERNS_", env_ignore_empty=True, extra="ignore")

    home: Annotated[Path, AfterValidator(_absolute)] = Field(
        default=Path(".patterns"),
        validate_default=True,
        description="Folder for state, servers and outputs.",
    )
    services: Literal["sandbox", "live"] = Field(
        default="sandbox", description="Which services flows use when nothing else says it."
    )
    dhis2_url: str | None = Field(default=None, description="Address of a DHIS2 server.")
    dhis2_username: str | None = Field(default=None, description="User of that server.")
    dhis2_password: SecretStr | None = Field(default=None, description="Password of that user.")
    dhis2_token: SecretStr | None = Field(default=None, description="Personal access token instead of both.")

    httpbox_url: str | None = Field(default=None, description="Address of an httpbox that runs elsewhere.")

    @property
    def output(self) -> Path:
        """The folder that holds what runs write."""
        return self.home / "output"


def load_settings() -> Settings:
    """Return the settings as the environment has them now.

    Raises:
        ConfigError: A variable has a value that it cannot have; all of them are named, no value is shown.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = ", ".join(
            f"PATTERNS_{'_'.join(str(part) for part in problem['loc']).upper()} ({problem['msg']})"
            for problem in error.errors(include_input=False, include_context=False)
        )
        raise ConfigError(f"wrong settings: {wrong}", hint="correct or unset these variables") from None
