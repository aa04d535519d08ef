"""Values across the pipe come back equal; broken frames are refused."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_tui.domain.delivery import Release
from lifecycle_tui.domain.protocols import CellProblem, Fragment, Message, Outcomes
from lifecycle_tui.domain.signals import Measurement
from lifecycle_tui.plugin_host import frames
from lifecycle_tui.plugin_host.wire import Codec, Encoded, Packer, Unsendable, unpack


def across(value: Any, codec: Codec | None = None, decode: Any = None) -> Any:
    """The value after both sides and real frames."""
    packer = Packer(codec)
    head = {"value": packer.pack(value)}
    sent = b"".join(bytes(p) for p in frames.pack(head, packer.parts))
    (received,) = frames.Assembler(1 << 30).feed(sent)
    return unpack(received[0]["value"], received[1], decode)


VALUES: list[Any] = [
    None,
    {"$": "tuple", "v": [1]},
    {"a": (1, [2, "x"], {"$": None})},
    (),
    datetime(2025, 3, 1, 2, 3, 4, 5, tzinfo=UTC),
    date(2025, 3, 1),
    Measurement(1.0, lower=0.5, detail={"a": [1]}),
    Fragment("a", "/a", 1, 2, 3, {"dt": "1"}, {"t": (datetime(2025, 1, 1, tzinfo=UTC), None)}),
    CellProblem("c", "bad-cell", 2, "row 3: x"),
    Message("subject", "body", ({"rule": "r", "value": 1.5},)),
    Release("bikes", 3, "3", "a" * 64, "skops", "/a", "/f", 2, {"metrics": {"mae": 1.5}}),
    pa.array([1.0, None, float("inf")]),
    pa.array([], pa.int64()),
    pa.array(["a", None]).dictionary_encode(),
    pa.array([1, 2, 3, 4])[1:3],
    pa.chunked_array([["a"], [], ["b", None]]),
    pa.chunked_array([], pa.string()),
    pa.record_batch({"a": [1, None]}),
    pa.table({"a": [1, 2], "b": ["x", None]}),
    pa.schema([("a", pa.timestamp("us", "UTC")), ("b", pa.dictionary(pa.int32(), pa.string()))]),
    pa.list_(pa.int8()),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)
def test_values_come_back_equal(value: Any) -> None:
    back = across(value)
    assert back == value or back.equals(value)
    assert type(back) is type(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.just("$"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON)
def test_any_nesting_comes_back_equal(value: Any) -> None:
    assert across(value) == value


OUTCOMES = {
    "binary": Outcomes(np.array([1, 0], np.int8), np.array([1, 1], np.int8), np.array([0.5, np.nan]), ("no", "yes")),
    "multiclass": Outcomes(
        np.array(["a", "ü\udc80", ""], object), np.array(["b", "b", "a"]), np.arange(6.0).reshape(3, 2), ("a", "b")
    ),
    "sliced": Outcomes(np.arange(10.0)[::2], weight=np.ones(5, np.float32), day=np.arange(5)),
    "queries": Outcomes(np.array([1.0, 0.0]), np.array([2.0, 1.0]), query=np.array([3, -1])),
    "flags": Outcomes(np.array([True, False])),
    "empty": Outcomes(np.array([], "<U3"), score=np.empty((0, 2))),
    "no classes": Outcomes(np.array([1.0]), score=np.empty((1, 0))),
    "groups": Outcomes(
        np.arange(4.0),
        groups={"target": np.array(["", "b", "ü\udc80", "b"], object), "a b": np.array(["1", "1", "2", ""], object)},
    ),
    "groups of no row": Outcomes(np.empty(0), groups={"city": np.empty(0, object)}),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_outcomes_come_back_equal_and_may_be_written_to(name: str) -> None:
    sent = OUTCOMES[name]
    back = across(sent)
    for field in ("target", "prediction", "score", "weight", "day"):
        one, two = getattr(sent, field), getattr(back, field)
        if one is None:
            assert two is None
        else:
            np.testing.assert_array_equal(one, two)
            assert one.dtype == two.dtype and one.shape == two.shape
            assert two.flags.writeable and not np.shares_memory(one, two)
    assert back.classes == sent.classes
    assert list(back.groups) == list(sent.groups)
    for group, values in sent.groups.items():
        assert back.groups[group].tolist() == values.tolist()
        assert back.groups[group].dtype == object and back.groups[group].flags.writeable


def test_unknown_values_need_a_codec() -> None:
    class Profile:
        data = b"\x00bytes"

    codec = Codec(lambda p: p.data, "module:decode")
    assert across([Profile(), 1], codec, lambda data: ("decoded", data)) == [("decoded", b"\x00bytes"), 1]
    assert across(Encoded(b"ready"), None, lambda data: data) == b"ready"
    with pytest.raises(Unsendable):
        across(Profile())
    with pytest.raises(Unsendable):
        across({1: 2})
    with pytest.raises(Unsendable):
        unpack({"$": "os.system"}, [])


@given(st.lists(st.binary(max_size=40), max_size=4), st.data())
def test_frames_survive_any_cut(parts: list[bytes], data: st.DataObject) -> None:
    sent = b"".join(bytes(p) for p in frames.pack({"n": len(parts)}, parts)) * 2
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=6)))
    assembler = frames.Assembler(1 << 20)
    got = [f for a, b in zip([0, *cuts], [*cuts, len(sent)], strict=True) for f in assembler.feed(sent[a:b])]
    assert got == [({"n": len(parts)}, parts)] * 2


@given(st.binary(min_size=1, max_size=60))
def test_garbage_is_no_frame(data: bytes) -> None:
    assembler = frames.Assembler(1 << 20)
    try:
        assert list(assembler.feed(data)) == []
    except frames.BrokenFrame:
        return
    assert frames.MAGIC.startswith(data[:4])


def test_frames_over_the_limit_are_refused_before_they_are_read() -> None:
    with pytest.raises(frames.BrokenFrame, match="are allowed"):
        list(frames.Assembler(100).feed(b"".join(bytes(p) for p in frames.pack({}, [bytes(200)]))[:40]))


def test_blocking_ends_agree_with_the_assembler() -> None:
    read, write = os.pipe()
    frames.write(write, {"a": 1}, [b"xy", b""])
    os.write(write, b"LCF1\0")
    os.close(write)
    assert frames.read(read) == ({"a": 1}, [b"xy", b""])
    with pytest.raises(frames.BrokenFrame):
        frames.read(read)
    os.close(read)
