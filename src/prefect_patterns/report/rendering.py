"""The Jinja2 templates of a report: every value is escaped, a forgotten one is an error."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, cast

from markupsafe import Markup

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["empty", "figure", "part", "render"]


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("prefect_patterns.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, **values: object) -> str:
    """Return *template* filled with *values*."""
    return _environment().get_template(template).render(**values)


def part(name: str, **values: object) -> Markup:
    """Return the macro *name* of `parts.html` called with *values*: a piece of a page."""
    macro = getattr(_environment().get_template("parts.html").module, name)
    return cast("Markup", macro(**values))


def figure(
    kind: str,
    title: str,
    drawing: Markup,
    *,
    note: str = "",
    legend: Sequence[tuple[str, str]] = (),
    notes: Sequence[str] = (),
    numbers: str = "",
    aside: bool = False,
) -> Markup:
    """Return a drawing with its caption and what explains it.

    Args:
        kind: The CSS class.
        legend: The CSS class of a swatch and its meaning; an entry without a class is the legend's own title.
        notes: Lines under the drawing.
        numbers: A table of what is drawn.
        aside: Show the numbers beside the drawing, not folded under it.
    """
    return part(
        "figure",
        kind=kind,
        title=title,
        drawing=drawing,
        note=note,
        legend=legend,
        notes=notes,
        numbers=numbers,
        aside=aside,
    )


def empty(words: str = "No data") -> Markup:
    """Return what stands in a figure that has nothing to draw."""
    return part("empty", words=words)
