"""What a plugin may return."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.domain.signals import Measurement
from lifecycle_tui.plugin_host.results import BadResult, as_measurement
from lifecycle_tui.plugin_host.tables import as_fragments, as_schema


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (0.25, Measurement(0.25)),
        (3, Measurement(3.0)),
        (None, Measurement(None)),
        (np.float32(0.5), Measurement(0.5)),
        (np.int64(7), Measurement(7.0)),
        (Fraction(1, 4), Measurement(0.25)),
        (Measurement(None, message="too thin"), Measurement(None, message="too thin")),
        (Measurement(1, lower=-math.inf, upper=np.float64(2)), Measurement(1.0, lower=None, upper=2.0)),
        (Measurement(1.0, n=np.int32(5), p_value=0, effect=1), Measurement(1.0, n=5, p_value=0.0, effect=1.0)),
        (Measurement(1.0, detail={"a": [1, {"b": None}]}), Measurement(1.0, detail={"a": [1, {"b": None}]})),
    ],
)
def test_accepted(given_: Any, expected: Measurement) -> None:
    assert as_measurement(given_) == expected


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        (math.nan, "NaN"),
        (math.inf, "infinite"),
        (True, "not bool"),
        (np.bool_(True), "not bool"),
        ("1", "not str"),
        ([1.0], "not list"),
        (1j, "not complex"),
        (np.array(1.0), "not ndarray"),
        (10**400, "does not fit"),
        (Measurement(math.nan), "value is NaN"),
        (Measurement(True), "value must be a number"),
        (Measurement(1.0, lower=2.0, upper=1.0), "upside down"),
        (Measurement(1.0, lower=math.nan), "lower is NaN"),
        (Measurement(1.0, n=-1), "n must be"),
        (Measurement(1.0, n=1.5), "n must be"),
        (Measurement(1.0, n=True), "n must be"),
        (Measurement(1.0, p_value=1.01), "p_value"),
        (Measurement(1.0, effect=-0.1), "effect"),
        (Measurement(1.0, message=3), "message must be text"),
        (Measurement(1.0, detail=[1]), "must be a mapping"),
        (Measurement(1.0, detail={"a": object()}), "JSON"),
        (Measurement(1.0, detail={"a": math.nan}), "JSON"),
        (Measurement(1.0, detail={"a": "x" * 70_000}), "65,536"),
    ],
)
def test_refused_in_words(given_: Any, words: str) -> None:
    with pytest.raises(BadResult, match=words):
        as_measurement(given_)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_finite_float_stands_for_itself(value: float) -> None:
    assert as_measurement(value).value == value


def test_long_messages_are_cut() -> None:
    assert len(as_measurement(Measurement(1.0, message="x" * 5000)).message or "") == 2000


def test_fragments_are_checked_and_sorted() -> None:
    b, a = Fragment("b", "/b", 1, 2), Fragment("a", "/a", 1, 2, rows=3)
    assert as_fragments([b, a]) == (a, b)
    assert as_fragments(iter([])) == ()


@pytest.mark.parametrize(
    "value",
    [
        None,
        "ab",
        {"a": 1},
        ["a"],
        [Fragment("a", "/a", 1, 2), Fragment("a", "/b", 1, 2)],
        [Fragment("a", "/a", -1, 2)],
        [Fragment("a", "/a", 1.5, 2)],  # type: ignore[arg-type]
        [Fragment(1, "/a", 1, 2)],  # type: ignore[arg-type]
    ],
)
def test_odd_fragments_are_refused(value: Any) -> None:
    with pytest.raises(BadResult):
        as_fragments(value)


@pytest.mark.parametrize("value", [None, [], {"a": "int"}, {1: None}])
def test_odd_schemas_are_refused(value: Any) -> None:
    with pytest.raises(BadResult):
        as_schema(value)
