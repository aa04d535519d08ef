"""Inputs against the reference: signals of every detector, whose fault is whose, and where the verdict stands."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.domain.errors import LifecycleError, PluginFault
from lifecycle_tui.domain.signals import Measurement, Signal
from lifecycle_tui.monitoring.columns import NO_ROWS, ColumnData, Judging, as_measurement, measure_columns, to_signal
from lifecycle_tui.monitoring.instruments import Instrument, Instruments
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.profiles.profiler import Profiler

RNG = np.random.default_rng(3)
BASE = RNG.normal(size=600)
NEAR, FAR = RNG.normal(size=500), RNG.normal(2, size=500)
JUDGING = Judging(0.05)


class Fixed:
    """A detector that says what it is told to, and remembers what it was given."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.seen = answer, list[tuple[Any, Any]]()

    def measure(self, reference: Any, window: Any) -> Any:
        self.seen.append((reference, window))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(reference, window) if callable(self.answer) else self.answer


def detector(
    name: str, answer: Any, *, kinds: tuple[str, ...] = ("numeric",), takes: str = "profile", origin: str = "builtin"
) -> Instrument:
    info = PluginInfo("detector", name, origin, f"/plugins/{name}.py", 3, kinds=kinds, takes=takes)  # type: ignore[arg-type]
    return Instrument(info, {"": Fixed(answer)})


def column(values: Any, kind: Any = "numeric", grid: Any = None) -> ColumnData:
    array = pa.array(values) if kind == "numeric" else pa.array(values).dictionary_encode()
    profiler = Profiler(kind, grid)
    profiler.update(array)
    return ColumnData(kind, profiler.result(), pa.chunked_array([array]))


def pair(base: Any = BASE, now: Any = FAR, kind: Any = "numeric") -> tuple[ColumnData, ColumnData]:
    reference = column(base, kind)
    return reference, column(now, kind, getattr(reference.profile, "grid", None))


def measured(instruments: list[Instrument], judging: Judging = JUDGING, **columns: Any) -> dict[str, Signal]:
    sides = columns or {"x": pair()}
    result = measure_columns(
        {n: a for n, (a, _) in sides.items()}, {n: b for n, (_, b) in sides.items()},
        Instruments(tuple(instruments), ()), judging,
    )  # fmt: skip
    names = [s.name for s in result.signals]
    assert len(names) == len(set(names))
    return {s.name: s for s in result.signals}


def evidence(p: float, effect: float | None, **more: Any) -> Measurement:
    return Measurement(0.5, p_value=p, effect=effect, **more)


@pytest.mark.parametrize(
    ("raw", "value", "state"),
    [
        (0.25, 0.25, "ok"),
        (3, 3.0, "ok"),
        (np.float32(0.5), 0.5, "ok"),
        (np.int64(7), 7.0, "ok"),
        (Decimal("1.5"), 1.5, "ok"),
        (math.inf, math.inf, "ok"),
        (math.nan, None, "unknown"),
        (None, None, "unknown"),
        (Measurement(None, message="too few rows"), None, "unknown"),
        (Measurement(0.1, lower=0.0, upper=0.2, n=9), 0.1, "ok"),
    ],
)
def test_what_detectors_may_return(raw: Any, value: float | None, state: str) -> None:
    signal = measured([detector("d", raw)])["d.x"]
    assert (signal.value, signal.state, signal.column, signal.source) == (value, state, "x", "d")
    assert signal.message or state == "ok", "no value is never left unexplained"
    assert signal.n == (raw.n if isinstance(raw, Measurement) and raw.n is not None else 500)


@pytest.mark.parametrize("raw", ["0.5", True, [0.5], {"value": 1}, object(), 1j])
def test_what_they_may_not(raw: Any) -> None:
    signal = measured([detector("d", lambda a, b: raw)])["d.x"]
    assert signal.state == "error" and signal.value is None and type(raw).__name__ in (signal.message or "")
    with pytest.raises(PluginFault):
        as_measurement(raw, "d")


@pytest.mark.parametrize(
    ("raised", "says"),
    [
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (LifecycleError("cannot", hint="do this"), "cannot (do this)"),
        (
            PluginFault("d", "died", "was killed", file="/plugins/d.py", line=7),
            "plugin d: was killed (/plugins/d.py:7)",
        ),
        (MemoryError(), "MemoryError"),
        (np.linalg.LinAlgError("singular"), "LinAlgError: singular"),
    ],
)
def test_a_failing_detector_costs_its_own_signal(raised: Exception, says: str) -> None:
    found = measured([detector("d", raised), detector("e", evidence(1e-9, 0.4))], x=pair(), y=pair(now=NEAR))
    for name in ("d.x", "d.y"):
        assert found[name].state == "error" and says in (found[name].message or "")
    assert found["e.x"].state == "drifted" and found["drift.count"].value == 2


def test_detectors_see_columns_of_their_kinds_only() -> None:
    numbers, labels = detector("n", 0.1), detector("c", 0.2, kinds=("categorical",))
    both = detector("b", 0.3, kinds=("numeric", "categorical"))
    found = measured([numbers, labels, both], x=pair(), c=pair(["a", "b"] * 300, ["a"] * 100, "categorical"))
    assert set(found) == {"n.x", "c.c", "b.x", "b.c", "drift.share", "drift.count", "drift.max"}


def test_detectors_are_given_what_they_take() -> None:
    profiles, rows = detector("p", 0.1), detector("r", 0.1, takes="arrow")
    reference, window = pair()
    measured([profiles, rows], x=(reference, window))
    assert profiles.objects[""].seen == [(reference.profile, window.profile)]
    assert rows.objects[""].seen == [(reference.values, window.values)]


def test_a_detector_of_rows_is_not_called_without_rows() -> None:
    base, now = pair()
    rows = detector("r", 0.1, takes="arrow")
    for pair_ in ((replace(base, values=None), now), (base, replace(now, values=None))):
        signal = measured([rows], x=pair_)["r.x"]
        assert (signal.value, signal.state, signal.message) == (None, "unknown", NO_ROWS)
    assert not rows.objects[""].seen


def test_options_of_one_column() -> None:
    info = PluginInfo("detector", "d", "builtin", "d.py", kinds=("numeric",), takes="profile")
    own = Instrument(info, {"": Fixed(0.1), "special": Fixed(0.9)}, {"y": "special"})
    found = measured([own], x=pair(), y=pair())
    assert (found["d.x"].value, found["d.y"].value) == (0.1, 0.9)


def test_a_teams_plugin_is_named_with_its_place() -> None:
    found = measured(
        [detector("d", 0.5, origin="drop-in"), detector("e", PluginFault("e", "x", "no"), origin="drop-in")]
    )
    assert found["d.x"].source == "d (/plugins/d.py:3)" and found["e.x"].source == "e (/plugins/e.py:3)"


@pytest.mark.parametrize(
    ("answers", "states", "drifted"),
    [
        ({"a": evidence(1e-9, 0.4)}, {"a": "drifted"}, ["x"]),
        ({"a": evidence(0.9, 0.01)}, {"a": "ok"}, []),
        ({"a": evidence(1e-9, 0.001)}, {"a": "ok"}, []),  # below the floor
        ({"a": evidence(1e-9, 0.4), "b": evidence(0.9, 0.01)}, {"a": "drifted", "b": "ok"}, ["x"]),
        ({"a": evidence(0.9, 0.01), "b": evidence(1e-9, 0.4)}, {"a": "ok", "b": "drifted"}, ["x"]),
        ({"a": evidence(1e-9, 0.4), "size": Measurement(5.0)}, {"a": "drifted", "size": "ok"}, ["x"]),
        ({"size": Measurement(5.0, effect=0.9)}, {"size": "ok"}, None),  # a size is no evidence
        ({"a": evidence(1e-9, 0.4, n=5)}, {"a": "cannot-tell"}, None),  # too few rows
        ({"a": Measurement(None, message="?", p_value=1e-9, effect=0.4)}, {"a": "unknown"}, None),  # no value
    ],
)
def test_verdicts_stand_on_the_evidence_that_decided(
    answers: dict[str, Measurement], states: dict[str, str], drifted: list[str] | None
) -> None:
    found = measured([detector(name, answer) for name, answer in answers.items()])
    assert {name: found[f"{name}.x"].state for name in states} == states
    share = found["drift.share"]
    if drifted is None:
        assert share.value is None and found["drift.max"].value is None and share.message
    else:
        assert share.detail["columns"] == drifted and found["drift.count"].value == len(drifted)
    for name, answer in answers.items():
        assert found[f"{name}.x"].value == answer.value, "a verdict changes no number"
        deciding = states[name] in ("drifted",)
        assert ("verdict" in found[f"{name}.x"].detail) == deciding or states[name] in ("ok", "cannot-tell")


def test_the_budget_is_shared_over_columns() -> None:
    one = {"x": pair()}
    many = {f"x{i}": pair() for i in range(20)}
    assert measured([detector("d", evidence(0.04, 0.4))], **one)["drift.count"].value == 1
    assert measured([detector("d", evidence(0.04, 0.4))], **many)["drift.count"].value == 0
    assert measured([detector("d", evidence(0.002, 0.4))], **many)["drift.count"].value == 20


def test_the_result_does_not_depend_on_the_order_of_columns() -> None:
    sides = {"b": pair(), "a": pair(now=NEAR), "c": pair(now=FAR + 1)}
    detectors = [detector("d", lambda a, b: evidence(1e-6 if b.mean > 1 else 0.7, 0.3 if b.mean > 1 else 0.02))]
    one, two = measured(detectors, **sides), measured(detectors, **dict(reversed(sides.items())))
    assert list(one) == list(two) and one == two


def test_one_signal_of_a_column_carries_its_picture() -> None:
    found = measured([detector("size", 0.5), detector("ks", evidence(1e-9, 0.4))])
    assert "bars" in found["ks.x"].detail and "bars" not in found["size.x"].detail
    bars = found["ks.x"].detail["bars"]
    assert sum(bars["reference"]) == 600 and sum(bars["window"]) == 500
    assert len(bars["reference"]) == len(bars["window"]) == len(bars["names"])
    assert "bars" in measured([detector("size", 0.5)])["size.x"].detail


@pytest.mark.parametrize(
    ("base", "now", "kind"),
    [
        ([1.0] * 50, [1.0] * 50, "numeric"),
        ([1.0, math.inf, -math.inf, None] * 20, [math.inf] * 40, "numeric"),
        ([1.0] * 50, [None] * 40, "numeric"),
        ([None] * 50, [None] * 40, "numeric"),
        ([1.0, 2.0] * 25, [], "numeric"),
        ([1.7e308, -1.7e308] * 25, [0.0] * 40, "numeric"),
        (["a", "b"] * 25, ["c"] * 40, "categorical"),
        (["a", None] * 25, [None] * 40, "categorical"),
        ([f"u{i}" for i in range(500)], [f"v{i}" for i in range(500)], "categorical"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_odd_columns_stop_nothing(base: list[Any], now: list[Any], kind: str) -> None:
    typed = {"numeric": pa.float64(), "categorical": pa.string()}[kind]
    sides = pair(pa.array(base, typed), pa.array(now, typed), kind)
    found = measured([detector("d", evidence(0.5, 0.1), kinds=("numeric", "categorical"))], x=sides, y=pair())
    assert found["d.x"].state in ("ok", "cannot-tell") and found["d.y"].value == 0.5


def test_faults_of_the_instruments_stand_beside_the_signals() -> None:
    reference, window = pair()
    fault = Signal("gone", None, state="error", message="unknown detector")
    instruments = Instruments((detector("d", 0.1),), (), (fault,))
    result = measure_columns({"x": reference}, {"x": window}, instruments, JUDGING)
    assert fault in result.signals and result.verdicts == {}


def test_no_column_at_all() -> None:
    result = measure_columns({}, {}, Instruments((detector("d", 0.1),), ()), JUDGING)
    assert [s.name for s in result.signals] == ["drift.share", "drift.count", "drift.max"]
    assert {s.state for s in result.signals} == {"unknown"}


def test_a_measurement_as_a_signal() -> None:
    found = Measurement(0.5, lower=0.1, upper=0.9, n=7, p_value=0.2, effect=0.3, definition="d", detail={"k": 1})
    signal = to_signal("a.b", found, column="b", source="a")
    assert signal == Signal(
        "a.b", 0.5, 0.1, 0.9, 7, "ok", None, "b", "a", {"k": 1, "p_value": 0.2, "effect": 0.3, "definition": "d"}
    )
    assert to_signal("a", replace(found, value=math.nan)).state == "unknown"
