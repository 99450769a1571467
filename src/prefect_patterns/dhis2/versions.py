"""Versions of DHIS2: how they compare, and what differs between those that the client reads."""

import re
from collections.abc import Mapping

__all__ = ["NO_SUCH_OBJECT", "OPERATORS_SINCE", "parse_version", "unknown_operator"]

NO_SUCH_OBJECT = frozenset({404, 405})
"""How a server answers a GET of an object that is not there: 405 from 2.42 on when the id cannot be one, else 404."""

OPERATORS_SINCE: Mapping[str, tuple[int, int]] = {"ieq": (2, 41), "!empty": (2, 42)}
"""Operators of `filter` that not every version from 2.40 to 2.43 knows, with the first one that does."""

_NOT_AN_OPERATOR = re.compile(r"`?([!$\w]+)`? is not a valid operator")


def parse_version(text: str) -> tuple[int, ...]:
    """Return the numbers that *text* starts with, so that versions compare; what follows them is ignored.

    >>> parse_version("2.43-SNAPSHOT"), parse_version("2.41.8.1") > parse_version("2.41.8")
    ((2, 43), True)
    """
    found = re.match(r"\s*v?(\d+(?:\.\d+)*)", text)
    return tuple(int(number) for number in found[1].split(".")) if found else ()


def unknown_operator(message: str) -> str:
    """Return what to do when *message*, a server's refusal, is about an operator that is newer than the server.

    >>> unknown_operator("`!empty` is not a valid operator.")
    'the operator `!empty` needs DHIS2 2.42 or later'
    """
    found = _NOT_AN_OPERATOR.search(message)
    since = OPERATORS_SINCE.get(found[1]) if found else None
    return f"the operator `{found[1]}` needs DHIS2 {since[0]}.{since[1]} or later" if found and since else ""
