"""Which values share a shade on a map: a few classes with round borders."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from prefect_patterns.errors import UsageError
from prefect_patterns.report.charts import digits_of
from prefect_patterns.report.text import Format

__all__ = ["Classes", "classify"]

MOST = 5
_ROUND = (1.0, 2.0, 2.5, 5.0)


@dataclass(frozen=True, slots=True)
class Classes:
    """Classes between borders: each from its lower border on, the first and the last open.

    Args:
        borders: Rising; one fewer than there are classes.

    >>> Classes((60.0, 70.0)).of(60.0), Classes((60.0, 70.0)).labels("%")
    (1, ['under 60\\xa0%', '60 to 70\\xa0%', '70\\xa0% and more'])
    """

    borders: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.borders) + 1

    def of(self, value: float) -> int:
        """Return the class of *value*, counted from 0."""
        return bisect_right(self.borders, value)

    def shade(self, value: float) -> int:
        """Return the shade of *value* out of `MOST`: with fewer classes the shades stand farther apart."""
        return self.shades()[self.of(value)]

    def shades(self) -> list[int]:
        """Return the shade of each class."""
        if not self.borders:
            return [MOST // 2]
        return [round(i * (MOST - 1) / len(self.borders)) for i in range(len(self))]

    def labels(self, unit: str = "") -> list[str]:
        """Return each class in words."""
        if not self.borders:
            return ["all values"]
        gaps = [end - start for start, end in pairwise(self.borders)] or [self.borders[0] or 1.0]
        digits = max(digits_of(abs(gap)) for gap in (*gaps, self.borders[0] or 1.0))
        plain, full = Format(digits), Format(digits, unit)
        middle = [f"{plain(start)} to {full(end)}" for start, end in pairwise(self.borders)]
        return [f"under {full(self.borders[0])}", *middle, f"{full(self.borders[-1])} and more"]


def classify(values: Sequence[float], borders: Sequence[float] | None = None) -> Classes:
    """Return at most five classes of *values*.

    Without *borders* they are multiples of 1, 2, 2.5 or 5 times a power of ten, those that spread the values over the
    classes most evenly. An outlier therefore ends up in an open class, not in a scale of its own.

    Raises:
        UsageError: *borders* do not rise, or are more than four.

    >>> classify([61.0, 62, 66, 68, 71, 74, 78, 83, 88, 250]).borders
    (65.0, 70.0, 75.0, 80.0)
    """
    if borders is not None:
        if len(borders) >= MOST or any(start >= end for start, end in pairwise(borders)):
            raise UsageError(f"a map cannot have the borders {list(borders)}", hint=f"give up to {MOST - 1}, rising")
        return Classes(tuple(map(float, borders)))
    ordered = sorted(values)
    if not ordered or ordered[0] == ordered[-1]:
        return Classes(())
    # Among the most even ones the fewest classes, then the roundest borders.
    _, best = max(_candidates(ordered), key=lambda found: (_evenness(ordered, found[1]), -len(found[1]), found[0]))
    return Classes(best)


def _candidates(ordered: Sequence[float]) -> Iterator[tuple[float, tuple[float, ...]]]:
    """Yield each step with up to four multiples of it in a row, among the middle 80 % of the values."""
    tail = len(ordered) // 10
    low, high = ordered[tail], ordered[-1 - tail]
    if low == high:
        low, high = ordered[0], ordered[-1]
    top = math.floor(math.log10(high - low))
    for base, power in ((base, power) for power in (top - 1, top) for base in _ROUND):
        step = base * 10.0**power
        if step == 0.0:
            continue  # finer than a number can be
        first, last = math.floor(low / step) + 1, math.floor(high / step)
        size = min(MOST - 1, last - first + 1)
        for start in range(first, last - size + 2) if size > 0 else ():
            # Multiplied, not added up, and rounded: no 0.30000000000000004.
            yield step, tuple(round(step * (start + i), 1 - power) for i in range(size))
    yield 0.0, (high,)


def _evenness(ordered: Sequence[float], borders: Sequence[float]) -> float:
    """Return the entropy of how *ordered* values fall between *borders*: highest where all classes hold the same."""
    ends = [0, *(bisect_left(ordered, border) for border in borders), len(ordered)]
    shares = [(end - start) / len(ordered) for start, end in pairwise(ends)]
    return round(-sum(share * math.log(share) for share in shares if share > 0), 6)
