"""The catalogue of flows, read from their front matter: no flow is imported to list it."""

import ast
import importlib.util
import re
import sys
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

import prefect_patterns
from prefect_patterns.errors import ConfigError, UsageError

__all__ = ["Catalogue", "Entry", "FrontMatter"]

_NAME = re.compile(r"(?P<number>\d{3})_(?P<slug>[a-z0-9_]+)\.py")
_FENCE = re.compile(r"^\+\+\+$(?P<toml>.*?)^\+\+\+$", re.MULTILINE | re.DOTALL)


class FrontMatter(BaseModel):
    """What a flow file says of itself, in TOML between two lines of `+++` in its docstring."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    section: Literal[
        "Basics",
        "Control flow",
        "State",
        "Quality",
        "Files",
        "Analytics",
        "Pipelines",
        "Operations",
        "DHIS2",
    ]
    concepts: tuple[str, ...]
    library: tuple[str, ...]
    airflow: str
    needs: tuple[
        Literal["sandbox", "server", "postgres", "worker", "browser", "spark", "dask", "ray"],
        ...,
    ]


@dataclass(frozen=True, slots=True)
class Entry:
    """One flow of the catalogue.

    Args:
        number: Its three digits.
        slug: The rest of the file's name, with underscores.
        summary: The first line of its docstring.
        notes: The docstring after the front matter: what to notice, what to change.
    """

    number: str
    slug: str
    path: Path
    summary: str
    notes: str
    about: FrontMatter

    @property
    def title(self) -> str:
        """The name for people: `DHIS2 pipeline`."""
        text = self.slug.replace("_", " ").replace("dhis2", "DHIS2")
        return text[0].upper() + text[1:]

    @property
    def flow_name(self) -> str:
        """The name that Prefect shows: `108-dhis2-pipeline`."""
        return f"{self.number}-{self.slug}".replace("_", "-")

    def load(self) -> ModuleType:
        """Import the file, once a process."""
        name = f"prefect_patterns_flow_{self.number}"
        if name in sys.modules:
            return sys.modules[name]
        spec = importlib.util.spec_from_file_location(name, self.path)
        if spec is None or spec.loader is None:
            raise ConfigError(f"{self.path} is not a Python file", hint="restore it from the repository")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # Prefect and Pydantic look annotations up there
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        return module

    def flow(self) -> Any:
        """Import the file and return its flow object, `<slug>_flow`."""
        module = self.load()
        name = f"{self.slug}_flow"
        if not hasattr(module, name):
            raise ConfigError(f"{self.path} has no {name}", hint="a flow file defines a flow named after itself")
        return getattr(module, name)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All flow files of one folder, in the order of their numbers."""

    folder: Path
    entries: tuple[Entry, ...]

    @classmethod
    def find(cls) -> Self:
        """Read the catalogue of this checkout, or the one that was installed with the package."""
        return cls.read(find_folder())

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read every flow file in *folder*.

        Raises:
            ConfigError: Front matter is missing or wrong; all the files with problems are named.
        """
        entries: list[Entry] = []
        problems: list[str] = []
        for path in sorted(folder.glob("[0-9][0-9][0-9]_*.py")):
            try:
                entries.append(read_entry(path))
            except ConfigError as error:
                problems.append(error.what)
        numbers = [entry.number for entry in entries]
        problems += [
            f"{entry.path.name} has the number of another flow" for entry in entries if numbers.count(entry.number) > 1
        ]
        if problems:
            raise ConfigError("; ".join(problems), hint="see CONTRIBUTING.md for the front matter of a flow")
        return cls(folder, tuple(entries))

    def entry(self, number: str) -> Entry:
        """Return the flow with this number (`108`, `8`) or slug (`dhis2_pipeline`, `dhis2-pipeline`).

        Raises:
            UsageError: There is none; the nearest ones are named.
        """
        wanted = number.strip().removesuffix(".py").replace("-", "_").lower()
        names = {entry.slug: entry for entry in self.entries}
        names |= {f"{entry.number}_{entry.slug}": entry for entry in self.entries}
        names |= {entry.number: entry for entry in self.entries}
        key = wanted.zfill(3) if wanted.isdecimal() else wanted
        if key in names:
            return names[key]
        near = get_close_matches(key, names, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}" if near else "`patterns list` shows the catalogue"
        raise UsageError(f"the catalogue has no flow {number!r}", hint=hint)


def find_folder() -> Path:
    """Return the folder of flow files: this checkout's, the one beside an editable install, or the installed copy."""
    here = Path.cwd()
    project = here / "pyproject.toml"
    if (here / "flows").is_dir() and project.is_file():
        with suppress(OSError, UnicodeDecodeError):  # somebody else's
            if 'name = "prefect-patterns"' in project.read_text(encoding="utf-8"):
                return here / "flows"
    package = Path(prefect_patterns.__file__).parent
    beside = package.parent.parent / "flows"
    return beside if package.parent.name == "src" and beside.is_dir() else package / "_catalogue" / "flows"


def read_entry(path: Path) -> Entry:
    """Read one flow file's name and docstring, without importing it."""
    name = _NAME.fullmatch(path.name)
    if name is None:
        raise ConfigError(f"{path.name} is not named NNN_slug.py in lower case")
    try:
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be read: {error.strerror}") from error
    except (SyntaxError, ValueError) as error:
        raise ConfigError(f"{path.name} is not Python: {error}") from error
    fence = _FENCE.search(docstring)
    if fence is None:
        raise ConfigError(f"{path.name} has no front matter between two lines of +++ in its docstring")
    try:
        about = FrontMatter.model_validate(tomllib.loads(fence["toml"]))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path.name}: its front matter is not TOML: {error}") from error
    except ValidationError as error:
        wrong = ", ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise ConfigError(f"{path.name}: front matter: {wrong}") from error
    summary = docstring.strip().splitlines()[0]
    if summary == "+++":
        raise ConfigError(f"{path.name} does not begin with a sentence before its front matter")
    notes = docstring[fence.end() :].strip()
    return Entry(name["number"], name["slug"], path, summary, notes, about)
