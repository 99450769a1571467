"""Groups, group sets, users and the like, which the recorded metadata lack: made up, some with uids of the demo."""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from prefect_patterns.sandbox.dhis2.users import USERS

__all__ = ["FACILITY_OWNER", "FACILITY_TYPES", "facility_type", "seeded_groups"]

Object = dict[str, Any]

FACILITY_OWNER = "SdFaciOwner"
"""The attribute that hospitals and clinics have a value of: who runs them."""

FACILITY_TYPES = "J5jldMd8OHv"
"""The group set of the facility types."""

_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "CHC": "CXw2yu5fodb",
        "CHP": "uYxK4wmcPqA",
        "MCHP": "EYbopBOJWsW",
        "Clinic": "RXL3lPSK8oG",
        "Hospital": "tDZVQ1WtwpA",
    }
)
_TYPE_IN_NAME = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("MCHP", r"\bMCHP\b"),
        ("CHP", r"\bCHP\b"),
        ("CHC", r"\bCHC\b"),
        ("Hospital", r"\b[Hh]ospital\b|\bHosp\.|\bGH\b"),
        ("Clinic", r"\b[Cc]linic\b"),
    )
)
_OWNERS = {"Hospital": "Government", "Clinic": "Private"}

_IMMUNISATION = (
    *("s46m5MS0hxu", "x3Do5e7g4Qo", "pikOziyCXbM", "O05mAByOgAv", "vI2csg55S9C", "fClA2Erf6IO", "I78gJm4KBo7"),
    *("n6aMJNLdvep", "xc8gmAKfO95", "mGN1az8Xub6", "L2kxa2IA2cs", "YtbsuPPo010", "l6byfWFUGaP"),
)
_ANTENATAL = ("fbfJHSPpUQD", "cYeuwXTCPkU", "Jtf34kNZhzP", "hfdmMSPBgLG", "ybzlGLjWwnK", "rbkr8PL0rwM")


def facility_type(name: str) -> str | None:
    """Return the type that a facility's name gives away, or None.

    >>> facility_type("Ngelehun CHC")
    'CHC'
    """
    return next((kind for kind, pattern in _TYPE_IN_NAME if pattern.search(name)), None)


def seeded_groups(units: Iterable[Object], indicators: Iterable[Mapping[str, object]]) -> dict[str, list[Object]]:
    """Return the objects to add, by collection; give the hospitals and clinics among *units* an attribute value.

    Args:
        units: The organisation units, whose facilities are put into groups.
        indicators: Those of ours, which are put into one group.
    """
    members: dict[str, list[Object]] = {kind: [] for kind in _TYPES}
    for unit in units:
        kind = facility_type(str(unit["name"])) if unit.get("level") == 4 else None
        if kind:
            members[kind].append({"id": unit["id"]})
        if kind in _OWNERS:
            unit["attributeValues"] = [{"attribute": {"id": FACILITY_OWNER}, "value": _OWNERS[kind]}]
    return {
        "attributes": [
            _named(FACILITY_OWNER, "Facility owner", valueType="TEXT", mandatory=False, unique=False)
            | {"organisationUnitAttribute": True}
        ],
        "constants": [_named("bCqvfPR02Im", "Pi", code="PI", value=3.14)],
        "dataElementGroups": [
            _group("oDkJh5Ddh7d", "Immunization", "dataElements", _IMMUNISATION, "jp826jAJHUc"),
            _group("qfxEYY9xAl6", "ANC", "dataElements", _ANTENATAL, "jp826jAJHUc"),
        ],
        "dataElementGroupSets": [
            _group("jp826jAJHUc", "Main data element group", "dataElementGroups", ("oDkJh5Ddh7d", "qfxEYY9xAl6"))
            | {"compulsory": False, "dataDimension": True}
        ],
        "indicatorGroups": [
            _group("SdIndicGrup", "Seeded", "indicators", [str(each["id"]) for each in indicators]),
        ],
        "organisationUnitGroups": [
            _named(uid, kind, code=kind, organisationUnits=members[kind], groupSets=[{"id": FACILITY_TYPES}])
            for kind, uid in _TYPES.items()
        ],
        "organisationUnitGroupSets": [
            _group(FACILITY_TYPES, "Facility Type", "organisationUnitGroups", _TYPES.values())
            | {"code": "Facility_Type", "compulsory": True, "dataDimension": True}
        ],
        **_people(),
    }


def _people() -> dict[str, list[Object]]:
    users = [
        {
            "id": user.id,
            "username": user.username,
            "name": f"{user.first_name} {user.surname}",
            "firstName": user.first_name,
            "surname": user.surname,
            "disabled": user.kept_out == "Account disabled",
            "organisationUnits": [{"id": uid} for uid in user.units],
            "dataViewOrganisationUnits": [{"id": uid} for uid in user.units],
            "userRoles": [{"id": user.role}],
            "userGroups": [{"id": user.group}],
        }
        for user in USERS.values()
    ]
    roles = {user.role: user for user in USERS.values()}
    groups = {user.group: user for user in USERS.values()}
    return {
        "users": users,
        "userGroups": [
            {"id": uid, "name": name, "users": [{"id": each.id} for each in USERS.values() if each.group == uid]}
            for uid, name in zip(groups, ("Administrators", "Districts"), strict=True)
        ],
        "userRoles": [
            {"id": uid, "name": "Superuser" if user.is_super else "Guest", "authorities": list(user.authorities)}
            for uid, user in roles.items()
        ],
    }


def _named(uid: str, name: str, **more: object) -> Object:
    return {"id": uid, "name": name, "shortName": name, **more}


def _group(uid: str, name: str, members: str, uids: Iterable[str], group_set: str | None = None) -> Object:
    found = _named(uid, name, **{members: [{"id": member} for member in uids]})
    return found | ({"groupSets": [{"id": group_set}]} if group_set else {})
