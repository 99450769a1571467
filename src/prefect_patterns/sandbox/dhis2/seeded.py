"""What the recorded metadata lack: indicators of ours (marked seeded), their types, and level names."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["GONE_DATA_ELEMENT", "SEEDED_INDICATORS", "indicator_type", "seeded_objects"]

Object = dict[str, Any]

GONE_DATA_ELEMENT = "Wm4IronFOld"
"""A data element that an indicator of ours still names, though it was deleted: one of the deliberate defects."""

_PER_CENT = "hmSnCXmLYwt"
_NUMBER = "kHy61PbChXr"

_UNDER_1 = ("Prlt0C1RF0s", "V6L425pT3A0")  # Fixed, <1y and Outreach, <1y
_INFANTS = "#{DTVRnCGamkV}"
_PREGNANCIES = "#{h0xKKjijTdI}"


def _infants(data_element: str) -> str:
    return "+".join(f"#{{{data_element}.{combo}}}" for combo in _UNDER_1)


def _indicator(uid: str, name: str, numerator: str, denominator: str, *, annualized: bool = False) -> Object:
    return {
        "id": uid,
        "code": f"SEEDED_{uid}",
        "name": name,
        "shortName": name,
        "description": f"{name}: seeded, not part of the demo database",
        "annualized": annualized,
        "indicatorType": {"id": _PER_CENT},
        "numerator": numerator,
        "numeratorDescription": f"{name}, numerator",
        "denominator": denominator,
        "denominatorDescription": f"{name}, denominator",
    }


_PENTA_1, _PENTA_3 = _infants("fClA2Erf6IO"), _infants("n6aMJNLdvep")

SEEDED_INDICATORS: tuple[Object, ...] = (
    _indicator("SdPenta3Cov", "Penta 3 coverage <1y", _PENTA_3, _INFANTS, annualized=True),
    _indicator("SdMeaslsCov", "Measles coverage <1y", _infants("YtbsuPPo010"), _INFANTS, annualized=True),
    _indicator("SdBcgAllCov", "BCG coverage <1y", _infants("s46m5MS0hxu"), _INFANTS, annualized=True),
    _indicator("SdAnc1stCov", "ANC 1 coverage", "#{fbfJHSPpUQD}", _PREGNANCIES, annualized=True),
    _indicator("SdPentaDrop", "Penta 1 to 3 drop-out rate", f"{_PENTA_1}-({_PENTA_3})", _PENTA_1),
    _indicator("SdAnc14Drop", "ANC 1 to 4 drop-out rate", "#{fbfJHSPpUQD}-#{hfdmMSPBgLG}", "#{fbfJHSPpUQD}"),
    _indicator("SdLlitnAnc1", "LLITN given per ANC 1 visit", "#{ybzlGLjWwnK}", "#{fbfJHSPpUQD}"),
    _indicator(
        "SdIronFAnc3",
        "Iron Folate given per ANC 3 visit",
        f"#{{rbkr8PL0rwM}}+#{{{GONE_DATA_ELEMENT}}}",
        "#{Jtf34kNZhzP}",
    ),
)

_LEVELS: Mapping[str, str] = MappingProxyType(
    {"National": "H1KlN4QIauv", "District": "wjP19dkFeIk", "Chiefdom": "tTUf91fCytl", "Facility": "m9lBJogzE95"}
)


def seeded_objects() -> dict[str, list[Object]]:
    """Return the objects to add, by collection."""
    return {
        "indicators": [dict(indicator) for indicator in SEEDED_INDICATORS],
        "indicatorTypes": [
            {"id": _NUMBER, "name": "Number (Factor 1)", "factor": 1, "number": True},
            {"id": _PER_CENT, "name": "Per cent", "factor": 100, "number": False},
        ],
        "organisationUnitLevels": [
            {"id": uid, "name": name, "level": level} for level, (name, uid) in enumerate(_LEVELS.items(), start=1)
        ],
    }


def indicator_type(factor: object) -> str:
    """Return the uid of the type with this *factor*: the recorded indicators give no more than that."""
    return _PER_CENT if factor == 100 else _NUMBER
