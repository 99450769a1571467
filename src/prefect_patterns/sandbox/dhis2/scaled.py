"""The copies that `--scale N` makes of each facility: their ids and names, the same on every machine."""

from hashlib import blake2b

__all__ = ["copy_id", "copy_ids", "copy_name"]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ALPHABET = _LETTERS + "0123456789"


def copy_id(uid: str, number: int) -> str:
    """Return the id of the copy *number* of the object *uid*; number 0 is the object itself.

    Args:
        uid: Of the object.
        number: From 0 to scale - 1.

    >>> copy_id("DiszpKrYNg8", 0), copy_id("DiszpKrYNg8", 1)
    ('DiszpKrYNg8', 'kMLQxppto4e')
    """
    if number == 0:
        return uid
    rest = int.from_bytes(blake2b(f"{uid}:{number}".encode(), digest_size=10).digest())
    rest, first = divmod(rest, len(_LETTERS))
    found = _LETTERS[first]
    for _ in range(10):
        rest, digit = divmod(rest, len(_ALPHABET))
        found += _ALPHABET[digit]
    return found


def copy_ids(uid: str, scale: int) -> tuple[str, ...]:
    """Return the ids of the *scale* objects that stand for *uid*: itself first, then its copies."""
    return tuple(copy_id(uid, number) for number in range(scale))


def copy_name(name: str, number: int) -> str:
    """Return the name of the copy *number* of an object with this *name*.

    >>> copy_name("Ngelehun CHC", 0), copy_name("Ngelehun CHC", 2)
    ('Ngelehun CHC', 'Ngelehun CHC 2')
    """
    return f"{name} {number}" if number else name
