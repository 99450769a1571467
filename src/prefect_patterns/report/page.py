"""One self-contained HTML page: a title, the facts, the sections, and nothing fetched from anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from prefect_patterns.files import write_text
from prefect_patterns.report.rendering import part, render
from prefect_patterns.report.text import cell, clean

__all__ = ["Page", "Section", "beside", "code", "details"]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it.

    Args:
        title: The heading, plain text.
        parts: From `line`, `table`, `light` and the others of this package; a plain `str` becomes a paragraph.
        intro: One or two sentences under the heading.
    """

    title: str
    parts: Sequence[str] = ()
    intro: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A report as one HTML file that opens anywhere: on a phone, in print, by keyboard, in the dark, off line.

    Args:
        title: The page's only first-level heading.
        subtitle: One sentence under it.
        facts: Pairs of label and value, such as period, source and version.
        sections: In reading order.
        footer: Where the page comes from.
        language: Of the page's own words, as BCP 47.

    >>> html = Page(title="Births & deaths", sections=[Section("Counts", ["Nothing <yet>."])]).html()
    >>> "<h1>Births &amp; deaths</h1>" in html, "<p>Nothing &lt;yet&gt;.</p>" in html
    (True, True)
    """

    title: str
    subtitle: str = ""
    facts: Sequence[tuple[str, object]] = ()
    sections: Sequence[Section] = ()
    footer: str = ""
    language: str = "en"

    def html(self) -> str:
        """Return the page."""
        page = render(
            "page.html",
            title=self.title,
            subtitle=self.subtitle,
            facts=[(label, value if isinstance(value, Markup) else cell(value)) for label, value in self.facts],
            sections=[(section.title, section.intro, _blocks(section.parts)) for section in self.sections],
            footer=self.footer,
            language=self.language,
        )
        return clean(page)

    def write(self, path: Path) -> None:
        """Write the page to *path* as one step.

        Raises:
            StorageError: The disk is full, read-only, or the folder is not ours.
        """
        write_text(path, self.html())


def beside(*parts: str) -> Markup:
    """Return *parts* side by side where the screen is wide enough, else one under the other.

    >>> beside("left", "right")
    Markup('<div class="beside"><div><p>left</p></div><div><p>right</p></div></div>')
    """
    return part("beside", blocks=_blocks(parts))


def details(summary: str, *parts: str, unfolded: bool = False) -> Markup:
    """Return *parts* folded under *summary*, which a click or the Enter key opens.

    Args:
        unfolded: Unfolded from the start.

    >>> details("Two rows", "first", "second")
    Markup('<details><summary>Two rows</summary><p>first</p><p>second</p></details>')
    """
    return part("details", summary=summary, blocks=_blocks(parts), unfolded=unfolded)


def code(text: str, *, label: str = "Commands") -> Markup:
    """Return *text* as it is typed, in a box that scrolls by itself.

    Args:
        label: What a screen reader calls the box.

    >>> code("make run")
    Markup('<pre tabindex="0" role="region" aria-label="Commands"><code>make run</code></pre>')
    """
    return part("code", text=text, label=label)


def _blocks(parts: Sequence[str]) -> list[Markup]:
    return [piece if isinstance(piece, Markup) else Markup("<p>{}</p>").format(piece) for piece in parts]
