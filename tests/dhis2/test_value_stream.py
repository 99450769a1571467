import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_patterns.dhis2 import value_stream
from prefect_patterns.dhis2.value_stream import COLUMNS, ValueStream

nasty = st.text(st.sampled_from('{}[],:"\\ \n}é😀a1dataValues'), max_size=12) | st.sampled_from(
    ['"},{"', '"dataValues":[', "}],", "\\", '\\"', "},", "]}"]
)
text_columns = [name for name, dtype in COLUMNS.items() if str(dtype) == "String"]
rows = st.lists(
    st.dictionaries(st.sampled_from(text_columns), nasty | st.none(), max_size=4)
    | st.fixed_dictionaries({"followup": st.booleans(), "value": nasty})
    | st.fixed_dictionaries(
        {"value": nasty, "unknown": st.dictionaries(nasty, st.lists(nasty, max_size=2), max_size=2)}
    ),
    max_size=15,
)
around = st.dictionaries(
    st.sampled_from(["dataSet", "period", "orgUnit", "completeDate", "other"]),
    nasty
    | st.lists(nasty, max_size=2)
    | st.dictionaries(nasty.filter(lambda key: key != "dataValues"), nasty, max_size=2),
    max_size=3,
)


def pieces(body, size):
    return [body[start : start + size] for start in range(0, len(body), size)]


def read(body, *, size, chunk):
    stream = ValueStream(pieces(body, size), chunk_bytes=chunk)
    return [row for frame in stream for row in frame.to_dicts()], stream.envelope


@settings(max_examples=100, deadline=None)
@given(
    rows=rows,
    before=around,
    after=around,
    sizes=st.tuples(st.integers(10, 200), st.integers(30, 500)),
    style=st.fixed_dictionaries({"indent": st.sampled_from([None, 1]), "ensure_ascii": st.booleans()}),
)
def test_any_data_value_set_reads_as_the_plain_parser_reads_it(rows, before, after, sizes, style):
    after = {name: value for name, value in after.items() if name not in before}
    body = json.dumps({**before, "dataValues": rows, **after}, **style).encode()
    found, envelope = read(body, size=sizes[0], chunk=sizes[1])
    assert found == [{name: row.get(name) for name in COLUMNS} for row in rows]
    assert envelope == {**before, **after}


@settings(max_examples=50, deadline=None)
@given(rows=rows.filter(len), cut=st.floats(0, 0.999), chunk=st.integers(30, 500))
def test_no_cut_answer_passes_for_a_whole_one(rows, cut, chunk):
    body = json.dumps({"dataValues": rows}).encode()
    with pytest.raises(ValueError, match=r"\S"):
        read(body[: int(len(body) * cut)], size=64, chunk=chunk)


def test_numbers_and_flags_of_other_types_become_what_they_say():
    body = b'{"dataValues":[{"value":12,"followup":"true"},{"value":1.5,"followup":false},{"value":{"a":1}}]}'
    found, _ = read(body, size=7, chunk=20)
    assert [(row["value"], row["followup"]) for row in found] == [("12", True), ("1.5", False), ('{"a":1}', None)]


def test_half_a_surrogate_pair_does_not_stop_the_reader():
    found, _ = read(b'{"dataValues":[{"value":"\\ud83d"},{"value":"x"}]}', size=9, chunk=10)
    assert [row["value"] for row in found][1] == "x"


def test_the_reader_keeps_no_more_than_a_few_chunks():
    """The buffer is cut as it fills: an answer of any length takes the same memory."""
    row = json.dumps({"value": "x" * 100, "comment": "},{"}).encode()
    held, longest = 0, 0

    def source():
        nonlocal held, longest
        yield b'{"dataValues":['
        for _ in range(3_000):
            piece = row + b","
            held += len(piece)
            longest = max(longest, held)
            yield piece
        yield row + b"]}"

    count = 0
    for frame in ValueStream(source(), chunk_bytes=10_000):
        count += frame.height
        held = 0
    assert count == 3_001
    assert longest < 25_000


def test_a_row_without_end_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(value_stream, "_LONGEST_ROW", 100_000)

    def source():
        yield b'{"dataValues":[{"value":"'
        while True:
            yield b"x" * 10_000

    with pytest.raises(ValueError, match="too long"):
        list(ValueStream(source(), chunk_bytes=1_000))


def test_a_head_without_end_is_refused_before_it_fills_the_memory():
    def source():
        yield b'{"other":"'
        while True:
            yield b"x" * 100_000

    with pytest.raises(ValueError, match="No data values"):
        list(ValueStream(source()))


def test_half_a_surrogate_pair_is_a_question_mark():
    body = rb'{"dataValues":[{"value":"1","comment":"\ud800x"},{"value":"2","comment":"\ud83d\ude00"}]}'
    assert [row["comment"] for row in read(body, size=7, chunk=99)[0]] == ["?x", "😀"]
