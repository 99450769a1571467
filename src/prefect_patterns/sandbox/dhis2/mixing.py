"""Hashes of names, the same on every machine and with every version of every library.

A name becomes 64 bits by BLAKE2b, and bits are combined by SplitMix64's finaliser: integer arithmetic only.
"""

import numpy as np
from numpy.typing import NDArray

from prefect_patterns.sandbox.dhis2.hashing import key

__all__ = ["Bits", "key", "keys", "mix", "unit_interval"]

Bits = NDArray[np.uint64]

_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_STEP = np.uint64(0x9E3779B97F4A7C15)


def keys(*names: str) -> Bits:
    """Return the 64 bits of each name."""
    return np.array([key(name) for name in names], dtype=np.uint64)


def mix(left: Bits, right: Bits) -> Bits:
    """Return well-spread bits of each pair, broadcast; the order of the two matters.

    >>> mix(keys("a"), keys("b")) == mix(keys("b"), keys("a"))
    array([False])
    """
    bits = (left + _STEP) ^ ((right << np.uint64(1)) | (right >> np.uint64(63)))
    bits = (bits ^ (bits >> np.uint64(30))) * _MULTIPLIERS[0]
    bits = (bits ^ (bits >> np.uint64(27))) * _MULTIPLIERS[1]
    return bits ^ (bits >> np.uint64(31))


def unit_interval(bits: Bits, *, part: int) -> NDArray[np.float64]:
    """Return numbers from 0 up to 1, from one of the three parts (0, 1, 2) of 21 bits.

    >>> float(unit_interval(np.array([2**21 - 1], dtype=np.uint64), part=1)[0])
    0.0
    """
    return ((bits >> np.uint64(21 * part)) & np.uint64(0x1FFFFF)).astype(np.float64) / float(1 << 21)
