"""The `fields` parameter: which columns it promises."""

__all__ = ["promised_columns"]


def promised_columns(fields: str) -> list[str]:
    """Return the dotted names that *fields* asks for by name, in order; presets such as `:owner` promise none.

    >>> promised_columns("id,name,parent[id,name],categoryCombo(id),!code,:nameable,children::size~rename(kids)")
    ['id', 'name', 'parent.id', 'parent.name', 'categoryCombo.id', 'kids']
    """
    columns: list[str] = []
    for item in _split(fields):
        name, inner = _open(item)
        if not name or name[0] in ":!*":
            continue
        if inner is None:
            columns.append(_renamed(name))
        else:
            nested = promised_columns(inner)
            columns += [f"{name}.{column}" for column in nested] or [name]
    return list(dict.fromkeys(columns))


def _split(fields: str) -> list[str]:
    items, depth, start = [], 0, 0
    for position, char in enumerate(fields):
        depth += (char in "[(") - (char in "])")
        if char == "," and depth == 0:
            items.append(fields[start:position].strip())
            start = position + 1
    return [*items, fields[start:].strip()]


def _open(item: str) -> tuple[str, str | None]:
    for position, char in enumerate(item):
        if char in "~|" or item[position : position + 2] == "::":
            return item, None
        if char in "[(":
            return item[:position].strip(), item[position + 1 : -1]
    return item, None


def _renamed(item: str) -> str:
    before, _, after = item.partition("rename(")
    if after:
        return after.partition(")")[0].strip()
    for mark in ("::", "~", "|"):
        before = before.partition(mark)[0]
    return before.strip()
