"""Checks of analytics and of data values."""

import re
from collections.abc import Callable, Sequence

from prefect_patterns.dhis2.preflight.contract import (
    Answer,
    Ask,
    Asks,
    Check,
    Facts,
    Judged,
    differs,
    holds,
    refused,
    skipped,
)

__all__ = ["DATA_CHECKS"]

_ROUNDED = re.compile(r"-?\d+(\.\d{1,2})?(E-?\d+)?")
# Since these, a refusal of analytics.csv is text under a good status; before it was 409 (DHIS2: AnalyticsController).
_AS_TEXT = {40: (2, 40, 9), 41: (2, 41, 5), 42: (2, 42, 1), 43: (2, 43)}
_ROW_KEYS = {"dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo", "value"}
_NO_ID = "noSuchItem0"


def _analytics(path: str, dx: str, facts: Facts) -> Ask:
    dimensions = (f"dx:{dx}", "pe:LAST_12_MONTHS", f"ou:{facts.root}")
    return Ask(path, tuple(("dimension", dimension) for dimension in dimensions))


def _if_element(ask: Callable[[Facts], Ask]) -> Asks:
    return lambda facts: [ask(facts)] if facts.element and facts.root else []


def _grid(answer: Answer) -> Judged | None:
    """Return why nothing can be said of a grid; None when it is one."""
    if answer.code in {"E7144", "E7120", "E7121"} or answer.status == 403:
        return skipped(str(answer))
    return None if answer.status == 200 and isinstance(answer.get("headers"), list) else differs(answer)


def _headers(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    if trouble := _grid(answers[0]):
        return trouble
    names = [header.get("name") for header in answers[0].rows("headers")]
    rows = answers[0].get("rows")
    texts = isinstance(rows, list) and all(isinstance(cell, str) for row in rows for cell in row)
    seen = f"{', '.join(map(str, names))}; {len(rows or [])} rows{'' if texts else ' that are not all texts'}"
    return holds(seen) if names == ["dx", "pe", "ou", "value"] and texts else differs(seen)


def _rounded(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    if trouble := _grid(answers[0]):
        return trouble
    values = [str(row[-1]) for row in answers[0].get("rows") or [] if row]
    if not values:
        return skipped("there are no values in the last 12 months")
    other = [value for value in values if not _ROUNDED.fullmatch(value) or re.search(r"\.0+$", value)]
    return differs(f"values such as {other[0]}") if other else holds(f"values such as {values[0]}")


def _dropped(facts: Facts, answers: Sequence[Answer]) -> Judged:
    if trouble := _grid(answers[0]):
        return trouble
    asked = (answers[0].object("metaData").get("dimensions") or {}).get("dx")
    return holds(f"{_NO_ID} is left out") if asked == [facts.element] else differs(f"the dimension dx is {asked}")


def _as_text(facts: Facts, answers: Sequence[Answer]) -> Judged:
    answer = answers[0]
    text = answer.body[:200].decode("utf-8", "replace")
    if facts.version >= _AS_TEXT[facts.release]:
        as_known = answer.status == 200 and bool(re.match(r"E\d{4}", text.strip()))
        return holds(f"200 {text}") if as_known else differs(f"{answer}, where 200 with `E7124: …` was due")
    return holds(answer) if answer.status == 409 else differs(f"{answer}, where 409 was due")


def _one_cell(facts: Facts) -> Sequence[Ask]:
    value = facts.value
    if not value:
        return []
    keys = ("dataSet", "period", "orgUnit")
    return [Ask("dataValueSets", tuple((key, value[key]) for key in keys))]


def _hoisted(facts: Facts, answers: Sequence[Answer]) -> Judged:
    rows = answers[0].rows("dataValues")
    if answers[0].status != 200 or not rows:
        return differs(f"{answers[0]}: {len(rows)} values, where there was one before")
    body = answers[0].json
    common = {"period", "orgUnit"}
    hoisted = common & body.keys() if not common & rows[0].keys() else set()
    if facts.release >= 43:
        as_known = hoisted == common
    else:
        as_known = rows[0].keys() >= _ROW_KEYS and {"comment", "storedBy"} <= rows[0].keys()
    seen = f"rows have {', '.join(sorted(rows[0]))}"
    return holds(seen) if as_known else differs(seen)


def _complete(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    body = answers[0].json
    rows = answers[0].rows("dataValues")
    if answers[0].status != 200 or not rows:
        return differs(answers[0])
    missing = {key for key in _ROW_KEYS for row in rows if key not in row and key not in body}
    return differs(f"neither rows nor envelope have {sorted(missing)}") if missing else holds(f"{len(rows)} values")


DATA_CHECKS: tuple[Check, ...] = (
    Check(
        "headers in the order asked, the value last, rows of texts",
        "frames are made by position",
        _if_element(lambda facts: _analytics("analytics.json", facts.element, facts)),
        _headers,
    ),
    Check(
        "values of data elements have two decimals at most, whole numbers none",
        "totals are compared with what the server sums itself",
        _if_element(lambda facts: _analytics("analytics.json", facts.element, facts)),
        _rounded,
    ),
    Check(
        "unknown items are dropped without a word",
        "`strict` and `analytics_grid` tell which they were",
        _if_element(lambda facts: _analytics("analytics.json", f"{facts.element};{_NO_ID}", facts)),
        _dropped,
    ),
    Check(
        "no known item: 409 E7124",
        "the error is `QueryRefused`, with the code",
        _if_element(lambda facts: _analytics("analytics.json", _NO_ID, facts)),
        refused(409, "E7124"),
    ),
    Check(
        "no dimension: 409 E7101",
        "the error is `QueryRefused`, with the code",
        lambda _: [Ask("analytics.json")],
        refused(409, "E7101"),
    ),
    Check(
        "errors of analytics.csv are text under a good status",
        "they are recognised before anybody takes them for data",
        _if_element(lambda facts: _analytics("analytics.csv", _NO_ID, facts)),
        _as_text,
    ),
    Check(
        "data values without a data set are refused",
        "all that is missing is said before a request is sent",
        lambda _: [Ask("dataValueSets")],
        refused(409, "E2001", "E2002", "E2006"),
    ),
    Check(
        "what values share is in each row, from 2.43 on the envelope",
        "the reader puts the envelope's keys into the rows",
        _one_cell,
        _hoisted,
    ),
    Check(
        "each value is whole, with its envelope",
        "`DATA_VALUE_SCHEMA` has all the keys of a value",
        _one_cell,
        _complete,
    ),
)
