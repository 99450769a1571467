from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import uuid4

import pytest
from prefect.futures import PrefectConcurrentFuture

from prefect_patterns.tasks import settled


class Pool:
    """One thread, whose first run goes on until it is told to end; the others queue behind it."""

    def __init__(self):
        self.started, self.dropped, self.go_on = Event(), Event(), Event()
        self.ran = []
        self.executor = ThreadPoolExecutor(max_workers=1)

    def submit(self, run, *arguments):
        return PrefectConcurrentFuture(uuid4(), self.executor.submit(run, *arguments))

    def long(self):
        self.started.set()
        assert self.go_on.wait(4)
        self.ran.append("long")

    def short(self):
        self.ran.append("short")

    def crash(self):
        self.long()
        raise KeyboardInterrupt  # what ends a thread without a result


@pytest.fixture
def pool():
    made = Pool()
    yield made
    made.go_on.set()
    made.executor.shutdown()


def test_the_block_is_left_when_all_have_run(pool):
    with settled([pool.submit(pool.long), pool.submit(pool.short)]):
        pool.go_on.set()
    assert pool.ran == ["long", "short"]


def fail(futures, pool, error):
    """Give up inside the block while the first run goes on; it ends a moment later."""
    with settled(futures):
        assert pool.started.wait(4)
        pool.executor.submit(pool.short)  # nobody's: it shows that the queue goes on
        other = ThreadPoolExecutor(max_workers=1)
        other.submit(lambda: (pool.dropped.wait(4), pool.go_on.set()))
        other.shutdown(wait=False)
        raise error


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_when_the_block_raises_what_runs_is_waited_for_and_what_has_not_started_is_dropped(pool, error):
    running, queued = pool.submit(pool.long), pool.submit(pool.short)
    queued.wrapped_future.add_done_callback(lambda _: pool.dropped.set())
    with pytest.raises(type(error)):
        fail([running, queued], pool, error)
    assert pool.ran[0] == "long"
    assert running.wrapped_future.done()
    assert queued.wrapped_future.cancelled()
    pool.executor.shutdown()
    assert pool.ran == ["long", "short"]  # that short is not one of ours


def test_a_run_that_crashes_does_not_hide_why_the_block_gave_up(pool):
    pool.dropped.set()
    with pytest.raises(ValueError, match="the reason"):
        fail([pool.submit(pool.crash)], pool, ValueError("the reason"))


def test_futures_without_a_thread_of_their_own_are_waited_for(pool):
    class Elsewhere(PrefectConcurrentFuture):
        wrapped_future = None

    future = Elsewhere(uuid4(), pool.executor.submit(pool.short))
    with pytest.raises(ValueError, match="no"), settled([future]):
        raise ValueError("no")
    assert pool.ran == ["short"]


def test_nothing_to_settle_is_nothing_to_wait_for():
    with settled([]):
        pass
