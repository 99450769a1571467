"""The deliberate defects of the sandbox's data: what is wrong, where, when, and how many times.

A month is relative: -1 is the last whole month before the sandbox's today. Each defect is of a kind that a real DHIS2
holds: a number field takes any number, a facility can be newer than the list that somebody pulled, and an indicator
keeps the uid of a data element that was deleted.
"""

from dataclasses import dataclass

from prefect_patterns.sandbox.dhis2.seeded import GONE_DATA_ELEMENT

__all__ = ["DEFECTS", "NEW_FACILITY", "NEW_FACILITY_PATH", "Defect"]

NEW_FACILITY = "Nw9Facility"
"""A facility that reports, but that neither the metadata lists nor the analytics tables have yet."""

NEW_FACILITY_PATH = f"/ImspTQPwCqd/O6uvpzGd5pu/YuQRtpLP10I/{NEW_FACILITY}"


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing that is wrong on purpose.

    Args:
        name: What it is.
        rule: The rule that a check of the data must find broken.
        where: The uid of the organisation unit, or of the metadata object.
        month: The relative month; None for metadata.
        data_element: Whose values are wrong; None for all of the unit's.
        value: What stands there; None where the value itself is a good one.
        count: How many values or objects.
    """

    name: str
    rule: str
    where: str
    count: int
    month: int | None = None
    data_element: str | None = None
    value: int | None = None


_RANGE, _UNIT, _OPERANDS = "value in range", "org unit known", "operands known"
_BIRTHS, _OPV1 = "gQNFkFkObU8", "pikOziyCXbM"
_NGELEHUN, _ADONKIA = "DiszpKrYNg8", "Rp268JB6Ne4"

DEFECTS: tuple[Defect, ...] = (
    Defect("births typed as a placeholder", _RANGE, _NGELEHUN, 24, month=-2, data_element=_BIRTHS, value=99_999),
    Defect("births typed as a placeholder", _RANGE, _NGELEHUN, 24, month=-15, data_element=_BIRTHS, value=99_999),
    Defect("doses typed as a negative number", _RANGE, _ADONKIA, 4, month=-5, data_element=_OPV1, value=-12),
    Defect("doses typed as a negative number", _RANGE, _ADONKIA, 4, month=-20, data_element=_OPV1, value=-12),
    Defect("a facility newer than the lists", _UNIT, NEW_FACILITY, 72, month=-1),
    Defect("a facility newer than the lists", _UNIT, NEW_FACILITY, 72, month=-2),
    Defect("a facility newer than the lists", _UNIT, NEW_FACILITY, 72, month=-3),
    Defect(f"a numerator names {GONE_DATA_ELEMENT}, which was deleted", _OPERANDS, "SdIronFAnc3", 1),
)
"""All of them; nothing else in the data breaks a rule."""
