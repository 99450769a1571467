"""What a request asks of a list, and its answer, which is kept while the same question is asked page by page."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from prefect_patterns.sandbox.dhis2.lists.filters import Test, matching, split_filters
from prefect_patterns.sandbox.dhis2.lists.order import ordered
from prefect_patterns.sandbox.dhis2.lists.parsing import bad_request, last
from prefect_patterns.sandbox.dhis2.metadata import Metadata, Object
from prefect_patterns.sandbox.dhis2.release import Release

__all__ = ["Question", "Rows"]

_KEPT = 16


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a collection: the same question has the same answer, whatever its page and fields.

    Args:
        collection: Of what.
        filters: As `split_filters` gives them.
        orders: As the parameter has them.
        any_of: Whether one filter is enough.
        query: A term to look for.
        exclude_defaults: Whether the objects named "default" are left out.
        where: What else restricts it, as text that tells two such restrictions apart.
        tests: Those restrictions.
    """

    collection: str
    filters: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    any_of: bool = False
    query: str = ""
    exclude_defaults: bool = False
    where: tuple[str, ...] = ()
    tests: tuple[Test, ...] = field(default=(), compare=False)

    @classmethod
    def of(
        cls,
        collection: str,
        query: Mapping[str, Sequence[str]],
        *,
        orders: Sequence[str] = (),
        where: Sequence[str] = (),
        tests: Sequence[Test] = (),
    ) -> "Question":
        """Return what the parameters of a list ask.

        Args:
            orders: Added to those of the parameters.

        Raises:
            Refusal: `rootJunction` is neither AND nor OR (400).
        """
        junction = last(query, "rootJunction", "AND")
        if junction.upper() not in ("AND", "OR"):
            raise bad_request(
                f"Value `{junction}` is not valid for parameter `rootJunction`. Valid values are: [AND, OR]"
            )
        return cls(
            collection,
            tuple(split_filters(query.get("filter", ()))),
            (*query.get("order", ()), *orders),
            any_of=junction.upper() == "OR",
            query=last(query, "query"),
            exclude_defaults=last(query, "defaults").upper() == "EXCLUDE",
            where=tuple(where),
            tests=tuple(tests),
        )


class Rows:
    """The answers to questions, with the last ones kept: a list is read page by page."""

    def __init__(self, metadata: Metadata, release: Release) -> None:
        self._metadata = metadata
        self._release = release
        self._kept: OrderedDict[Question, list[Object]] = OrderedDict()
        self._lock = threading.Lock()  # endpoints run in threads

    def of(self, question: Question) -> list[Object]:
        """Return the objects that *question* is about, in its order.

        Raises:
            Refusal: It cannot be understood (400).
        """
        with self._lock:
            known = self._kept.pop(question, None)
        if known is None:
            known = self._found(question)
        with self._lock:
            self._kept[question] = known
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return known

    def _found(self, question: Question) -> list[Object]:
        objects = self._metadata.collections[question.collection].values()
        passes = matching(
            self._metadata,
            question.collection,
            question.filters,
            self._release,
            any_of=question.any_of,
            query=question.query,
        )
        defaults = self._metadata.defaults if question.exclude_defaults else frozenset()
        found = (
            each
            for each in objects
            if each["id"] not in defaults and all(test(each) for test in question.tests) and passes(each)
        )
        return ordered(self._metadata, question.collection, found, question.orders)
