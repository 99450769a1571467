"""The sandbox's data values: made up, seeded, and the same on every machine and day.

Each value is a hash of (seed, organisation unit, data element, option combo, month), shaped by the facility's size, its
district, the season and the element. Only + - * / and comparisons of floats are used, which IEEE 754 fixes to the bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from prefect_patterns.analytics.periods import Period, months_before
from prefect_patterns.sandbox.dhis2.defects import DEFECTS, NEW_FACILITY, NEW_FACILITY_PATH
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object
from prefect_patterns.sandbox.dhis2.mixing import key, keys, mix, unit_interval
from prefect_patterns.sandbox.dhis2.scaled import copy_id
from prefect_patterns.sandbox.dhis2.seeded_groups import facility_type

__all__ = ["DEFAULT_COMBO", "ELEMENTS", "MONTHS", "POPULATION", "SEED", "Cell", "Values", "days_late"]

Floats = NDArray[np.float64]

SEED = 20_250_101
MONTHS = 24
DEFAULT_COMBO = "HllvX50cXC0"

ELEMENTS: Mapping[str, tuple[str, float]] = MappingProxyType(
    {
        "fbfJHSPpUQD": ("pregnancies", 1.02),  # ANC 1st visit
        "cYeuwXTCPkU": ("pregnancies", 0.88),  # ANC 2nd visit
        "Jtf34kNZhzP": ("pregnancies", 0.74),  # ANC 3rd visit
        "hfdmMSPBgLG": ("pregnancies", 0.60),  # ANC 4th or more visits
        "ybzlGLjWwnK": ("pregnancies", 0.79),  # LLITN given at ANC 1st
        "rbkr8PL0rwM": ("pregnancies", 0.64),  # Iron Folate given at ANC 3rd
        "gQNFkFkObU8": ("infants", 0.80),  # Live births
        "x3Do5e7g4Qo": ("infants", 0.94),  # OPV0
        "pikOziyCXbM": ("infants", 1.06),  # OPV1
        "O05mAByOgAv": ("infants", 0.99),  # OPV2
        "vI2csg55S9C": ("infants", 0.91),  # OPV3
        "fClA2Erf6IO": ("infants", 1.08),  # Penta1
        "I78gJm4KBo7": ("infants", 1.00),  # Penta2
        "n6aMJNLdvep": ("infants", 0.93),  # Penta3
        "s46m5MS0hxu": ("infants", 1.12),  # BCG
        "YtbsuPPo010": ("infants", 0.89),  # Measles
    }
)
"""The sixteen monthly data elements: whom they serve, and how many times a year each of those."""

POPULATION: Mapping[str, float] = MappingProxyType(
    {
        "WUg3MYWQ7pt": 1.0,
        "DTVRnCGamkV": 0.04,
        "DTtCy7Nx5jH": 0.17,
        "vg6pdjObxsm": 0.234,
        "h0xKKjijTdI": 0.044,
    }
)
"""The yearly data elements of the Population data set, as shares of the total."""

# Of the values of an element; births are counted twice, by the child's sex and by the place.
_COMBO_SHARES = {
    "Prlt0C1RF0s": 0.64,  # Fixed, <1y
    "V6L425pT3A0": 0.24,  # Outreach, <1y
    "psbwp3CQEhs": 0.08,  # Fixed, >1y
    "hEFKSsPV5et": 0.04,  # Outreach, >1y
    "pq2XI5kz2BY": 0.75,  # Fixed
    "PT59n8BQbqM": 0.25,  # Outreach
}
_BIRTHS_SHARE = 2 / 24
_DELETED_SHARE = 0.0005  # of the cells without a value
# From January: rains in August, feasts in December.
_SEASON = (
    1.02,
    1.05,
    1.10,
    1.08,
    1.04,
    1.00,
    0.92,
    0.86,
    0.90,
    1.02,
    1.05,
    0.96,
)
_PEOPLE = {
    "Hospital": (5600, 2300),
    "CHC": (4000, 3400),
    "CHP": (2300, 2200),
    "MCHP": (1300, 1900),
    "Clinic": (1100, 2200),
}
_ANY_FACILITY = (1500, 2400)
_FALLING, _RISING = "Vth0fbpFcsO", "jmIPBj66vD6"  # Kono, Moyamba
_SWING_MONTHS, _SWING_START = 96, 2024 * 12 + 2  # the two districts turn round every four years


@dataclass(frozen=True, slots=True)
class Cell:
    """What one value of a form is about."""

    data_element: str
    combo: str
    data_set: str
    type: str


class Values:
    """All data values of one server.

    Args:
        today: The values end with the last whole month before this day.
        seed: Another seed gives other values.
        scale: How many of each facility there are; the first are the same at any scale.

    >>> values = Values(today=date(2026, 7, 15))
    >>> [values.months[0].iso, values.months[-1].iso]
    ['202407', '202606']
    """

    def __init__(self, *, today: date, seed: int = SEED, scale: int = 1) -> None:
        self.today = today
        self.months = months_before(today, MONTHS)
        self.years = tuple(
            Period(date(year, 1, 1), "Yearly") for year in range(self.months[0].start.year, today.year + 1)
        )
        base = Metadata()  # a patch changes what the server says of its units, not what they once reported
        units = base.collections["organisationUnits"]
        own = sorted(uid for uid, unit in units.items() if _is_open(unit))
        names = {uid: str(units[uid]["name"]) for uid in own} | {NEW_FACILITY: ""}
        above = {uid: str(units[uid]["path"]).removesuffix(uid) for uid in own}
        above[NEW_FACILITY] = NEW_FACILITY_PATH.removesuffix(NEW_FACILITY)
        copies = [(uid, copy_id(uid, number)) for number in range(1, scale) for uid in own]
        self.units: tuple[str, ...] = (*own, NEW_FACILITY, *(copy for _, copy in copies))
        originals = (*own, NEW_FACILITY, *(uid for uid, _ in copies))
        self.cells: tuple[Cell, ...] = tuple(_cells(base))
        self._assigned = _assigned(base, originals, self.cells)
        self._seed = np.uint64(seed % (1 << 64))
        self._unit_keys = mix(np.full(len(self.units), self._seed), keys(*self.units))
        self._cell_keys = mix(keys(*(c.data_element for c in self.cells)), keys(*(c.combo for c in self.cells)))
        paths = [above[original] + uid for original, uid in zip(originals, self.units, strict=True)]
        self.paths = dict(zip(self.units, paths, strict=True))
        districts = [path.split("/")[2] for path in paths]
        self._level = _district_levels(districts)
        self._trend = np.array([(d == _RISING) - (d == _FALLING) for d in districts], dtype=np.float64)
        self._people = _people([names[uid] for uid in originals], mix(self._unit_keys, keys("people")))
        # Two million rows are 24 MB; a large server must not keep all its months at once.
        kept = max((MONTHS + 4) // scale, 2)
        self._read = lru_cache(maxsize=kept)(self._generate)
        self._gone = lru_cache(maxsize=kept)(self._generate_deleted)

    @property
    def periods(self) -> tuple[Period, ...]:
        """Every period that has values."""
        return (*self.months, *self.years)

    def deleted(self, period: Period) -> pl.DataFrame:
        """Return the values of *period* that were taken back: few, and never where there is one now."""
        return self._gone(period)

    def frame(self, period: Period) -> pl.DataFrame:
        """Return the values of *period*: indexes into `units` and `cells`, and the value, in that order."""
        return self._read(period)

    def _generate(self, period: Period) -> pl.DataFrame:
        values, present, _ = self._matrices(period)
        return _long(values, present)

    def _generate_deleted(self, period: Period) -> pl.DataFrame:
        values, present, possible = self._matrices(period)
        bits = mix(mix(self._unit_keys[:, None], self._cell_keys[None, :]), keys(f"deleted {period.iso}"))
        return _long(values, possible & ~present & (unit_interval(bits, part=0) < _DELETED_SHARE))

    def _matrices(self, period: Period) -> tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return, by unit and cell, the values, whether there is one, and whether there could be."""
        if period in self.months:
            values, present = self._monthly(period)
        elif period in self.years:
            values, present = self._yearly(period)
        else:
            nothing = np.zeros((0, len(self.cells)), dtype=bool)
            return np.zeros((0, len(self.cells)), dtype=np.int32), nothing, nothing
        return values, present, self._assigned & np.array([cell.type == period.type for cell in self.cells])[None, :]

    def _monthly(self, month: Period) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        index = month.start.year * 12 + month.start.month - 1
        bits = mix(mix(self._unit_keys[:, None], self._cell_keys[None, :]), keys(month.iso))
        swing = self._trend * _swing(index)
        served = self._people * self._level * (1.0 + swing) * _SEASON[month.start.month - 1] / 12.0
        mean = served[:, None] * self._cell_rates()[None, :]
        drawn = np.floor(mean * (0.8 + 0.4 * unit_interval(bits, part=1)) + unit_interval(bits, part=2))
        values = np.maximum(drawn, 1.0).astype(np.int32)  # a zero that is not significant is not stored
        monthly = np.array([cell.type == "Monthly" for cell in self.cells])
        reported = unit_interval(bits, part=0) < self._reporting(index)[:, None]
        present = self._assigned & monthly[None, :] & reported
        self._spoil(month, values, present, monthly)
        return values, present

    def _yearly(self, year: Period) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        growth = min(max(1.0 + 0.022 * (year.start.year - 2024), 0.7), 1.2)
        shares = np.array([POPULATION.get(cell.data_element, 0.0) for cell in self.cells])
        values = np.floor(self._people[:, None] * growth * shares[None, :] + 0.5).astype(np.int32)
        yearly = np.array([cell.type == "Yearly" for cell in self.cells])
        return values, self._assigned & yearly[None, :]

    def _cell_rates(self) -> Floats:
        people = {"infants": POPULATION["DTVRnCGamkV"], "pregnancies": POPULATION["h0xKKjijTdI"]}
        rates = []
        for cell in self.cells:
            whom, times = ELEMENTS.get(cell.data_element, ("infants", 0.0))
            rates.append(people[whom] * times * _COMBO_SHARES.get(cell.combo, _BIRTHS_SHARE))
        return np.array(rates)

    def _reporting(self, index: int) -> Floats:
        """Return the share of its cells that each unit fills in that month; some skip whole months."""
        bits = mix(self._unit_keys, keys("reporting"))
        skips = unit_interval(bits, part=0) < 0.3
        every = np.array([7, 9, 11, 13])[(bits % np.uint64(4)).astype(np.int64)]
        skipped = skips & ((index + (bits >> np.uint64(8)) % np.uint64(997)).astype(np.int64) % every == 0)
        share = np.where(skips, 0.80, 0.70) + np.where(skips, 0.10, 0.20) * unit_interval(bits, part=1)
        return np.where(skipped, 0.0, share)

    def _spoil(
        self, month: Period, values: NDArray[np.int32], present: NDArray[np.bool_], monthly: NDArray[np.bool_]
    ) -> None:
        for defect in DEFECTS:
            if defect.month is None or self.months[defect.month] != month:
                continue
            row = self.units.index(defect.where)
            chosen = np.array([defect.data_element in (None, cell.data_element) for cell in self.cells], dtype=np.bool_)
            columns = np.nonzero(chosen & monthly)[0]
            present[row, columns] = True
            if defect.value is not None:
                values[row, columns] = defect.value


def days_late(unit: pl.Expr) -> pl.Expr:
    """Return how many days after the period the form of a unit comes in, by the unit's number: 1 to 10."""
    return unit % 10 + 1


def _long(values: NDArray[np.int32], chosen: NDArray[np.bool_]) -> pl.DataFrame:
    unit, cell = np.nonzero(chosen)
    return pl.DataFrame({"unit": unit.astype(np.int32), "cell": cell.astype(np.int32), "value": values[unit, cell]})


def _is_open(unit: Object) -> bool:
    return unit["level"] == 4 and "closedDate" not in unit


def _cells(metadata: Metadata) -> list[Cell]:
    found = []
    elements, combos = metadata.collections["dataElements"], metadata.collections["categoryCombos"]
    sets = {str(link["dataSet"]["id"]) for uid in (*ELEMENTS, *POPULATION) for link in elements[uid]["dataSetElements"]}
    for data_set in (metadata.collections["dataSets"][uid] for uid in sorted(sets)):
        for link in data_set["dataSetElements"]:
            uid = link["dataElement"]["id"]
            if uid in ELEMENTS or uid in POPULATION:
                combo = combos[elements[uid]["categoryCombo"]["id"]]
                found += [
                    Cell(uid, option["id"], str(data_set["id"]), str(data_set["periodType"]))
                    for option in combo["categoryOptionCombos"]
                ]
    return sorted(found, key=lambda cell: (cell.data_set, cell.data_element, cell.combo))


def _assigned(metadata: Metadata, units: tuple[str, ...], cells: tuple[Cell, ...]) -> NDArray[np.bool_]:
    sets = metadata.collections["dataSets"]
    members = {uid: {unit["id"] for unit in sets[uid]["organisationUnits"]} for uid in {c.data_set for c in cells}}
    by_set = {uid: np.array([unit in inside for unit in units]) for uid, inside in members.items()}
    return np.stack([by_set[cell.data_set] for cell in cells], axis=1)


def _district_levels(districts: list[str]) -> Floats:
    """Return how well each unit's district does: spread evenly, in an order that a hash decides."""
    order = sorted(set(districts), key=key)
    spread = {district: 0.70 + 1.0 * rank / max(len(order) - 1, 1) for rank, district in enumerate(order)}
    spread[_FALLING] = spread[_RISING] = 1.1
    return np.array([spread[district] for district in districts])


def _people(names: list[str], bits: NDArray[np.uint64]) -> Floats:
    ranges = np.array([_PEOPLE.get(facility_type(name) or "", _ANY_FACILITY) for name in names], dtype=np.float64)
    return np.floor(ranges[:, 0] + ranges[:, 1] * unit_interval(bits, part=0))


def _swing(index: int) -> float:
    """Return a triangle wave between -0.4 and 0.4."""
    phase = ((index - _SWING_START) % _SWING_MONTHS) / _SWING_MONTHS
    return 0.4 * (4.0 * phase - 1.0 if phase < 0.5 else 3.0 - 4.0 * phase)
