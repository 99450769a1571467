"""A traffic light that also reads without colour: a shape, a word, the score and why."""

from collections.abc import Sequence
from typing import Literal

from markupsafe import Markup

from prefect_patterns.errors import UsageError
from prefect_patterns.report.rendering import part
from prefect_patterns.report.text import Format, finite

__all__ = ["light"]

_WORDS = {
    "green": "fit for use",
    "amber": "use with care",
    "red": "not fit for use",
}


def light(
    score: float | None,
    colour: Literal["green", "amber", "red"],
    *,
    why: Sequence[str] = (),
    amber_from: float = 0.7,
    green_from: float = 0.9,
) -> Markup:
    """Return a traffic light with its score and the reasons.

    Args:
        score: From 0 to 1; None when nothing could be measured.
        why: One line a reason, the weightiest first.
        amber_from: The lowest score that is amber, marked on the scale.
        green_from: The lowest score that is green.

    Raises:
        UsageError: *colour* is none of the three.

    >>> "Amber: use with care" in light(0.73, "amber", why=["8 of 11 rules hold"])
    True
    """
    if colour not in _WORDS:
        raise UsageError(f"a light cannot be {colour!r}", hint="use 'green', 'amber' or 'red'")
    known = finite(score)
    return part(
        "light",
        colour=colour,
        word=f"{colour.capitalize()}: {_WORDS[colour]}",
        score=Format(2)(known),
        share=None if known is None else min(max(known, 0.0), 1.0),
        marks=[amber_from, green_from],
        why=list(why),
    )
