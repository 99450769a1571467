"""A list is read whole and once, by several threads, whatever happens to it meanwhile."""

import threading

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.dhis2.pages import Page, read_list
from prefect_patterns.errors import RemoteUnavailable, UnexpectedAnswer

PAGE = 3
UNITS = [{"id": f"u{number:02}"} for number in range(14)]


class Server:
    """A list that others change between two pages: *events* maps how many pages were given to what happens then."""

    def __init__(self, rows, events=(), *, page_size=PAGE):
        self.rows, self.events, self.size = list(rows), dict(events), page_size
        self.asked = []
        self._lock = threading.Lock()

    def page(self, number):
        with self._lock:
            happens = self.events.pop(len(self.asked), None)
            if happens:
                self.rows = happens(self.rows)
            self.asked.append(number)
            total, count = len(self.rows), max(1, -(-len(self.rows) // self.size))
            return Page(self.rows[(number - 1) * self.size : number * self.size], min(number, count), count, total)

    def read(self, max_workers=1, **options):
        return [row["id"] for row in read_list(self.page, what="it", url="", max_workers=max_workers, **options)]


def without(*ids):
    return lambda rows: [row for row in rows if row["id"] not in ids]


def with_more(*ids):
    return lambda rows: sorted([*rows, *({"id": each} for each in ids)], key=lambda row: row["id"])


def renamed(old, new):
    return lambda rows: with_more(new)(without(old)(rows))


@pytest.mark.parametrize("max_workers", [1, 2, 4, 50])
@pytest.mark.parametrize("total", [0, 1, 3, 4, 6, 7, 14])
def test_a_list_that_stands_still_is_read_once_in_order(total, max_workers):
    server = Server(UNITS[:total])
    assert server.read(max_workers) == [row["id"] for row in UNITS[:total]]
    assert sorted(server.asked) == list(range(1, max(1, -(-total // PAGE)) + 1))


def moved(key, position):
    def change(rows):
        others = [row for row in rows if row["id"] != key]
        return [*others[:position], {"id": key}, *others[position:]]

    return change


# After the first page: a unit of it goes, and the first one of the next page moves up to where nobody looks again;
# a unit comes, and the last one of the page is on the next page too; a unit gets another place in the order.
@pytest.mark.parametrize(
    ("happens", "lost", "gained"),
    [
        (without("u00"), [], []),
        (with_more("t99"), [], ["t99"]),
        (with_more("z00"), [], ["z00"]),
        (moved("u00", 99), [], []),
        (moved("u13", 0), [], []),
        (moved("u04", 7), [], []),
        (renamed("u13", "a00"), ["u13"], ["a00"]),
        (without("u13"), ["u13"], []),
        (without(*(f"u{number:02}" for number in range(14))), [f"u{number:02}" for number in range(3, 14)], []),
    ],
    ids=[
        "deleted before",
        "added before",
        "added behind",
        "moved to the end",
        "moved to the front",
        "moved behind",
        "replaced",
        "deleted behind",
        "all deleted",
    ],
)
@pytest.mark.parametrize("max_workers", [1, 4])
def test_a_unit_that_moved_between_two_pages_is_neither_lost_nor_given_twice(happens, lost, gained, max_workers):
    server = Server(UNITS, {1: happens})
    ids = server.read(max_workers)
    assert sorted(ids) == sorted({row["id"] for row in UNITS} - set(lost) | set(gained))


@given(
    st.lists(st.integers(0, 20), max_size=3, unique=True),
    st.lists(st.integers(30, 40), max_size=3, unique=True),
    st.integers(1, 7),
    st.sampled_from([1, 3]),
)
def test_what_is_there_from_beginning_to_end_is_always_given_once(deleted, added, moment, max_workers):
    rows = [{"id": f"u{number:02}"} for number in range(0, 41, 2)]
    gone = [f"u{number:02}" for number in deleted]
    server = Server(rows, {moment: without(*gone), moment + 2: with_more(*(f"u{number:02}x" for number in added))})
    ids = server.read(max_workers)
    assert len(ids) == len(set(ids))
    assert {row["id"] for row in rows} - set(gone) <= set(ids)


def test_a_list_that_never_stands_still_is_an_error_that_may_pass():
    always = {moment: with_more(f"x{moment:02}") for moment in range(1, 100, 2)}
    with pytest.raises(RemoteUnavailable, match="changed the list each time"):
        Server(UNITS, always).read()


def test_rows_without_an_id_cannot_be_told_apart_when_the_list_changed():
    names = [{"name": row["id"]} for row in UNITS]
    page = Server(names, {1: lambda rows: rows[1:]}).page
    with pytest.raises(RemoteUnavailable) as caught:
        list(read_list(page, what="it", url="", max_workers=1))
    assert "`id`" in caught.value.hint
    assert list(read_list(Server(names).page, what="it", url="", max_workers=2)) == names


def test_a_total_that_the_server_counts_wrong_costs_a_second_reading_and_no_more():
    asked = []

    def page(number):
        asked.append(number)
        return Page(UNITS[:6][(number - 1) * 3 : number * 3], number, 2, total=9)

    assert list(read_list(page, what="it", url="", max_workers=1)) == UNITS[:6]
    assert asked == [1, 2, 3, 1, 2, 3]


@pytest.mark.parametrize("count", [None, -1, 0, 1, 2, 3])
@pytest.mark.parametrize("max_workers", [1, 4])
def test_pages_that_the_server_counts_too_few_or_not_at_all_are_read_until_nothing_lacks(count, max_workers):
    def page(number):
        return Page(UNITS[(number - 1) * 3 : number * 3], number, count, total=len(UNITS))

    assert list(read_list(page, what="it", url="", max_workers=max_workers)) == UNITS


def announces_for_ever(number):
    return Page([{"id": "a"}], number, 10**9, 10**9)


def is_empty_for_ever(number):
    return Page([], number, 10**9, 10**9)


def has_a_next_page_for_ever(number):
    return Page([{"id": f"u{number}"}], number, has_next=True)


def gives_a_row_without_id_for_ever(number):
    return Page([{"name": "x"}], None, has_next=True)


def gives_the_first_page_for_ever(number):
    return Page([{"id": "a"}], 1, 9, 9)


def gives_the_same_rows_by_every_number(number):
    return Page(UNITS[:3], number, 3, total=9)


def gives_the_same_rows_without_a_count(number):
    return Page(UNITS[:3], None, None, total=9)


@pytest.mark.parametrize(
    "page",
    [
        announces_for_ever,
        is_empty_for_ever,
        has_a_next_page_for_ever,
        gives_a_row_without_id_for_ever,
        gives_the_first_page_for_ever,
        gives_the_same_rows_by_every_number,
        gives_the_same_rows_without_a_count,
    ],
)
@pytest.mark.parametrize("max_workers", [1, 4])
def test_a_pager_that_never_ends_is_an_error(page, max_workers):
    with pytest.raises(UnexpectedAnswer, match="page"):
        list(read_list(page, what="it", url="", max_workers=max_workers))


def test_a_trouble_on_a_page_ends_the_reading_after_the_pages_before_it():
    server = Server(UNITS)

    def page(number):
        if number == 4:
            raise RemoteUnavailable("it is gone")
        return server.page(number)

    rows = read_list(page, what="it", url="", max_workers=2)
    assert [next(rows)["id"] for _ in range(9)] == [row["id"] for row in UNITS[:9]]
    with pytest.raises(RemoteUnavailable, match="gone"):
        next(rows)


def test_no_more_pages_are_fetched_ahead_than_there_are_workers():
    server = Server([{"id": f"u{number:03}"} for number in range(300)])
    rows = read_list(server.page, what="it", url="", max_workers=3)
    for _ in range(7):
        next(rows)
    assert max(server.asked) <= 1 + 2 + 3  # the third page is being read: three pages ahead of the second were asked
    rows.close()


def test_closing_the_reader_stops_the_fetching():
    server = Server([{"id": f"u{number:03}"} for number in range(300)])
    before = set(threading.enumerate())
    rows = read_list(server.page, what="it", url="", max_workers=3)
    for _ in range(4):
        next(rows)
    rows.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=2)
    assert len(server.asked) <= 8
    assert set(threading.enumerate()) <= before


def test_pages_are_fetched_at_the_same_time():
    together = threading.Barrier(3, timeout=3)
    server = Server(UNITS[:12])

    def page(number):
        if number > 1:
            together.wait()  # passes only when three pages are asked at once
        return server.page(number)

    assert len(list(read_list(page, what="it", url="", max_workers=3))) == 12


def test_duplicate_names_are_different_objects(served):
    rows = [{"id": f"u{number}", "name": "Ngelehun CHC"} for number in range(4)]
    server = served(lambda request: answer(request, rows), page_size=2)
    assert server.client.fetch_metadata("organisationUnits", "id,name") == rows


def answer(request, rows, *, most=1_000):
    """Answer as a server that gives at most *most* objects a page, with a `nextPage` on another host."""
    query = request.url.params
    page, size = int(query["page"]), min(int(query["pageSize"]), most)
    count = max(1, -(-len(rows) // size))
    pager = {"page": min(page, count), "total": len(rows), "pageSize": size, "pageCount": count}
    if page < count:
        pager["nextPage"] = f"http://evil.test/api/organisationUnits?page={page + 1}"
    return httpx.Response(200, json={"pager": pager, "organisationUnits": rows[(page - 1) * size : page * size]})


def test_a_page_that_the_server_makes_smaller_than_asked_loses_nothing(served):
    server = served(lambda request: answer(request, UNITS, most=2), page_size=500)
    assert server.client.fetch_metadata("organisationUnits") == UNITS
    assert len(server.requests) == 7


@pytest.mark.parametrize("counted", [True, False])
def test_a_next_page_on_a_foreign_host_is_never_asked(served, counted):
    def handler(request):
        response = answer(request, UNITS)
        body = response.json()
        if not counted:
            del body["pager"]["pageCount"], body["pager"]["total"]
        return httpx.Response(200, json=body)

    server = served(handler, page_size=5)
    assert server.client.fetch_metadata("organisationUnits") == UNITS
    assert {request.url.host for request in server.requests} == {"dhis2.test"}


def test_pages_in_parallel_share_one_session(served):
    def handler(request):
        new = "JSESSIONID" not in request.headers.get("Cookie", "")
        headers = {"Set-Cookie": "JSESSIONID=abc; Path=/"} if new else {}
        return httpx.Response(200, json=answer(request, UNITS).json(), headers=headers)

    server = served(handler, page_size=1, max_workers=8)
    assert server.client.fetch_metadata("organisationUnits") == UNITS
    assert sum("Cookie" not in request.headers for request in server.requests) == 1
