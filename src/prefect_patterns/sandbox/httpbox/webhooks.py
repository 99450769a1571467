"""An inbox for webhooks that are signed as Standard Webhooks says (standardwebhooks.com)."""

from collections import OrderedDict
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.requests import Request
from starlette.responses import Response

from prefect_patterns.clock import SYSTEM, Clock
from prefect_patterns.sandbox.httpbox.flaky import Flaky
from prefect_patterns.sandbox.httpbox.problems import Problem, answer, body_of, integer, parsed

__all__ = ["Inbox"]

_KEPT = 1_000
_LARGEST = 64 * 1024
_HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


class Inbox:
    """Takes messages whose signature is right and whose time is at most five minutes off, each id once.

    Args:
        secret: `whsec_` and Base64.
    """

    def __init__(self, secret: str, flaky: Flaky, clock: Clock = SYSTEM) -> None:
        self._webhook = Webhook(secret)
        self._flaky = flaky
        self._clock = clock
        self._messages: OrderedDict[str, dict[str, object]] = OrderedDict()

    async def receive(self, request: Request) -> Response:
        """Take one message (204); one that came before is only counted (200). The first `fail` tries get a 503."""
        fail = integer(request, "fail", 0, most=1_000_000)
        body = await body_of(request, most=_LARGEST)
        headers = {name: request.headers.getlist(name) for name in _HEADERS}
        missing = [name for name, values in headers.items() if len(values) != 1 or not values[0]]
        if missing:
            raise Problem(400, f"These headers must be given once: {', '.join(missing)}.")
        payload = self._verified(body, {name: values[0] for name, values in headers.items()})
        message_id = headers["webhook-id"][0]
        tries, _ = self._flaky.count(f"webhook {message_id}", fail)
        if tries <= fail:
            raise Problem(503, f"This is try {tries} of the message; the first {fail} fail.")
        known = self._messages.get(message_id)
        if known is not None:
            known["deliveries"] = int(str(known["deliveries"])) + 1
            return answer({"id": message_id, "duplicate": True})
        self._messages[message_id] = {
            "id": message_id,
            "timestamp": headers["webhook-timestamp"][0],
            "received": self._clock.now().isoformat(),
            "tries": tries,
            "deliveries": 1,
            "payload": payload,
        }
        if len(self._messages) > _KEPT:
            self._messages.popitem(last=False)
        return Response(status_code=204)

    async def listing(self, request: Request) -> Response:
        """List what arrived, oldest first: all of it, or the message with `id`."""
        wanted = request.query_params.getlist("id")
        found = [each for each in self._messages.values() if not wanted or each["id"] in wanted]
        return answer({"messages": found, "total": len(found)})

    async def empty(self, _request: Request) -> Response:
        """Forget all messages."""
        self._messages.clear()
        return Response(status_code=204)

    def _verified(self, body: bytes, headers: dict[str, str]) -> Any:
        try:
            self._webhook.verify(body, headers, json_parse=False)
        except WebhookVerificationError as error:
            raise Problem(401, f"{error}.") from None
        except ValueError:  # the library takes the headers and the text apart without a check
            raise Problem(400, "The signature or the body is not written as Standard Webhooks says.") from None
        try:
            return parsed(body)
        except ValueError:
            raise Problem(400, "The body is not JSON.") from None
