"""The rules of the house that a tool can check; the layers are checked by import-linter in `make check`."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import prefect_patterns

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "src").rglob("*.py"))
FLOWS = sorted((ROOT / "flows").glob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LIMITS = [(path, 300) for path in MODULES] + [(path, 150) for path in FLOWS]


@pytest.mark.parametrize(("path", "limit"), LIMITS, ids=[str(path.relative_to(ROOT)) for path, _ in LIMITS])
def test_a_module_is_short_enough_to_read(path, limit):
    assert len(path.read_text().splitlines()) <= limit


def public_modules():
    for module in pkgutil.walk_packages(prefect_patterns.__path__, "prefect_patterns."):
        if not module.name.endswith("__main__") and "._catalogue" not in module.name:
            yield module.name


@pytest.mark.parametrize("name", sorted(public_modules()))
def test_a_module_lists_what_it_exports_and_has_all_of_it(name):
    module = importlib.import_module(name)
    assert module.__doc__
    names = module.__all__
    assert sorted(names) == sorted(set(names))
    assert [each for each in names if not hasattr(module, each)] == []


@pytest.mark.parametrize("path", [each for each in MODULES if each.name == "__init__.py"], ids=str)
def test_an_init_is_a_docstring_imports_and_all(path):
    if path.parent.name in {"prefect_patterns", "cli"}:
        pytest.skip("the top package imports nothing; cli's holds the entry point")
    body = ast.parse(path.read_text()).body
    assert ast.get_docstring(ast.parse(path.read_text()))
    assert all(isinstance(node, ast.Import | ast.ImportFrom | ast.Assign | ast.Expr) for node in body)


def test_only_the_clock_reads_the_time():
    readers = ("time.time(", "time.monotonic(", "datetime.now(", "datetime.utcnow(", "date.today(", "time.sleep(")
    guilty = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if path.name != "clock.py" and any(reader in path.read_text() for reader in readers)
    ]
    assert guilty == []


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("prefect_patterns.errors", ["polars", "prefect", "httpx", "pydantic", "matplotlib"]),
        ("prefect_patterns.cli", ["prefect", "polars", "matplotlib", "duckdb", "httpx"]),
        ("prefect_patterns.cli.app", ["prefect.main", "prefect.flows", "polars", "matplotlib", "duckdb", "httpx"]),
        ("prefect_patterns.analytics", ["prefect", "matplotlib", "duckdb", "lark", "scipy", "httpx", "pydantic"]),
        ("prefect_patterns.dhis2", ["prefect", "matplotlib", "duckdb", "lark", "scipy"]),
        ("prefect_patterns.quality", ["prefect", "matplotlib", "duckdb", "httpx"]),
        ("prefect_patterns.report", ["prefect", "matplotlib", "duckdb", "httpx"]),
        ("prefect_patterns.testing", ["prefect", "matplotlib", "duckdb", "httpx"]),
    ],
)
@pytest.mark.service
def test_an_import_loads_nothing_heavy(module, heavy):
    code = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nothing_reads_beside_the_project():
    guilty = [
        path for path in MODULES + FLOWS + TESTS if "../shared" in path.read_text() and path != Path(__file__).resolve()
    ]
    assert guilty == []


PAGES = re.compile(r"docs/[a-z_-]+\.md(?:#[a-z0-9-]+)?")


def test_each_page_that_the_code_names_exists_with_its_heading():
    named = {match for path in MODULES for match in PAGES.findall(path.read_text())} - {"docs/page.md#section"}
    missing = []
    for reference in sorted(named):
        page, _, anchor = reference.partition("#")
        path = ROOT / page
        headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE) if path.exists() else None
        slugs = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings or []}
        if headings is None or (anchor and anchor not in slugs):
            missing.append(reference)
    assert missing == []
