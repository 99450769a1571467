"""French names, all of them made up (the recorded metadata have no translations), and the names of a locale."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

__all__ = ["SEEDED_NAMES", "in_locale", "locales", "translations_of"]

Object = dict[str, Any]

_LOCALE = "fr"

SEEDED_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "H1KlN4QIauv": "Pays",
        "wjP19dkFeIk": "District sanitaire",
        "tTUf91fCytl": "Chefferie",
        "m9lBJogzE95": "Formation sanitaire",
        "O6uvpzGd5pu": "District de Bo",
        "fdc6uOvgoji": "District de Bombali",
        "lc3eMKXaEfw": "District de Bonthe",
        "jUb8gELQApl": "District de Kailahun",
        "PMa2VCrupOd": "District de Kambia",
        "kJq2mPyFEHo": "District de Kenema",
        "qhqAxPSTUXp": "District de Koinadugu",
        "Vth0fbpFcsO": "District de Kono",
        "jmIPBj66vD6": "District de Moyamba",
        "TEQlaapDQoK": "District de Port Loko",
        "bL4ooGhyHRQ": "District de Pujehun",
        "eIQbndfxQMb": "District de Tonkolili",
        "at6UHUQatSo": "Région de l'Ouest",
        "fbfJHSPpUQD": "CPN, 1re visite",
        "cYeuwXTCPkU": "CPN, 2e visite",
        "Jtf34kNZhzP": "CPN, 3e visite",
        "hfdmMSPBgLG": "CPN, 4e visite ou plus",
        "gQNFkFkObU8": "Naissances vivantes",
        "s46m5MS0hxu": "Doses de BCG administrées",
        "fClA2Erf6IO": "Doses de Penta1 administrées",
        "I78gJm4KBo7": "Doses de Penta2 administrées",
        "n6aMJNLdvep": "Doses de Penta3 administrées",
        "YtbsuPPo010": "Doses de vaccin contre la rougeole administrées",
    }
)
"""The French names of the levels, the districts and some data elements, by uid."""

# What is translated: the key of a translation, the property that shows it.
_SHOWN = {
    "NAME": "displayName",
    "SHORT_NAME": "displayShortName",
    "DESCRIPTION": "displayDescription",
    "FORM_NAME": "displayFormName",
}


def translations_of(uid: str) -> list[Object]:
    """Return the translations of ours of the object *uid*.

    >>> translations_of("O6uvpzGd5pu")
    [{'property': 'NAME', 'locale': 'fr', 'value': 'District de Bo'}]
    """
    name = SEEDED_NAMES.get(uid)
    return [] if name is None else [{"property": "NAME", "locale": _LOCALE, "value": name}]


def locales(objects: Iterable[Object]) -> frozenset[str]:
    """Return the locales that something of the objects is translated to."""
    return frozenset(str(each.get("locale")) for one in objects for each in _translations(one))


def in_locale(each: Object, locale: str) -> Object:
    """Return the object with the display names that a user of *locale* sees: what is not translated stays.

    >>> in_locale({"id": "O6uvpzGd5pu", "displayName": "Bo", "translations": translations_of("O6uvpzGd5pu")}, "fr")[
    ...     "displayName"
    ... ]
    'District de Bo'
    """
    found = {
        _SHOWN[str(one.get("property"))]: one["value"]
        for one in _translations(each)
        if one.get("locale") == locale and str(one.get("property")) in _SHOWN and one.get("value")
    }
    # Who has no name for forms is called there as everywhere.
    if "displayName" in found and "displayFormName" in each and not each.get("formName"):
        found.setdefault("displayFormName", found["displayName"])
    return {**each, **found} if found else each


def _translations(each: Object) -> list[Object]:
    found = each.get("translations")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
