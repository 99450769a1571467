"""The tokens of an expression that need more than a grammar: items, methods, organisation unit tests and texts."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal

from prefect_patterns.analytics.expressions.facts import Constant, OrgUnitFact, OrgUnitGroup, PeriodFact
from prefect_patterns.analytics.expressions.items import (
    DataElementGroup,
    Indicator,
    Item,
    Modifiers,
    Operand,
    ProgramAttribute,
    ProgramDataElement,
    ProgramIndicator,
    ReportingRate,
)

__all__ = ["Unreadable", "closest", "read_item", "read_modifier", "read_org_unit", "read_period", "read_text"]

_UID = r"[A-Za-z][A-Za-z0-9]{10}"
_UIDS = rf"{_UID}(?:&{_UID})*"
_HASH = re.compile(
    rf"(?P<group>deGroup:)?({_UID})(?:\.(?:(?P<tag>co|coGroup):({_UIDS})|({_UID})|\*)(?:\.(?:({_UID})|\*))?)?"
)
_METRICS = (
    "REPORTING_RATE",
    "REPORTING_RATE_ON_TIME",
    "ACTUAL_REPORTS",
    "ACTUAL_REPORTS_ON_TIME",
    "EXPECTED_REPORTS",
)
_AGGREGATIONS = (
    "AVERAGE",
    "AVERAGE_SUM_ORG_UNIT",
    "COUNT",
    "FIRST",
    "FIRST_AVERAGE_ORG_UNIT",
    "LAST",
    "LAST_AVERAGE_ORG_UNIT",
    "LAST_IN_PERIOD",
    "LAST_IN_PERIOD_AVERAGE_ORG_UNIT",
    "MAX",
    "MAX_SUM_ORG_UNIT",
    "MIN",
    "MIN_SUM_ORG_UNIT",
    "NONE",
    "STDDEV",
    "SUM",
    "VARIANCE",
)
_KINDS: Mapping[str, tuple[Callable[..., Item], int]] = MappingProxyType(
    {
        "A": (ProgramAttribute, 2),
        "C": (Constant, 1),
        "D": (ProgramDataElement, 2),
        "I": (ProgramIndicator, 1),
        "N": (Indicator, 1),
        "OUG": (OrgUnitGroup, 1),
    }
)
_RELATIONS: tuple[Literal["ancestor"], Literal["dataSet"], Literal["group"], Literal["program"]] = (
    "ancestor",
    "dataSet",
    "group",
    "program",
)
_PERIOD: tuple[Literal["days"], Literal["periodInYear"], Literal["yearlyPeriodCount"]] = (
    "days",
    "periodInYear",
    "yearlyPeriodCount",
)
_METHODS = ("aggregationType", "maxDate", "minDate", "periodOffset", "yearToDate")
_ESCAPES: Mapping[str, str] = MappingProxyType({"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"})
_ESCAPE = re.compile(r"\\(u+[0-9a-fA-F]{4}|[0-3]?[0-7]{1,2}|.)")


class Unreadable(ValueError):
    """Why a token cannot be read; the caller knows where it stands."""


def closest(word: str, known: tuple[str, ...]) -> str:
    """Return a question after the known word that *word* may have been meant to be, empty where none is near.

    >>> closest("REPORTINGRATE", ("REPORTING_RATE", "EXPECTED_REPORTS"))
    ' (did you mean REPORTING_RATE?)'
    """
    lower = {each.lower(): each for each in known}
    near = get_close_matches(word.lower(), list(lower), n=1)
    return f" (did you mean {lower[near[0]]}?)" if near else ""


def read_item(token: str, modifiers: Modifiers) -> Item:
    """Return the item that *token* writes: its kind, then uids in braces.

    Raises:
        Unreadable: There is no such kind, or its braces do not hold what is due.
    """
    kind, _, inside = token[:-1].partition("{")
    kind, inside = kind.strip(), inside.strip()
    if kind == "#":
        return _hash(inside, modifiers)
    if kind == "R":
        data_set, _, metric = inside.partition(".")
        if re.fullmatch(_UID, data_set) and metric in _METRICS:
            return ReportingRate(data_set, metric, modifiers=modifiers)
        raise Unreadable(f"does not hold the uid of a data set and a metric{closest(metric, _METRICS)}")
    if kind not in _KINDS:
        raise Unreadable("is not supported" + (", it belongs to program indicators" if kind in ("V", "X") else ""))
    make, count = _KINDS[kind]
    uids = inside.split(".")
    if len(uids) != count or not all(re.fullmatch(_UID, uid) for uid in uids):
        raise Unreadable(f"does not hold uids of 11 letters and digits, {count} of them")
    return make(*uids) if kind in ("C", "OUG") else make(*uids, modifiers=modifiers)


def read_modifier(token: str) -> Modifiers:
    """Return what the method that *token* calls asks for.

    Raises:
        Unreadable: There is no such method, or its argument is not what is due.
    """
    name, _, argument = token[1:-1].partition("(")
    name, argument = name.strip(), argument.strip()
    if name == "yearToDate" and not argument:
        return Modifiers(year_to_date=True)
    if name == "periodOffset" and re.fullmatch(r"[+-]?[0-9]{1,4}", argument):
        return Modifiers(period_offset=int(argument))
    if name == "aggregationType":
        if argument in _AGGREGATIONS:
            return Modifiers(aggregation_type=argument)
        raise Unreadable(f"does not name an aggregation type{closest(argument, _AGGREGATIONS)}")
    if name in ("minDate", "maxDate"):
        day = _date(argument)
        return Modifiers(min_date=day) if name == "minDate" else Modifiers(max_date=day)
    if name in _METHODS:
        raise Unreadable("takes no argument" if name == "yearToDate" else "does not hold a whole number")
    raise Unreadable(f"is not supported{closest(name, _METHODS)}")


def read_org_unit(token: str) -> OrgUnitFact:
    """Return the test of the organisation unit that *token* writes.

    Raises:
        Unreadable: There is no such test, or its brackets do not hold uids.
    """
    name, _, inside = token[:-1].partition("(")
    relation = name.partition(".")[2].strip()
    uids = tuple(uid.strip() for uid in inside.split(","))
    for known in _RELATIONS:
        if relation == known:
            if not all(re.fullmatch(_UID, uid) for uid in uids):
                raise Unreadable("does not hold uids of 11 letters and digits")
            return OrgUnitFact(known, uids)
    raise Unreadable(f"is not supported{closest(relation, _RELATIONS)}")


def read_period(token: str, modifiers: Modifiers) -> PeriodFact:
    """Return the number of the period that *token* asks for.

    Raises:
        Unreadable: There is no such number.
    """
    name = token[1:-1].strip()
    for known in _PERIOD:
        if name == known:
            return PeriodFact(known, 0 if known == "days" else modifiers.period_offset)
    raise Unreadable(f"is not supported{closest(name, _PERIOD)}")


def read_text(token: str) -> str:
    """Return the text between the quotes, with its escapes resolved as in Java.

    Raises:
        Unreadable: An escape stands for half a character.

    >>> read_text(r"'it\\'s \\u00e9'")
    "it's é"
    """
    text = _ESCAPE.sub(_resolved, token[1:-1])
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise Unreadable("has an escape that stands for half a character") from None


def _date(text: str) -> date:
    if match := re.fullmatch(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", text):
        with suppress(ValueError):
            return date(*map(int, match.groups()))
    raise Unreadable("does not hold a date as 2021-01-31")


def _hash(inside: str, modifiers: Modifiers) -> Item:
    match = _HASH.fullmatch(inside)
    if not match:
        raise Unreadable("does not hold uids of 11 letters and digits")
    kind, subject, tag, tagged, combo, attribute = match.groups()
    uids = tuple(tagged.split("&")) if tagged else ()
    make = DataElementGroup if kind else Operand
    return make(
        subject,
        combo,
        attribute,
        category_options=uids if tag == "co" else (),
        category_option_groups=uids if tag == "coGroup" else (),
        modifiers=modifiers,
    )


def _resolved(match: re.Match[str]) -> str:
    escape = match[1]
    if escape[0] == "u":
        return chr(int(escape.lstrip("u"), 16))
    return chr(int(escape, 8)) if escape[0].isdigit() else _ESCAPES.get(escape, escape)
