"""The page in a browser, by the script that makes the README's picture."""

import importlib.util
import shutil
from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from prefect_patterns.report import Page, Section, bar, beside, choropleth, code, line, table

SCRIPT = Path(__file__).parents[2] / "scripts" / "picture.py"
needs_a_browser = pytest.mark.skipif(
    not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), reason="no Chromium on PATH"
)


@pytest.fixture(scope="module")
def picture():
    spec = importlib.util.spec_from_file_location("picture", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    square = {"type": "Polygon", "coordinates": [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]]}
    wide = pl.DataFrame({f"a rather long heading {i}": [f"value{i}" * 5] for i in range(20)})
    parts = [
        choropleth([{"id": "a", "geometry": square}], {"a": 5, "b": 1}, title="Map"),
        line({"series": {"Jan": 1.0, "Feb": 2.0}}, title="Lines"),
        beside(bar({"x" * 100: 3}, title="Bars"), table(wide, caption="Wide")),
        code("x" * 300),
        "word" * 100,
    ]
    path = tmp_path_factory.mktemp("report") / "report.html"
    Page(title="Title" * 30, facts=[("label" * 20, "value" * 50)], sections=[Section("Section" * 20, parts)]).write(
        path
    )
    return path


@pytest.mark.browser
@needs_a_browser
@pytest.mark.parametrize("width", [320, 390, 768, 1200])
def test_the_page_never_scrolls_sideways_as_a_whole(picture, report, tmp_path, capsys, width):
    assert picture.main([str(report), str(tmp_path / "p.png"), "--width", str(width)]) == 0
    assert capsys.readouterr().err == ""
    assert Image.open(tmp_path / "p.png").size == (width, 900)


@pytest.mark.browser
@needs_a_browser
def test_who_prefers_the_dark_gets_a_dark_page_and_full_means_all_of_it(picture, report, tmp_path):
    for name, flags in (("light", []), ("dark", ["--dark"])):
        assert picture.main([str(report), str(tmp_path / f"{name}.png"), "--full", *flags]) == 0
    light, dark = (Image.open(tmp_path / f"{name}.png").convert("L") for name in ("light", "dark"))
    assert light.getpixel((3, 3)) > 250
    assert dark.getpixel((3, 3)) < 40
    assert light.size == dark.size
    assert light.height > 1000


@pytest.mark.parametrize(
    ("browser", "words"), [(None, "no browser on PATH"), ("/bin/true", "there is no missing.html")]
)
def test_what_is_missing_is_said_with_exit_code_2(picture, monkeypatch, capsys, browser, words):
    monkeypatch.setattr(picture.shutil, "which", lambda name: browser)
    with pytest.raises(SystemExit) as stopped:
        picture.main(["missing.html", "picture.png"])
    assert stopped.value.code == 2
    assert words in capsys.readouterr().err
