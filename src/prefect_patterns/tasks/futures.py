"""Leave no task behind when a flow gives up."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_threads
from contextlib import contextmanager
from typing import Any

from prefect.futures import PrefectFuture, wait

__all__ = ["settled"]


@contextmanager
def settled(futures: Sequence[PrefectFuture[Any]]) -> Iterator[None]:
    """Leave the block only when none of *futures* runs any more, so that what they use can be cleared away.

    When the block raises, those that have not started are dropped: Prefect itself would still start them all.
    """
    try:
        yield
    except BaseException:
        threads = [thread for future in futures if isinstance(thread := _thread(future), Future)]
        # Not by Prefect's `wait`: a run that crashed would raise there, and hide why the block gave up.
        wait_for_threads([thread for thread in threads if not thread.cancel()])
        wait([future for future in futures if not isinstance(_thread(future), Future)])
        raise
    wait(list(futures))


def _thread(future: PrefectFuture[Any]) -> object:
    return getattr(future, "wrapped_future", None)
