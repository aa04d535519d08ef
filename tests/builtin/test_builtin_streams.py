"""The built-in stream detectors: river's own answers, where they start, which way a change went, river's absence."""

from __future__ import annotations

import builtins
import importlib
import inspect
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.plugin_host.results import as_measurement
from lifecycle_tui.profiles import streams

NAMES = ("adwin", "ddm", "eddm", "hddm_a", "hddm_w", "kswin", "page_hinkley")


def detector(name: str, **options: Any) -> Any:
    found: list[Any] = []
    importlib.import_module(f"lifecycle_tui.builtin.detectors.{name}").register_detectors(found.append)
    (cls,) = found
    return cls(**options)


def column(values: Any) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(np.asarray(values, np.float64))])


class Counted:
    """Alarms at given values, as river does: for that one value."""

    def __init__(self, at: float) -> None:
        self.at, self.fed, self.drift_detected = at, list[float](), False

    def update(self, value: float) -> None:
        self.fed.append(value)
        self.drift_detected = value >= self.at


def test_the_newest_of_the_reference_come_first_and_are_not_told() -> None:
    made: list[Counted] = []

    def make() -> Counted:
        made.append(Counted(9.0))
        return made[-1]

    reference, window = column([9, 1, 2, 9, np.nan, 3]), column([1, 2, np.nan, 9, 1, 10])
    found = streams.watched(reference, window, [streams.Watch(make)], warm=3, scale="none", definition="d")
    assert made[0].fed == [2, 9, 3, 1, 2, 9, 1, 10]
    assert (found.value, found.n, found.detail["warm"], found.detail["first"]) == (2.0, 5, 3, 3)
    assert found.detail["changes"] == [{"row": 3, "direction": "up"}, {"row": 5, "direction": "up"}]
    assert found.message == "2 changes in 5 values: up at 3, up at 5"


def test_ranks_are_places_among_the_references_values() -> None:
    made: list[Counted] = []

    def make() -> Counted:
        made.append(Counted(2.0))
        return made[-1]

    streams.watched(
        column([1, 2, 2, 3]), column([0, 1, 2, 2.5, np.inf]), [streams.Watch(make)], warm=0, scale="rank", definition=""
    )
    assert made[0].fed == [0, 0.125, 0.5, 0.75, 1]


def test_two_detectors_of_one_value_are_one_change() -> None:
    watches = [streams.Watch(lambda: Counted(1.0)), streams.Watch(lambda: Counted(2.0))]
    found = streams.changes(np.zeros(0), np.array([0.0, 2.0, 1.0]), watches, "")
    assert found.value == 2.0


def test_a_change_down_is_called_so() -> None:
    class Low(Counted):
        def update(self, value: float) -> None:
            super().update(-value)

    found = streams.changes(np.ones(50), np.array([1.0, 0.0]), [streams.Watch(lambda: Low(0.0))], "")
    assert found.detail["changes"] == [{"row": 2, "direction": "down"}]


@pytest.mark.parametrize("sides", [([], [1.0]), ([1.0], []), ([np.nan], [np.nan]), ([], [])])
def test_no_values_no_number(sides: Any) -> None:
    found = streams.watched(column(sides[0]), column(sides[1]), [], warm=10, scale="rank", definition="")
    assert found.value is None and found.message


@pytest.mark.parametrize("name", NAMES)
def test_without_river_the_message_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(module: str, *more: Any, **kinds: Any) -> Any:
        if module.partition(".")[0] == "river":
            raise ModuleNotFoundError("No module named 'river'", name="river")
        return real(module, *more, **kinds)

    def gone(module: str) -> Any:
        raise ModuleNotFoundError("No module named 'river'", name="river")

    for loaded in [m for m in sys.modules if m.partition(".")[0] == "river"]:
        monkeypatch.delitem(sys.modules, loaded)
    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(streams, "import_module", gone)
    with pytest.raises(LifecycleError, match="river") as caught:
        detector(name).measure(column([1.0, 2.0]), column([1.0]))
    assert caught.value.hint == 'pip install "lifecycle-tui[online]"'


def test_a_version_of_river_that_lacks_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "import_module", lambda name: builtins)
    with pytest.raises(LifecycleError, match="no ADWIN"):
        streams.river("ADWIN")


@pytest.mark.parametrize("name", NAMES)
def test_options_that_make_no_sense_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="warm"):
        detector(name, warm=-1)
    first = next(n for n in inspect.signature(type(detector(name))).parameters if n not in ("warm", "scale"))
    with pytest.raises(ValueError, match=first):
        detector(name, **{first: -1})


@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_imports_the_api_alone(name: str) -> None:
    source = inspect.getsource(importlib.import_module(f"lifecycle_tui.builtin.detectors.{name}"))
    imports = [line for line in source.splitlines() if line.startswith(("import ", "from "))]
    allowed = {"from lifecycle_tui import api", "from typing import Any", "from typing import Any, Literal"}
    assert set(imports) <= {"from __future__ import annotations", *allowed}


RNG = np.random.default_rng(2)
CALM, MOVED = RNG.normal(size=1500), np.concatenate([RNG.normal(size=300), RNG.normal(2.0, size=700)])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adwin", "ddm", "hddm_a", "hddm_w", "page_hinkley"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_shift_is_found_either_way(name: str, sign: float) -> None:
    found = as_measurement(detector(name).measure(column(CALM), column(sign * MOVED)))
    assert found.value and found.value >= 1
    assert found.detail["first"] > 300
    assert found.detail["changes"][0]["direction"] == ("up" if sign > 0 else "down")
    assert detector(name).measure(column(CALM), column(RNG.normal(size=400))).value == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adwin", "kswin", "page_hinkley"])
def test_changes_are_rivers_own(name: str) -> None:
    from river import drift

    made = {"adwin": drift.ADWIN(), "kswin": drift.KSWIN(seed=0), "page_hinkley": drift.PageHinkley(threshold=20)}[name]
    options = {"threshold": 20.0} if name == "page_hinkley" else {}
    expected = []
    for i, value in enumerate(np.concatenate([CALM[-200:], MOVED])):
        made.update(value)
        if made.drift_detected and i >= 200:
            expected.append(i - 199)
    found = detector(name, scale="none", warm=200, **options).measure(column(CALM), column(MOVED))
    assert [one["row"] for one in found.detail["changes"]] == expected[:20] and expected
    assert found.value == len(expected)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "cls"), [("ddm", "DDM"), ("eddm", "EDDM"), ("hddm_a", "HDDMA"), ("hddm_w", "HDDMW")])
def test_errors_of_zeros_and_ones_are_fed_as_they_are(name: str, cls: str) -> None:
    """A column of zeros and ones: its ranks lie on either side of the middle. (The HDDMs see the ranks themselves.)"""
    zeros = (RNG.random(600) < 0.1).astype(float)
    ones = np.concatenate([zeros[:200], (np.arange(300) % 2 == 0).astype(float)])
    found = detector(name).measure(column(zeros), column(ones))
    assert found.value >= (0 if name == "hddm_w" else 1)
    if name in ("ddm", "eddm"):
        for flip in (False, True):
            made = streams.river(cls, binary=True)()
            at = []
            for i, value in enumerate(np.concatenate([zeros, ones])):
                made.update(int(bool(value) != flip))
                at += [i - 599] if made.drift_detected and i >= 600 else []
            assert set(at[:20]) <= {one["row"] for one in found.detail["changes"]}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_odd_columns_give_a_number_or_none(name: str) -> None:
    odd: list[Any] = [[1.0], [np.inf, -np.inf] * 60, [1.7e308, -1.7e308] * 60, [3.0] * 200, [np.nan] * 5]
    for values in odd:
        for sides in ((CALM[:300], values), (values, CALM[:300]), (values, values)):
            found = as_measurement(detector(name).measure(column(sides[0]), column(sides[1])))
            assert found.value is not None or found.message
