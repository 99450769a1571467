"""Organisation units flattened: the units above each, names in other languages, and what is wrong."""

from collections.abc import Iterable, Mapping

import polars as pl

from prefect_patterns.analytics import resolve

__all__ = ["flatten", "translations", "with_levels"]


def flatten(units: pl.DataFrame) -> pl.DataFrame:
    """Return each unit once, with its place in the tree and all its problems.

    Adds `depth` and `path` (null for a unit that no root is above of), `level_1_id`, `level_1_name` and so on, and
    `problems`: no name, an id that came twice, a place that no root is above of, a level that is not its depth, a name
    that a sibling has too, closed before it opened.

    Args:
        units: As `frames.org_units` gives them; those without an id are left out.

    >>> from prefect_patterns.dhis2 import frames
    >>> rows = [{"id": "a", "name": "Bo", "level": 1}, {"id": "b", "level": 3, "parent": {"id": "a"}}]
    >>> flatten(frames.org_units(rows)).select("path", "problems").rows()
    [('/a', []), ('/a/b', ['no name', 'level 3 at depth 2'])]
    """
    known = units.drop_nulls("id")
    twice = known.filter(pl.col("id").is_duplicated())["id"].unique()
    tree = resolve(known.unique("id", keep="first", maintain_order=True), level="level")
    has_name = pl.col("name").is_not_null() & (pl.col("name").str.strip_chars() != "")
    problems = [
        (pl.lit("no name"), ~has_name),
        (pl.lit("the id came twice"), pl.col("id").is_in(twice.implode())),
        (pl.col("problem"), pl.col("problem").is_not_null()),
        (pl.format("level {} at depth {}", "level", "depth"), pl.col("level") != pl.col("depth")),
        (pl.lit("a sibling has the same name"), has_name & pl.struct("parent", "name").is_duplicated()),
        (pl.lit("closed before it opened"), pl.col("closed_date") < pl.col("opening_date")),
    ]
    found = pl.concat_list(pl.when(wrong).then(text) for text, wrong in problems).list.drop_nulls()
    return with_levels(tree.with_columns(problems=found)).drop("root", "problem")


def with_levels(tree: pl.DataFrame) -> pl.DataFrame:
    """Return units with the id and the name of the unit above them on each level, themselves included.

    Args:
        tree: Units as `analytics.resolve` gives them, with id, name, depth and path.
    """
    names = tree.select("id", "name")
    steps = pl.col("path").str.strip_prefix("/").str.split("/")
    deepest = tree.select(pl.col("depth").max().fill_null(0)).item()
    units = tree
    for level in range(1, deepest + 1):
        at = f"level_{level}"
        units = units.with_columns(steps.list.get(level - 1, null_on_oob=True).alias(f"{at}_id")).join(
            names.rename({"id": f"{at}_id", "name": f"{at}_name"}), on=f"{at}_id", how="left", maintain_order="left"
        )
    return units


def translations(rows: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    """Return id and a column `name_fr` for each locale that any object has a translated name in.

    Args:
        rows: Metadata with `translations[locale,property,value]`; an object without them has nulls.

    >>> bo = {"id": "a", "translations": [{"locale": "fr", "property": "NAME", "value": "Bô"}]}
    >>> translations([bo, {"id": "b"}]).rows()
    [('a', 'Bô'), ('b', None)]
    """
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        if isinstance(uid := row.get("id"), str):
            found.setdefault(uid, dict(_names(row.get("translations"))))
    locales = sorted({locale for names in found.values() for locale in names})
    columns = {f"name_{locale}": [names.get(locale) for names in found.values()] for locale in locales}
    return pl.DataFrame({"id": list(found), **columns}, schema=dict.fromkeys(["id", *columns], pl.String))


def _names(given: object) -> Iterable[tuple[str, str]]:
    for each in given if isinstance(given, list) else []:
        if isinstance(each, Mapping) and each.get("property") == "NAME":
            locale, value = each.get("locale"), each.get("value")
            if isinstance(locale, str) and isinstance(value, str):
                yield locale, value
