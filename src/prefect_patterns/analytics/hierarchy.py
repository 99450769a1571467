"""Resolve a tree that is kept as (id, parent) rows: depth, root and path of each node, and what is wrong with it.

Works by pointer doubling: each step doubles how far up every node has looked, so trees of any depth and cycles of any
length take about log2(rows) steps over whole columns. A path is as long as its node is deep: those of a chain of 10,000
nodes with 11-letter ids are 600 MB in all.
"""

from collections.abc import Iterator

import polars as pl

from prefect_patterns.errors import UsageError

__all__ = ["ancestors", "resolve"]

_DOCS = "docs/analytics.md#hierarchy"


def resolve(nodes: pl.DataFrame, *, id: str = "id", parent: str = "parent", level: str | None = None) -> pl.DataFrame:  # noqa: A002
    """Return *nodes*, in their order, with the columns `depth`, `root`, `path` and `problem`, replaced if present.

    `depth` is 1 for a root, `root` the id at the top, `path` the ids from there, as `/a/b/c`; all three are null for a
    node that no root is above of. `problem` then says why: `no parent`, `unknown parent`, `cycle`, or `below a problem`
    when the reason is further up.

    Args:
        nodes: One row a node.
        id: The column of ids, unique and without nulls.
        parent: The column of the parents' ids, null for a root.
        level: A column of levels, 1 for roots; with it a node without parent below level 1 is a problem, not a root.

    Raises:
        UsageError: A column is missing or of the wrong type, or ids are null or not unique.

    >>> units = pl.DataFrame({"id": ["a", "b", "c", "d"], "parent": [None, "a", "b", "x"]})
    >>> resolve(units).select("depth", "path", "problem").rows()
    [(1, '/a', None), (2, '/a/b', None), (3, '/a/b/c', None), (None, None, 'unknown parent')]
    """
    _refuse(list(_problems(nodes, id, parent, level)))
    up = _parent_rows(nodes, id, parent)
    no_parent = nodes[parent].is_null()
    lost = no_parent & (nodes[level] > 1).fill_null(False) if level else pl.repeat(False, nodes.height, eager=True)
    unknown = ~no_parent & up.is_null()
    rows = pl.int_range(nodes.height, dtype=pl.Int64, eager=True)
    is_end = up.is_null()

    jumps = [up.fill_null(rows)]  # one step up; the ends point to themselves
    hops = (~is_end).cast(pl.Int64)
    while not is_end.gather(jumps[-1]).all() and 2 ** (len(jumps) - 1) < nodes.height:
        hops = hops + hops.gather(jumps[-1])
        jumps.append(jumps[-1].gather(jumps[-1]))
    top = jumps[-1]
    # Having gone further than there are rows, whoever is not at an end goes round a cycle, and passes all its nodes.
    in_cycle = rows.is_in(top.implode()) & ~is_end if nodes.height else is_end
    sound = is_end.gather(top) & ~(lost | unknown).gather(top)

    segments = pl.select(
        pl.when(sound & ~is_end).then("/" + nodes[id].cast(pl.String)).otherwise(pl.lit(""))
    ).to_series()
    for jump in jumps[:-1]:
        segments = segments.gather(jump) + segments
    roots = nodes[id].gather(top)
    return nodes.with_columns(
        pl.when(sound).then(hops + 1).alias("depth"),
        pl.when(sound).then(roots).alias("root"),
        pl.when(sound).then("/" + roots.cast(pl.String) + segments).alias("path"),
        pl.when(lost)
        .then(pl.lit("no parent"))
        .when(unknown)
        .then(pl.lit("unknown parent"))
        .when(in_cycle)
        .then(pl.lit("cycle"))
        .when(~sound)
        .then(pl.lit("below a problem"))
        .alias("problem"),
    )


def ancestors(resolved: pl.DataFrame, *, id: str = "id", parent: str = "parent") -> pl.DataFrame:  # noqa: A002
    """Return the closure table: one row for each node and each of its ancestors, itself included at distance 0.

    Args:
        resolved: What `resolve` returned; nodes with a problem are left out.
        id: The column of ids.
        parent: The column of the parents' ids.

    Raises:
        UsageError: A column is missing.

    >>> units = pl.DataFrame({"id": ["a", "b"], "parent": [None, "a"]})
    >>> ancestors(resolve(units)).rows()
    [('a', 'a', 0), ('b', 'b', 0), ('a', 'b', 1)]
    """
    if "depth" not in resolved.columns:
        _refuse(["it has no column 'depth': it was not resolved"])
    _refuse(list(_problems(resolved, id, parent, None)))
    nodes = resolved.filter(pl.col("depth").is_not_null()).select(id, parent)
    up = _parent_rows(nodes, id, parent)
    below = above = pl.int_range(nodes.height, dtype=pl.Int64, eager=True)
    ids = nodes[id]
    steps: list[pl.DataFrame] = []
    while not steps or below.len():
        distance = pl.repeat(len(steps), below.len(), dtype=pl.Int64, eager=True)
        steps.append(
            pl.DataFrame({"ancestor": ids.gather(above), "descendant": ids.gather(below), "distance": distance})
        )
        higher = up.gather(above)
        below, above = below.filter(higher.is_not_null()), higher.drop_nulls()
    return pl.concat(steps)


def _parent_rows(nodes: pl.DataFrame, key: str, parent: str) -> pl.Series:
    """Return the row number of each node's parent, null where there is none."""
    numbered = nodes.select(pl.col(key).alias("parent")).with_row_index("row")
    wanted = nodes.select(pl.col(parent).cast(nodes.schema[key]).alias("parent"))
    return wanted.join(numbered, on="parent", how="left", maintain_order="left")["row"].cast(pl.Int64)


def _problems(nodes: pl.DataFrame, key: str, parent: str, level: str | None) -> Iterator[str]:
    columns = [key, parent] if level is None else [key, parent, level]
    absent = [column for column in columns if column not in nodes.columns]
    for column in absent:
        yield f"it has no column {column!r}"
    if absent:
        return
    if nodes.schema[parent] not in (nodes.schema[key], pl.Null):
        yield f"{parent!r} is {nodes.schema[parent]} but {key!r} is {nodes.schema[key]}"
    if level is not None and not nodes.schema[level].is_integer() and nodes.schema[level] != pl.Null:
        yield f"{level!r} is {nodes.schema[level]}, not an integer"
    if nulls := nodes[key].null_count():
        yield f"rows without {key!r}: {nulls}"
    twice = nodes.filter(pl.col(key).is_not_null() & pl.col(key).is_duplicated())[key].unique(maintain_order=True)
    if twice.len():
        yield f"ids that occur more than once: {twice.len()}, such as {', '.join(map(repr, twice.head(3)))}"


def _refuse(problems: list[str]) -> None:
    if problems:
        raise UsageError(
            f"cannot resolve the hierarchy: {'; '.join(problems)}",
            hint="correct or set these rows aside first",
            docs=_DOCS,
        )
