import signal
import subprocess
import sys
import threading

import pytest

from prefect_patterns.dhis2.threads import Threads, result_of


@pytest.fixture
def threads():
    made = Threads(2, "test")
    yield made
    made.stop()


def test_results_are_those_of_what_was_submitted(threads):
    futures = [threads.submit(lambda number=number: number * number) for number in range(9)]
    assert [result_of(future) for future in futures] == [number * number for number in range(9)]


@pytest.mark.parametrize("error", [ValueError("wrong"), TimeoutError("late"), KeyboardInterrupt()])
def test_an_error_is_raised_where_its_result_is_asked_for(threads, error):
    def fail():
        raise error

    future = threads.submit(fail)
    with pytest.raises(type(error)):
        result_of(future)
    assert result_of(threads.submit(lambda: "on")) == "on"


def test_no_more_threads_run_than_were_asked_for(threads):
    names = {result_of(threads.submit(lambda: threading.current_thread().name)) for _ in range(20)}
    assert names <= {"test_1", "test_2"}


def test_what_waits_when_they_are_stopped_is_not_begun():
    threads, begun, may_go_on, done = Threads(1, "stopped"), threading.Event(), threading.Event(), []
    first = threads.submit(lambda: begun.set() or may_go_on.wait(3))
    waiting = threads.submit(lambda: done.append("it"))
    assert begun.wait(3)
    threads.stop()
    may_go_on.set()
    assert result_of(first)
    for thread in threading.enumerate():
        if thread.name == "stopped_1":
            thread.join(3)
    assert waiting.cancelled()
    assert done == []


PROGRAM = """
import signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
from prefect_patterns.dhis2 import pages

asked = threading.Event()

def fetch(number):
    if number == 3:
        print("waits", flush=True)
        asked.set()
    if number > 2:
        threading.Event().wait(60)
    return pages.Page([{"id": str(number)}], number, 9, 9)

rows = pages.read_list(fetch, what="it", url="", max_workers=2)
try:
    for row in rows:
        if sys.argv[1] == "closed" and row["id"] == "2":
            asked.wait(9)
            rows.close()
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.service
@pytest.mark.parametrize("how", ["closed", "interrupted"])
def test_a_process_that_ends_does_not_wait_for_a_silent_server(how):
    with subprocess.Popen([sys.executable, "-c", PROGRAM, how], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "waits\n"
            if how == "interrupted":
                process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=10)
            assert process.returncode == 0
            assert ("interrupted" in said) == (how == "interrupted")
        finally:
            process.kill()
