"""Metadata objects as typed, frozen models: only the id is sure, whatever else a server adds is ignored."""

from datetime import datetime
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

__all__ = [
    "CategoryCombo",
    "CategoryOptionCombo",
    "DataElement",
    "DataSet",
    "DataSetElement",
    "Indicator",
    "IndicatorType",
    "MetadataObject",
    "OrganisationUnit",
    "Reference",
    "fields_of",
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Reference(_Frozen):
    """An object named by its id."""

    id: str


class MetadataObject(_Frozen):
    """What every metadata object has. Moments are the server's local time, as DHIS2 gives them."""

    endpoint: ClassVar[str]

    id: str
    code: str | None = None
    name: str | None = None
    short_name: str | None = None
    created: datetime | None = None
    last_updated: datetime | None = None


class OrganisationUnit(MetadataObject):
    """A place in the hierarchy: country, district, facility."""

    endpoint = "organisationUnits"

    level: int | None = None
    path: str | None = None
    parent: Reference | None = None
    opening_date: datetime | None = None
    closed_date: datetime | None = None
    geometry: dict[str, Any] | None = None


class DataElement(MetadataObject):
    """What is counted or reported."""

    endpoint = "dataElements"

    value_type: str | None = None
    aggregation_type: str | None = None
    domain_type: str | None = None
    zero_is_significant: bool | None = None
    category_combo: Reference | None = None


class DataSetElement(_Frozen):
    """A data element in a data set, where it may have another category combination."""

    data_element: Reference
    category_combo: Reference | None = None


class DataSet(MetadataObject):
    """A form: data elements that are reported together, at one frequency, by some units."""

    endpoint = "dataSets"

    period_type: str | None = None
    category_combo: Reference | None = None
    data_set_elements: tuple[DataSetElement, ...] = ()
    organisation_units: tuple[Reference, ...] = ()


class IndicatorType(_Frozen):
    """The factor of an indicator, 100 for a percentage."""

    id: str | None = None
    name: str | None = None
    factor: int | None = None


class Indicator(MetadataObject):
    """A numerator over a denominator, times a factor."""

    endpoint = "indicators"

    numerator: str | None = None
    denominator: str | None = None
    annualized: bool | None = None
    decimals: int | None = None
    indicator_type: IndicatorType | None = None


class CategoryCombo(MetadataObject):
    """Categories that split a data element together."""

    endpoint = "categoryCombos"

    categories: tuple[Reference, ...] = ()
    category_option_combos: tuple[Reference, ...] = ()


class CategoryOptionCombo(MetadataObject):
    """One cell of such a split, as `Fixed, <1y`."""

    endpoint = "categoryOptionCombos"

    category_combo: Reference | None = None
    category_options: tuple[Reference, ...] = ()


def fields_of(model: type[BaseModel]) -> str:
    """Return the `fields` parameter that asks for what *model* holds.

    >>> fields_of(DataSetElement)
    'dataElement[id],categoryCombo[id]'
    """
    parts = []
    for name, field in model.model_fields.items():
        nested = _nested(field.annotation)
        alias = field.alias or name
        parts.append(f"{alias}[{fields_of(nested)}]" if nested else alias)
    return ",".join(parts)


def _nested(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _nested(part)) is not None), None)
