"""The values that a query's text stands for, as Java reads them; and how the server says that it cannot."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.schema import ENUMERATIONS, Kind, Property, class_of

__all__ = ["Value", "bad_request", "last", "parse_date", "parse_integer", "parse_value"]

Value = str | float | bool

_INTEGER = re.compile(r"[+-]?[0-9]{1,10}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{1,2})(?:-(?P<day>[0-9]{1,2})"
    r"(?:T(?P<hour>[0-9]{2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?)?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)?"
)
_PARTS = (("year", "1"), ("month", "1"), ("day", "1"), ("hour", "0"), ("minute", "0"), ("second", "0"))
_LARGEST = 2**31 - 1


def bad_request(message: str) -> Refusal:
    """Return the refusal of a query that cannot be understood."""
    return Refusal(400, message, "E1003")


def last(query: Mapping[str, Sequence[str]], name: str, default: str = "") -> str:
    """Return the last value that the parameter *name* was given; *default* where it was given none."""
    return (query.get(name) or [default])[-1]


def parse_integer(text: str) -> int:
    """Return the number, of 32 bits.

    Raises:
        Refusal: It is none (400).
    """
    number = int(text) if _INTEGER.fullmatch(text) else _LARGEST + 1
    if not -_LARGEST - 1 <= number <= _LARGEST:
        raise bad_request(f"Unable to parse `{text}` as `Integer`.")
    return number


def parse_date(text: str) -> str:
    """Return the moment in the form in which objects have theirs; parts that are left out are the first ones.

    >>> parse_date("2024-05"), parse_date("2024-05-01T12:30:00+02:00")
    ('2024-05-01T00:00:00.000', '2024-05-01T10:30:00.000')

    Raises:
        Refusal: It is no date (400).
    """
    match = _DATE.fullmatch(text)
    refusal = bad_request(f"Unable to parse `{text}` as `Date`.")
    if match is None:
        raise refusal
    year, month, day, hour, minute, second = (int(match[name] or first) for name, first in _PARTS)
    micros = int((match["fraction"] or "0").ljust(6, "0")[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second, micros, _zone(match["zone"]))
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        raise refusal from None


def _zone(text: str | None) -> timezone:
    if text is None or text == "Z":
        return UTC  # the server's own
    away = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(away if text.startswith("+") else -away)


def parse_value(each: Property, text: str) -> Value:
    """Return what *text* means as a value of the property; of a collection that is its size.

    Raises:
        Refusal: It cannot be one (400).
    """
    if each.many:
        return parse_integer(text)
    match each.kind:
        case Kind.TEXT if each.name == "periodType":
            raise bad_request(f"Unable to parse `{text}` to `PeriodType`.")
        case Kind.TEXT:
            return text
        case Kind.INTEGER:
            return parse_integer(text)
        case Kind.NUMBER:
            if not _NUMBER.fullmatch(text):
                raise bad_request(f"Unable to parse `{text}` as `Double`.")
            return float(text)
        case Kind.BOOLEAN:
            return text.lower() == "true"  # Java's: anything else is false
        case Kind.DATE:
            return parse_date(text)
        case Kind.ENUM:
            name, members = ENUMERATIONS[each.name]
            if text not in members:
                available = f"available values are: [{', '.join(members)}]"
                raise bad_request(f"Unable to parse `{text}` as `class {name}`, {available}")
            return text
    raise bad_request(f"Unable to parse `{text}` to `{class_of(each.target or each.name)}`.")
