"""One collection, three ways to page through it: page numbers, offsets with Link headers, opaque cursors."""

import base64
import binascii
import hashlib
import hmac
import random
from datetime import date, timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from prefect_patterns.sandbox.httpbox.problems import Problem, answer, integer

__all__ = ["TOTAL", "Items"]

TOTAL = 237
"""How many items the collection has."""

_LARGEST = 100
_FAR = 10**12
_NAMES = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "jetty")


class Items:
    """The collection: the same items in the same order for the same seed."""

    def __init__(self, seed: int) -> None:
        dice = random.Random(f"items {seed}")  # noqa: S311
        self._key = dice.randbytes(16)
        self._items = [
            {
                "id": number,
                "name": f"{dice.choice(_NAMES)}-{number:03d}",
                "amount": round(dice.uniform(1, 1000), 2),
                "day": (date(2026, 1, 1) + timedelta(days=dice.randrange(365))).isoformat(),
            }
            for number in range(1, TOTAL + 1)
        ]

    def by_number(self, request: Request) -> Response:
        """Answer page `page`, from 1, of `size` items, with the totals; a page beyond the last one is empty."""
        page = integer(request, "page", 1, least=1, most=_FAR)
        size = integer(request, "size", 20, least=1, most=_LARGEST)
        items = self._items[(page - 1) * size : page * size]
        return answer({"items": items, "page": page, "size": size, "total": TOTAL, "pages": -(-TOTAL // size)})

    def by_link(self, request: Request) -> Response:
        """Answer `limit` items from `offset`, from 0; the header Link (RFC 8288) leads to the other pages."""
        offset = integer(request, "offset", 0, most=_FAR)
        limit = integer(request, "limit", 20, least=1, most=_LARGEST)
        places = {"first": 0, "last": (TOTAL - 1) // limit * limit}
        if offset:
            places["prev"] = max(min(offset, TOTAL) - limit, 0)
        if offset + limit < TOTAL:
            places["next"] = offset + limit
        here = str(request.url.replace(query="", fragment=""))
        links = [
            f'<{here}?{urlencode({"offset": place, "limit": limit})}>; rel="{name}"'
            for name, place in sorted(places.items())
        ]
        return answer(self._items[offset : offset + limit], headers={"link": ", ".join(links)})

    def by_cursor(self, request: Request) -> Response:
        """Answer `limit` items after `cursor`; `next` is the cursor of the following page, null on the last."""
        limit = integer(request, "limit", 20, least=1, most=_LARGEST)
        cursors = request.query_params.getlist("cursor")
        start = self._place(cursors) if cursors else 0
        end = start + limit
        return answer({"items": self._items[start:end], "next": self._cursor(end) if end < TOTAL else None})

    def _cursor(self, place: int) -> str:
        return base64.urlsafe_b64encode(self._seal(place) + str(place).encode()).decode().rstrip("=")

    def _place(self, cursors: list[str]) -> int:
        try:
            raw = base64.b64decode(cursors[0] + "=" * (-len(cursors[0]) % 4), altchars=b"-_", validate=True)
            place = int(raw[8:])
            if len(cursors) == 1 and hmac.compare_digest(raw[:8], self._seal(place)) and self._cursor(place) in cursors:
                return place
        except (binascii.Error, ValueError):
            pass
        reason = "must be one that this server gave, once"
        raise Problem(400, f"The parameter cursor {reason}.", errors=[{"parameter": "cursor", "reason": reason}])

    def _seal(self, place: int) -> bytes:
        return hmac.new(self._key, str(place).encode(), hashlib.sha256).digest()[:8]
