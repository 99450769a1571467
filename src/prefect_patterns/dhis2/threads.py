"""A few threads that fetch ahead of their reader, and that nobody waits for when the reader goes."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

__all__ = ["Threads", "result_of"]

T = TypeVar("T")
_GLANCE = 1.0  # seconds; Ctrl-C may be as late


class Threads:
    """Up to *count* threads that do what is submitted, in that order.

    The interpreter waits for the threads of a `ThreadPoolExecutor` when it ends: with a server that is silent, or asks
    to come back later, for minutes. These are daemons: it does not.

    >>> threads = Threads(2, "example")
    >>> result_of(threads.submit(lambda: 6 * 7))
    42
    >>> threads.stop()
    """

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._jobs: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._started = 0
        self._stopped = threading.Event()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Return the future of *work*'s result."""
        future: Future[T] = Future()

        def do() -> None:
            if self._stopped.is_set():
                future.cancel()
                return
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - raised again by who asks for the result
                future.set_exception(error)

        if self._started < self._count:
            self._started += 1
            threading.Thread(target=self._run, name=f"{self._name}_{self._started}", daemon=True).start()
        self._jobs.put(do)
        return future

    def stop(self) -> None:
        """Begin nothing more; what is under way ends by itself, and the threads with it."""
        self._stopped.set()
        for _ in range(self._started):
            self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            del job  # or the last result would be kept until the next one


def result_of(future: Future[T]) -> T:
    """Return what *future* gives, or raise its error; Ctrl-C ends the waiting.

    Polars installs a signal handler after which the kernel goes on with a wait that Ctrl-C interrupts, unless the wait
    has a time-out.
    """
    while True:
        try:
            return future.result(timeout=_GLANCE)
        except TimeoutError:
            if future.done():
                raise
