"""`GET /api/dataValues`: one value, as a list of one text."""

from collections.abc import Mapping, Sequence

import polars as pl

from prefect_patterns.analytics.periods import Period
from prefect_patterns.errors import UsageError
from prefect_patterns.sandbox.dhis2.answers import Refusal
from prefect_patterns.sandbox.dhis2.lists import last
from prefect_patterns.sandbox.dhis2.metadata import Metadata
from prefect_patterns.sandbox.dhis2.users import ADMIN, User
from prefect_patterns.sandbox.dhis2.values import DEFAULT_COMBO, Values

__all__ = ["single_value"]


def single_value(
    metadata: Metadata, values: Values, query: Mapping[str, Sequence[str]], *, user: User = ADMIN
) -> list[str]:
    """Return the value of one data element, period and organisation unit.

    Args:
        metadata: The server's objects.
        values: Its values.
        query: `de`, `pe`, `ou`, and `co`, which is the default combination where it is missing.
        user: Who asks.

    Raises:
        Refusal: A parameter is missing (400) or names nothing (E1100 to E1103), the user may not see the unit (E2012),
            or there is no such value (E2032).
    """
    element, iso, unit = (_needed(query, name) for name in ("de", "pe", "ou"))
    combo = last(query, "co") or DEFAULT_COMBO
    known = metadata.collections
    if element not in known["dataElements"]:
        raise Refusal(409, f"Data element not found or not accessible: `{element}`", "E1100")
    if unit not in known["organisationUnits"]:
        raise Refusal(409, f"Organisation unit not found or not accessible: `{unit}`", "E1102")
    if combo not in known["categoryOptionCombos"]:
        raise Refusal(409, f"Category option combo not found or not accessible: `{combo}`", "E1103")
    try:
        period = Period.parse(iso)
    except UsageError:
        raise Refusal(409, f"Period is invalid: `{iso}`", "E1101") from None
    path = str(known["organisationUnits"][unit].get("path", ""))
    if not user.is_super and set(user.units).isdisjoint(path.split("/")):
        raise Refusal(409, f"User is not allowed to view org unit: `{unit}`", "E2012")
    cells = [index for index, cell in enumerate(values.cells) if (cell.data_element, cell.combo) == (element, combo)]
    if cells and unit in values.paths:
        here = values.frame(period).filter(pl.col("unit") == values.units.index(unit), pl.col("cell").is_in(cells))
        if here.height:
            return [str(here["value"][0])]
    raise Refusal(409, "Data value does not exist", "E2032")


def _needed(query: Mapping[str, Sequence[str]], name: str) -> str:
    found = last(query, name)
    if not found:
        raise Refusal(400, f"Required request parameter '{name}' for method parameter type String is not present")
    return found
