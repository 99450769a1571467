"""What the server says when it refuses an analytics request: its codes and their texts (DHIS2's `ErrorCode`)."""

from collections.abc import Mapping
from types import MappingProxyType

from prefect_patterns.sandbox.dhis2.answers import Refusal

__all__ = ["TEXTS", "AnalyticsRefusal", "refused"]

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "E7101": "At least one dimension must be specified",
        "E7102": "At least one data dimension item or data element group set dimension item must be specified",
        "E7103": "Dimensions cannot be specified as dimension and filter simultaneously: `{0}`",
        "E7104": "At least one period as dimension or filter, or start and dates, must be specified",
        "E7105": "Periods and start and end dates cannot be specified simultaneously",
        "E7106": "Start date cannot be after end date",
        "E7107": "Start and end dates cannot be specified for reporting rates",
        "E7108": "Only a single indicator can be specified as filter",
        "E7109": "Only a single reporting rate can be specified as filter",
        "E7110": "Category option combos cannot be specified as filter",
        "E7111": "Dimensions cannot be specified more than once: `{0}`",
        "E7112": "Reporting rates can only be specified together with dimensions of type: `{0}`",
        "E7113": "Assigned categories cannot be specified when data elements are not specified",
        "E7114": "Assigned categories can only be specified together with data elements",
        "E7115": "Data elements must be of a value and aggregation type that allow aggregation: `{0}`",
        "E7116": "Indicator expressions cannot contain cyclic references: `{0}`",
        "E7117": "A data dimension 'dx' must be specified when output format is DATA_VALUE_SET",
        "E7118": "A period dimension 'pe' must be specified when output format is DATA_VALUE_SET",
        "E7119": "An organisation unit dimension 'ou' must be specified when output format is DATA_VALUE_SET",
        "E7120": "User: `{0}` is not allowed to view org unit: `{1}`",
        "E7122": "Data approval level does not exist: `{0}`",
        "E7124": "Dimension is present in query without any valid dimension options: `{0}`",
        "E7125": "Dimension identifier does not reference any dimension: `{0}`",
        "E7126": "Column must be present as dimension in query: `{0}`",
        "E7127": "Row must be present as dimension in query: `{0}`",
        "E7128": "Query result set exceeded max limit: `{0}`",
        "E7131": "Query failed, likely because the query timed out",
        "E7132": "An indicator expression caused division by zero operation",
        "E7134": "Cannot retrieve total value for data elements with skip total category combination",
        "E7143": "Organisation unit or organisation unit level is not valid",
        "E7144": "Query failed because a referenced table does not exist. Please ensure analytics job was run",
        "E7151": "Too many combinations of columns or rows.",
        "E7152": "Period offset cannot be used when the period dimension is a filter",
        "E7611": "Period not valid: `{0}`",
    }
)
"""By code; `{0}` and `{1}` are the arguments. A page of the server that shows an error leaves them unfilled."""

_SQL_STATES = {"E7144": "42P01"}  # of errors that come from the database


class AnalyticsRefusal(Refusal):
    """An analytics request that the server refuses: 409 with a code, or a page that says so (`analytics.csv`)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(409, message, code)

    @property
    def page(self) -> str:
        """What an answer that is not JSON says instead."""
        return f"{self.code}: {TEXTS.get(str(self.code), self.message)}"


def refused(code: str, *arguments: object) -> AnalyticsRefusal:
    """Return the refusal with this code.

    >>> refused("E7124", "dx").message
    'Dimension is present in query without any valid dimension options: `dx`'
    """
    text = TEXTS[code]
    for place, argument in enumerate(arguments):
        text = text.replace(f"{{{place}}}", str(argument))
    if state := _SQL_STATES.get(code):
        text += f" (SqlState: {state})"
    return AnalyticsRefusal(code, text)
