"""What DHIS2's error codes for analytics and data mean, and what to do about each.

Codes and texts: `ErrorCode.java` of dhis2-core, 2.40 to 2.43; what leads to them: its `DefaultQueryValidator`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["EXPLANATIONS", "Explanation", "advice"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A refusal in other words.

    Args:
        meaning: What the server found, as a sentence without its full stop.
        action: What to do, starting in lower case.
    """

    meaning: str
    action: str

    def __str__(self) -> str:
        return f"{self.meaning}: {self.action}"


_TABLE = {
    "E2001": ("No data set, data element or group was named", "name at least one of them"),
    "E2002": ("No period, days or time of change was named", "name periods, or a start and an end"),
    "E2003": ("Both periods and a start and end were given", "give one of them"),
    "E2004": ("The start lies after the end", "exchange them"),
    "E2006": ("No organisation unit or group was named", "name at least one of them"),
    "E2008": ("The duration cannot be read", "write it as `7d` or `12h`"),
    "E2009": ("The limit is negative", "give a limit from 0"),
    "E7100": ("The query has no parameters", "give dimensions"),
    "E7101": ("The query has only filters", "give at least one dimension as a column"),
    "E7102": ("Nothing says which data are asked for", "give `dx`, or a group set of data elements"),
    "E7103": ("A dimension is a column and a filter at once", "keep one of the two"),
    "E7104": ("Nothing says for which time", "give `pe`, as a column or a filter, or start and end"),
    "E7105": ("Periods and a start and end were both given", "give one of them"),
    "E7106": ("The start lies after the end", "exchange them"),
    "E7107": ("Reporting rates need periods", "give `pe` instead of a start and end"),
    "E7108": ("Several indicators cannot be summed over", "make `dx` a column, or filter by one indicator"),
    "E7109": ("Several reporting rates cannot be summed over", "make `dx` a column, or filter by one rate"),
    "E7110": ("Category option combinations cannot be summed over", "make `co` a column, or leave it out"),
    "E7111": ("A dimension was given twice", "put all of its items into one list"),
    "E7112": ("Reporting rates know no such dimension", "ask for them with `dx`, `ou`, `pe` and group sets only"),
    "E7113": ("Categories split data elements, and there are none", "give data elements as `dx`, or drop the category"),
    "E7114": ("Categories split data elements only", "ask for indicators and rates in a query of their own"),
    "E7115": ("A data element holds text or dates, which nobody can sum up", "leave it out, or read its data values"),
    "E7116": ("An indicator refers to itself through others", "correct its expression on the server"),
    "E7117": ("A data value set needs data", "give `dx` as a column"),
    "E7118": ("A data value set needs periods", "give `pe` as a column"),
    "E7119": ("A data value set needs organisation units", "give `ou` as a column"),
    "E7120": ("The user may not see an organisation unit", "ask for those below the user's own, or use another user"),
    "E7121": ("The user may not read some of the data", "ask its administrator for data read access, or leave it out"),
    "E7122": ("There is no such approval level", "check the id of the approval level"),
    "E7123": ("The user is limited to a dimension and may see none of it", "ask the administrator of the server"),
    "E7124": ("None of a dimension's items is known or may be read", "check its ids, and what the user may read"),
    "E7125": ("There is no such dimension", "check the id: a category or a group set must be a data dimension"),
    "E7126": ("A table's column is no dimension of the query", "give it as a dimension too"),
    "E7127": ("A table's row is no dimension of the query", "give it as a dimension too"),
    "E7128": ("The answer would have more rows than the server gives", "ask for fewer data items, periods or units"),
    "E7129": ("There is no such program", "check the id of the program"),
    "E7130": ("There is no such program stage", "check the id of the stage"),
    "E7131": ("The server gave up after its own time limit", "ask for less at once, or at a quieter time"),
    "E7132": ("An indicator divides by zero", "correct its expression on the server, or leave it out"),
    "E7133": ("The database could not run the query", "look for an indicator that mixes types; see the server's log"),
    "E7136": ("The server gave up after its own time limit", "ask for less at once, or at a quieter time"),
    "E7143": ("None of the organisation units or levels is known", "check the ids of `ou`, and what the user may see"),
    "E7144": (
        "The analytics tables have never been made",
        "run the analytics job on the server (Scheduler, or Data administration > Analytics tables)",
    ),
    "E7151": ("A table would have too many columns or rows", "ask for it as a list, or for fewer items"),
    "E7152": ("`.periodOffset` cannot shift a filter", "make `pe` a column"),
    "E7611": (
        "A period cannot be read",
        "write a month as 202401, a quarter as 2024Q1, or a keyword as LAST_12_MONTHS",
    ),
}
EXPLANATIONS: Mapping[str, Explanation] = MappingProxyType(
    {code: Explanation(meaning, action) for code, (meaning, action) in _TABLE.items()}
)
"""Each code with what it means and what to do."""


def advice(code: object) -> str:
    """Return what to do about a refusal with this code, or nothing where nobody wrote it down.

    >>> advice("E7106"), advice(None)
    ('exchange them', '')
    """
    found = EXPLANATIONS.get(code) if isinstance(code, str) else None
    return found.action if found else ""
