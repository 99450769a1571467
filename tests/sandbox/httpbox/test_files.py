"""Downloads as RFC 9110 says: ranges, validators; checksums as RFC 9530."""

import base64
import hashlib
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_patterns.sandbox.httpbox.files import SIZES, Files, byte_range, precondition

NAME = "kilobyte.bin"
TABLE = f"/files/{quote('mesures d')}%27{quote('été.csv')}"
ETAG, MODIFIED = '"abc"', datetime(2026, 1, 2, tzinfo=UTC)
LATER, EARLIER = "Sat, 03 Jan 2026 00:00:00 GMT", "Thu, 01 Jan 2026 00:00:00 GMT"


def test_the_listing_tells_the_truth(client):
    files = client.get("/files").json()["files"]
    assert {each["name"]: each["size"] for each in files} == dict(SIZES)
    for each in files:
        answer = client.get(each["href"])
        assert (len(answer.content), answer.headers["etag"]) == (each["size"], each["etag"])
        assert hashlib.sha256(answer.content).hexdigest() == each["sha256"]


@pytest.mark.parametrize("name", SIZES)
def test_a_checksum_is_in_a_header_and_beside_the_file(client, name):
    answer = client.get(f"/files/{quote(name)}")
    digest = hashlib.sha256(answer.content)
    assert answer.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert client.get(f"/files/{quote(name)}.sha256").text == f"{digest.hexdigest()}  {name}\n"


def test_an_edition_is_always_the_same_and_another_one_differs(client):
    one, again, other = (client.get(f"/files/{NAME}?edition={edition}") for edition in (1, 1, 2))
    assert (one.content, one.headers["etag"]) == (again.content, again.headers["etag"])
    assert one.content != other.content
    assert one.headers["etag"] != other.headers["etag"]
    assert one.headers["last-modified"] < other.headers["last-modified"]


def test_another_seed_gives_other_files(client):
    assert Files(0)._seed != Files(1)._seed
    from prefect_patterns.sandbox.httpbox.files import _File, _sha256

    assert _sha256(_File(NAME, 0, 1)) != _sha256(_File(NAME, 1, 1))


def test_a_name_is_given_in_both_forms(client):
    shown = client.get(TABLE).headers["content-disposition"]
    assert 'filename="mesures d\'_t_.csv"' in shown
    assert "filename*=UTF-8''mesures%20d%27%C3%A9t%C3%A9.csv" in shown


def test_the_table_is_one(client):
    lines = client.get(TABLE).text.splitlines()
    assert lines[0].split(",") == ["measure", "  value"]
    assert lines[1].startswith("0000001,")
    assert lines[5000].startswith("0005000,")


@given(st.data())
def test_any_range_is_the_same_part_of_the_whole(data):
    from prefect_patterns.sandbox.httpbox.files import _File

    file = _File("megabyte.bin", 0, 1)
    start = data.draw(st.integers(0, file.size - 1))
    end = data.draw(st.integers(start, min(file.size, start + 200_000)))
    around = b"".join(file.blocks(start // 65_536 * 65_536, file.size if end > file.size - 65_536 else end + 65_536))
    offset = start - start // 65_536 * 65_536
    assert b"".join(file.blocks(start, end)) == around[offset : offset + end - start]


@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        ("bytes=0-0", 10, (0, 1)),
        ("bytes=2-5", 10, (2, 6)),
        ("bytes=2-", 10, (2, 10)),
        ("bytes=2-99", 10, (2, 10)),
        ("bytes=-3", 10, (7, 10)),
        ("bytes=-99", 10, (0, 10)),
        ("bytes=10-", 10, (0, 0)),
        ("bytes=-0", 10, (0, 0)),
        ("bytes=0-", 0, (0, 0)),
        ("bytes=-1", 0, (0, 0)),
        ("bytes=5-2", 10, None),
        ("bytes=0-1,3-4", 10, None),
        ("lines=0-1", 10, None),
        ("bytes=", 10, None),
        ("bytes=-", 10, None),
        ("bytes=٣-", 10, None),
    ],
)
def test_a_range_header_is_understood_ignored_or_beyond_the_file(header, size, expected):
    assert byte_range(header, size) == expected


def test_a_part_is_answered_with_where_it_is(client):
    whole = client.get(f"/files/{NAME}")
    part = client.get(f"/files/{NAME}", headers={"range": "bytes=1000-"})
    assert (part.status_code, part.content) == (206, whole.content[1000:])
    assert (part.headers["content-range"], part.headers["content-length"]) == ("bytes 1000-1023/1024", "24")
    assert part.headers["repr-digest"] == whole.headers["repr-digest"]


def test_a_part_that_does_not_exist_is_refused_with_the_size(client):
    answer = client.get(f"/files/{NAME}", headers={"range": "bytes=1024-"})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */1024")


@pytest.mark.parametrize("wanted", ["bytes=5-2", "bytes=0-1,3-4", "lines=1-2"])
def test_a_range_that_is_not_understood_gives_the_whole_file(client, wanted):
    answer = client.get(f"/files/{NAME}", headers={"range": wanted})
    assert (answer.status_code, len(answer.content)) == (200, 1024)


@pytest.mark.parametrize(
    ("condition", "status"),
    [("{etag}", 206), ("{modified}", 206), ("W/{etag}", 200), ('"other"', 200), (EARLIER, 200), ("nonsense", 200)],
)
def test_a_part_comes_only_if_the_file_is_still_the_same(client, condition, status):
    headers = client.head(f"/files/{NAME}").headers
    given = condition.format(etag=headers["etag"], modified=headers["last-modified"])
    assert client.get(f"/files/{NAME}", headers={"range": "bytes=1-", "if-range": given}).status_code == status


def test_what_the_client_has_is_not_sent_again(client):
    first = client.get(f"/files/{NAME}")
    again = client.get(f"/files/{NAME}", headers={"if-none-match": first.headers["etag"], "range": "bytes=0-3"})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"if-none-match": ETAG}, 304),
        ({"if-none-match": f"W/{ETAG}"}, 304),
        ({"if-none-match": f'"x", {ETAG}'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"x"', "if-modified-since": LATER}, 200),
        ({"if-modified-since": LATER}, 304),
        ({"if-modified-since": EARLIER}, 200),
        ({"if-modified-since": "nonsense"}, 200),
        ({"if-match": ETAG}, 200),
        ({"if-match": "*"}, 200),
        ({"if-match": f"W/{ETAG}"}, 412),
        ({"if-match": '"x"', "if-none-match": ETAG}, 412),
        ({"if-unmodified-since": EARLIER}, 412),
        ({"if-unmodified-since": LATER}, 200),
        ({"if-match": ETAG, "if-unmodified-since": EARLIER}, 200),
    ],
)
def test_conditions_are_met_in_the_order_of_the_standard(headers, status):
    assert precondition(headers, ETAG, MODIFIED) == status


def test_a_head_has_the_headers_and_no_body(client):
    answer = client.head(f"/files/{NAME}", headers={"range": "bytes=0-1"})
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "1024")
    assert answer.headers["accept-ranges"] == "bytes"


def test_caches_may_keep_what_they_are_told_to_keep(client):
    assert client.get(f"/files/{NAME}?max_age=60").headers["cache-control"] == "max-age=60"
    assert client.get(f"/files/{NAME}").headers["cache-control"] == "no-cache"
