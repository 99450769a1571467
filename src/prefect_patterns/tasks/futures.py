"""Leave no task behind when a flow gives up."""

from collections.abc import Iterator, Sequence
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
        for future in futures:
            queued = getattr(future, "wrapped_future", None)
            if queued is not None:
                queued.cancel()
        _wait_for_running(futures)
        raise
    wait(list(futures))


def _wait_for_running(futures: Sequence[PrefectFuture[Any]]) -> None:
    for future in futures:
        running = getattr(future, "wrapped_future", None)
        if running is None or not running.cancelled():
            future.wait()
