"""Text and numbers for people: what XML forbids taken out, long names shortened, digits grouped."""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

__all__ = ["MISSING", "Format", "cell", "clean", "clipped", "counted", "finite", "width"]

MISSING = "\N{EN DASH}"
# Neither HTML nor XML may hold these, not even escaped; a lone surrogate cannot even be encoded.
_FORBIDDEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
_TURNING = "\u202a-\u202e\u2066-\u2069"  # in a name they turn the direction of what the page says after it
_UNWANTED = re.compile(f"[{_FORBIDDEN}{_TURNING}]")


def clean(text: str) -> str:
    r"""Return *text* without what HTML and XML forbid, and without marks that turn the direction of other text.

    >>> clean("Bo\x00 \ud800District")
    'Bo District'
    """
    return _UNWANTED.sub("", text)


def clipped(text: str, most: int) -> str:
    """Return *text*, cleaned and on one line, at most *most* characters long; what is cut ends in an ellipsis.

    >>> clipped("Western Area Urban", 9)
    'Western…'
    """
    line = " ".join(clean(text).split())
    return line if len(line) <= most else line[: max(most - 1, 1)].rstrip() + "…"


def counted(number: int, noun: str) -> str:
    """Return *number* and *noun*, with an s unless there is one.

    >>> counted(1, "row"), counted(1204, "row")
    ('1 row', '1,204 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def width(text: str, size: float) -> float:
    """Return about how wide *text* is at a font of *size*, in the same unit, rather too wide than too narrow.

    >>> width("Bo", 10) < width("Kailahun", 10) < width("日本日本日本日本", 10)
    True
    """
    # The page's font is the reader's; these hold for a wide one such as DejaVu Sans.
    return size * sum(
        1.0 if unicodedata.east_asian_width(sign) in "WF" else 0.4 if sign in " .,:;ijl|'" else 0.66 for sign in text
    )


def finite(value: float | None) -> float | None:
    """Return *value*, or None where it is missing, NaN or infinite.

    >>> finite(float("nan")) is None
    True
    """
    return None if value is None or not math.isfinite(value) else float(value)


@dataclass(frozen=True, slots=True)
class Format:
    """How people read a number: grouped, with so many digits and a unit; an en dash stands for a missing one.

    Args:
        digits: Digits after the point; an int never gets any.
        unit: Put behind, after a no-break space.

    >>> Format()(781204), Format(unit="%")(84.25), Format()(-0.01)
    ('781,204', '84.2\\xa0%', '0.0')
    """

    digits: int = 1
    unit: str = ""

    def __call__(self, value: float | None) -> str:
        """Return *value* as text."""
        if value is None or not math.isfinite(value):
            return MISSING
        text = f"{value:,}" if isinstance(value, int) else f"{value:z,.{self.digits}f}"
        text = text.replace("-", "\N{MINUS SIGN}")
        return f"{text}\N{NO-BREAK SPACE}{self.unit}" if self.unit else text

    def range(self, values: Sequence[float | None]) -> str:
        """Return in words where *values*, one of which is known, lie.

        >>> Format(0).range([3, None, 1])
        'from 1 to 3, last 1'
        """
        real = [float(value) for value in values if value is not None]
        if len(real) == 1:
            return self(real[0])
        return f"from {Format(self.digits)(min(real))} to {self(max(real))}, last {self(real[-1])}"


def cell(value: object, how: Format = Format()) -> str:
    """Return one value of a table as text.

    >>> cell(True), cell(["no value", "duplicate"]), cell(1234), cell(None) == MISSING
    ('yes', 'no value, duplicate', '1,234', True)
    """
    match value:
        case None:
            return MISSING
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return how(value)
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case date():
            return value.isoformat()
        case list() | tuple():
            return ", ".join(cell(part, how) for part in value)
        case _:
            return clean(str(value))
