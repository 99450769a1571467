"""Which values stand behind an item of an expression or of the dimension `dx`."""

from collections.abc import Callable, Iterable

from prefect_patterns.analytics.expressions import DataElementGroup, Item, Operand, SubExpression
from prefect_patterns.sandbox.dhis2.analytics.aggregation import TYPES
from prefect_patterns.sandbox.dhis2.analytics.cube import Selection
from prefect_patterns.sandbox.dhis2.analytics.tables import Tables
from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.values import DEFAULT_COMBO, Cell

__all__ = ["cells_of", "select"]


def select(tables: Tables, item: Item, aggregation: str | None = None, *, name: str | None = None) -> list[Selection]:
    """Return the values behind *item*, one selection for each aggregation type among them; none of what has no values.

    Args:
        tables: The values and the objects that they are about.
        item: Of an expression.
        aggregation: Replaces the data elements' own aggregation types; a modifier of the item goes first.
        name: What the result calls the item; without it, DHIS2's notation.

    Raises:
        Refusal: A sub-expression has something else in it than data elements.
    """
    shown = str(item) if name is None else name
    if isinstance(item, SubExpression):
        operands = [each for each in item.expression.items if isinstance(each, Operand)]
        parts = tuple((each, cells_of(tables, each)) for each in operands)
        if len(operands) != len([each for each in item.expression.items if hasattr(each, "modifiers")]):
            raise Refusal(409, f"Invalid indicator expression: {item} has more than data elements in it")
        cells = tuple(dict.fromkeys(cell for _, found in parts for cell in found))
        chosen = _known(item.modifiers.aggregation_type) or aggregation or "SUM"
        return [Selection(shown, cells, chosen, item.modifiers, item.expression, parts)] if cells else []
    if not isinstance(item, Operand | DataElementGroup):
        return []
    own = _known(item.modifiers.aggregation_type) or aggregation
    by_type: dict[str, list[int]] = {}
    for cell in cells_of(tables, item):
        element = tables.metadata.collections["dataElements"].get(tables.values.cells[cell].data_element, {})
        by_type.setdefault(own or _known(str(element.get("aggregationType"))) or "SUM", []).append(cell)
    return [Selection(shown, tuple(cells), type_, item.modifiers) for type_, cells in by_type.items()]


def cells_of(tables: Tables, item: Operand | DataElementGroup) -> tuple[int, ...]:
    """Return the indexes into `Values.cells` of an item."""
    collections = tables.metadata.collections
    if isinstance(item, Operand):
        elements = {item.data_element}
    else:
        group = collections.get("dataElementGroups", {}).get(item.group, {})
        elements = {str(each["id"]) for each in group.get("dataElements", [])}
    fits = _fitting(tables, item)
    return tuple(
        number for number, cell in enumerate(tables.values.cells) if cell.data_element in elements and fits(cell)
    )


def _fitting(tables: Tables, item: Operand | DataElementGroup) -> Callable[[Cell], bool]:
    collections = tables.metadata.collections
    in_groups = [
        _uids(collections.get("categoryOptionGroups", {}).get(group, {}).get("categoryOptions", []))
        for group in item.category_option_groups
    ]

    def fits(cell: Cell) -> bool:
        if item.attribute_option_combo not in (None, DEFAULT_COMBO):
            return False
        if item.category_option_combo not in (None, cell.combo):
            return False
        options = _uids(collections["categoryOptionCombos"].get(cell.combo, {}).get("categoryOptions", []))
        return options.issuperset(item.category_options) and all(not options.isdisjoint(each) for each in in_groups)

    return fits


def _uids(references: Iterable[dict[str, object]]) -> set[str]:
    return {str(each["id"]) for each in references}


def _known(aggregation: str | None) -> str | None:
    return aggregation if aggregation in TYPES else None
