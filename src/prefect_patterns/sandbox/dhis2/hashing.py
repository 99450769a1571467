"""The hash of a name, the same on every machine; without NumPy, which who starts a sandbox does not need."""

from hashlib import blake2b

__all__ = ["key"]


def key(name: str) -> int:
    """Return the 64 bits of *name*.

    >>> hex(key("ImspTQPwCqd"))
    '0x647dc788494fc6a1'
    """
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")
