"""Checks of metadata: lists, fields, filters, objects, features."""

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
from prefect_patterns.dhis2.versions import OPERATORS_SINCE

__all__ = ["METADATA_CHECKS"]

_UNITS = "organisationUnits"


def _units(**params: str) -> Ask:
    return Ask(_UNITS, tuple(params.items()))


def _pager(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    pager, rows = answers[0].object("pager"), answers[0].rows(_UNITS)
    numbers = {name: pager.get(name) for name in ("page", "pageCount", "total", "pageSize")}
    count = numbers["pageCount"]
    if not isinstance(count, int) or not all(isinstance(number, int) for number in numbers.values()):
        return differs(f"{answers[0]}: the pager is {pager or 'missing'}")
    has_next = bool(pager.get("nextPage"))
    if len(rows) > 1 or has_next != (count > 1):
        return differs(f"{len(rows)} rows on a page of 1, nextPage is {'there' if has_next else 'missing'}")
    return holds(f"{numbers['total']:,} units on {count:,} pages")


def _clamped(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    pager, rows = answers[0].object("pager"), answers[0].rows(_UNITS)
    seen = f"page {pager.get('page')} of {pager.get('pageCount')} with {len(rows)} rows"
    as_known = pager.get("page") == pager.get("pageCount") and pager.get("page") and not rows
    return holds(seen) if as_known and not pager.get("nextPage") else differs(f"{answers[0]}: {seen}")


def _unpaged(facts: Facts, answers: Sequence[Answer]) -> Judged:
    ids = [row.get("id") for row in answers[0].rows(_UNITS)]
    if ids != [facts.unit]:
        return differs(f"{answers[0]}: {len(ids)} units for one id")
    return differs("there is a pager") if answers[0].get("pager") is not None else holds("one unit, no pager")


def _default_fields(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    return _keys(answers[0], {"id", "displayName"})


def _unknown_fields(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    return _keys(answers[0], {"id"})


def _transformed(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    rows = answers[0].rows(_UNITS)
    if rows and not isinstance(rows[0].get("children"), int):
        return differs(f"children::size is {rows[0].get('children')!r}")
    return _keys(answers[0], {"id", "label", "children"})


def _keys(answer: Answer, wanted: set[str]) -> Judged:
    rows = answer.rows(_UNITS)
    if answer.status != 200 or not rows:
        return differs(answer)
    return holds(", ".join(sorted(wanted))) if rows[0].keys() == wanted else differs(f"the keys are {sorted(rows[0])}")


def _ordered(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    ids = [str(row.get("id")) for row in answers[0].rows(_UNITS)]
    if answers[0].status != 200 or not ids:
        return differs(answers[0])
    in_order = ids in (sorted(ids), sorted(ids, key=str.casefold))  # PostgreSQL's collation decides which
    return holds(f"{ids[0]} … {ids[-1]}") if in_order else differs(f"the ids come as {', '.join(ids)}")


def _operator(name: str) -> Check:
    since = OPERATORS_SINCE[name][1]

    def judge(facts: Facts, answers: Sequence[Answer]) -> Judged:
        if facts.release >= since:
            is_list = answers[0].status == 200 and isinstance(answers[0].get(_UNITS), list)
            return holds("it filters") if is_list else differs(answers[0])
        refused = answers[0].status == 400 and answers[0].code == "E1003"
        return holds(answers[0]) if refused else differs(f"{answers[0]}, where 400 E1003 was due")

    value = "children:!empty" if name == "!empty" else f"name:{name}:x"
    why = "which operators a filter may have; what the message of a refusal says"
    return Check(
        f"operator {name} from 2.{since} on", why, lambda _: [_units(filter=value, fields="id", pageSize="1")], judge
    )


def _no_id(facts: Facts, answers: Sequence[Answer]) -> Judged:
    due = 405 if facts.release >= 42 else 404
    return holds(answers[0]) if answers[0].status == due else differs(f"{answers[0]}, where {due} was due")


def _features(_facts: Facts, answers: Sequence[Answer]) -> Judged:
    features = answers[0].rows("features")
    if answers[0].status != 200 or answers[0].get("type") != "FeatureCollection":
        return differs(answers[0])
    if not features:
        return skipped("the units beside the lowest one have no geometry")
    levels = {str(type(feature.get("properties", {}).get("level")).__name__) for feature in features}
    if levels != {"str"}:
        return differs(f"the level is of type {', '.join(sorted(levels))}")
    return holds(f"{len(features)} features, the level is a text")


def _either(facts: Facts, answers: Sequence[Answer]) -> Judged:
    ids = [row.get("id") for row in answers[0].rows(_UNITS)]
    return holds("either filter is enough") if ids == [facts.unit] else differs(f"{answers[0]}: {len(ids)} units")


def _if_unit(ask: Callable[[Facts], Ask]) -> Asks:
    return lambda facts: [ask(facts)] if facts.unit else []


METADATA_CHECKS: tuple[Check, ...] = (
    Check(
        "lists come in pages",
        "the client fetches the pages that `pageCount` announces, in parallel",
        lambda _: [_units(fields="id", pageSize="1")],
        _pager,
    ),
    Check(
        "a page after the last one is empty and calls itself the last",
        "the client stops at `pageCount`, never at an empty page",
        lambda _: [_units(fields="id", pageSize="1", page="99999999")],
        _clamped,
    ),
    Check(
        "without pages there is no pager",
        "a list in one answer has no numbers to check it by",
        _if_unit(lambda facts: _units(fields="id", paging="false", filter=f"id:eq:{facts.unit}")),
        _unpaged,
    ),
    Check(
        "id and displayName when nothing is said",
        "lists without `fields` are only good for names",
        lambda _: [_units(pageSize="1")],
        _default_fields,
    ),
    Check(
        "unknown fields are dropped without a word",
        "`tidy` promises the columns that were asked for, not those that came",
        lambda _: [_units(fields="id,noSuchField", pageSize="1")],
        _unknown_fields,
    ),
    Check(
        "fields are renamed and counted",
        "the grammar of `fields` is handed on as it is",
        lambda _: [_units(fields="id,name~rename(label),children::size", pageSize="1")],
        _transformed,
    ),
    Check(
        "order=id:asc is kept",
        "pages that are fetched in parallel fit together only in a stable order",
        lambda _: [_units(fields="id", order="id:asc", pageSize="5")],
        _ordered,
    ),
    Check(
        "filters are joined by OR when asked",
        "rootJunction is handed on as it is",
        _if_unit(
            lambda facts: Ask(
                _UNITS,
                (
                    ("fields", "id"),
                    ("filter", f"id:in:[{facts.unit}]"),
                    ("filter", "id:eq:noSuchUnit0"),
                    ("rootJunction", "OR"),
                ),
            )
        ),
        _either,
    ),
    _operator("ieq"),
    _operator("!empty"),
    Check(
        "a filter on what there is not is refused",
        "a misspelt filter must not give everything",
        lambda _: [_units(filter="noSuchProperty:eq:1", fields="id", pageSize="1")],
        refused(400, "E1003"),
    ),
    Check(
        "an id that cannot be one: 404, from 2.42 on 405",
        "both are `NotFound`",
        lambda _: [Ask(f"{_UNITS}/no-id")],
        _no_id,
    ),
    Check(
        "an id that nothing has: 404 E1005",
        "the error is `NotFound`, with the server's words",
        lambda _: [Ask(f"{_UNITS}/zzZZzzZZzz0")],
        refused(404, "E1005"),
    ),
    Check(
        "the level of a feature is a text",
        "`iter_features` makes a number of it",
        _if_unit(lambda facts: Ask(f"{_UNITS}.geojson", (("level", str(facts.level)), ("parent", facts.parent)))),
        _features,
    ),
)
