"""Segments by themselves: which values they are, profiles that add up, small ones, and a budget that is shared."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from lifecycle_tui.builtin.detectors import chi2, ks, psi
from lifecycle_tui.builtin.metrics import accuracy, auc
from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.monitoring import segments as module
from lifecycle_tui.monitoring.alarms.yardstick import Spread
from lifecycle_tui.monitoring.columns import ColumnData, Judging
from lifecycle_tui.monitoring.instruments import Instrument, Instruments
from lifecycle_tui.monitoring.segment_metrics import segment_metrics
from lifecycle_tui.monitoring.segment_search import Labelled, row_losses, worst
from lifecycle_tui.monitoring.segments import (
    LONGEST_VALUE,
    Segment,
    SegmentData,
    SegmentProfiler,
    coarse_grids,
    codes_of,
    grid_in_segments,
    most_frequent,
    segment_signals,
)
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.profiles.profiler import Profiler

KINDS: Any = {"x": "numeric", "plan": "categorical"}


def shipped(kind: str, built_in: Any) -> Instrument:
    found: list[Any] = []
    getattr(built_in, f"register_{kind}s")(found.append)
    (cls,) = found
    info = PluginInfo(
        kind, cls.name, "builtin", "m.py", kinds=getattr(cls, "kinds", ()), takes=getattr(cls, "takes", "profile"),
        tasks=getattr(cls, "tasks", ()), needs=getattr(cls, "needs", "prediction"),
    )  # fmt: skip
    return Instrument(info, {"": cls()})


DETECTORS = Instruments(tuple(shipped("detector", of) for of in (psi, ks, chi2)), ())
GRIDS = {"x": (lambda p: (p.update(pa.array(np.linspace(-5, 5, 500))), p.result().grid)[1])(Profiler("numeric"))}
VALUES = {"town": ("a", "b", "(none)")}


def drawn(rng: np.random.Generator, n: int, moved: str = "nowhere") -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    town = rng.choice(["a", "b", "", "z"], n, p=[0.5, 0.3, 0.19, 0.01]).astype(object)
    x = rng.normal(size=n) + (town == moved) * 1.0
    plan = pa.array(rng.choice(["free", "pro"], n).tolist()).dictionary_encode()
    return {"x": pa.array(x), "plan": plan}, {"town": town}


def profiled(batches: list[tuple[dict[str, Any], dict[str, np.ndarray]]]) -> dict[Segment, SegmentData]:
    profiler = SegmentProfiler(VALUES, KINDS, GRIDS)
    for columns, groups in batches:
        profiler.add(columns, groups)
    return profiler.result()


def test_the_most_frequent_values_become_segments() -> None:
    counts = {"c": Counter({"b": 3, "a": 3, "": 9, "x" * (LONGEST_VALUE + 1): 99, "(other)": 50})}
    assert most_frequent(counts, 3) == {"c": ("(none)", "a", "b")}
    many = {"c": Counter({f"v{i:03}": 1000 - i for i in range(100)}), "d": Counter({"one": 1})}
    assert len(most_frequent(many, 5)["c"]) == module.MOST_VALUES
    assert len(most_frequent(many, 100)["c"]) == 10 and len(most_frequent(many, 10_000)["c"]) == 2
    assert most_frequent({}, 5) == {} and most_frequent({"c": Counter()}, 5) == {"c": ()}
    assert codes_of(np.array(["b", "", "q", "a"], object), ("a", "b", "(none)")).tolist() == [1, 2, 3, 0]


@given(st.lists(st.integers(0, 40), max_size=4), st.integers(0, 3))
@settings(deadline=None, max_examples=25)
def test_profiles_of_segments_are_those_of_their_rows_in_any_split(cuts: list[int], order: int) -> None:
    rng = np.random.default_rng(order)
    columns, groups = drawn(rng, 40)
    edges = sorted({0, 40, *cuts})
    parts = [
        ({n: c.slice(a, b - a) for n, c in columns.items()}, {"town": groups["town"][a:b]}) for a, b in pairwise(edges)
    ]
    rng.shuffle(parts)
    found = profiled(parts)
    assert list(found) == [Segment("town", v) for v in ("a", "b", "(none)", "(other)")]
    assert sum(data.rows for data in found.values()) == 40
    for segment, data in found.items():
        named = {"(none)": [""], "(other)": ["z"]}.get(segment.value, [segment.value])
        at = np.flatnonzero(np.isin(groups["town"].astype(str), named))
        assert data.rows == len(at)
        for name, column in data.columns.items():
            alone = Profiler(KINDS[name], GRIDS.get(name), keep=0, moments=False)
            alone.update(columns[name].take(pa.array(at, pa.int64())))
            assert column.profile == alone.result()


def test_waiting_values_are_counted_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    batches = [drawn(rng, 50) for _ in range(6)]
    whole = profiled(batches)
    monkeypatch.setattr(module, "_WAITING", 120)
    parts = profiled(batches)
    assert {s: (d.rows, {n: c.profile for n, c in d.columns.items()}) for s, d in whole.items()} == {
        s: (d.rows, {n: c.profile for n, c in d.columns.items()}) for s, d in parts.items()
    }


def signals(window: dict[Segment, SegmentData], reference: dict[Segment, SegmentData], **more: Any) -> dict[str, Any]:
    judging = Judging(**{"alpha": 0.01, "min_rows": 30, **more})
    return {s.name: s for s in segment_signals(reference, window, DETECTORS, judging)}


def test_fine_grids_are_counted_coarsely_and_distances_stay_right() -> None:
    rng = np.random.default_rng(9)
    values = rng.normal(size=20_000)
    whole = Profiler("numeric")
    whole.update(pa.array(values))
    known = {
        "x": ColumnData("numeric", whole.result()),
        "plan": ColumnData("categorical", Profiler("categorical").result()),
    }
    coarse = coarse_grids(known)
    (grid,) = coarse.values()
    assert grid.cells <= 1023 and coarse_grids({}) == {}
    assert grid_in_segments({**coarse, "x": known["x"].profile.grid}, "x") is grid
    moved = values + 0.1
    sides = []
    for side in (values, moved):
        profiler = Profiler("numeric", grid, keep=0, moments=False)
        profiler.update(pa.array(side))
        sides.append(profiler.result())
    found = DETECTORS.detectors[1].for_column().measure(*sides)
    exact = stats.ks_2samp(values, moved).statistic
    assert exact - 1 / 512 <= found.value <= exact + 1e-12
    integers = Profiler("numeric")
    integers.update(pa.array(np.arange(50.0)))
    assert coarse_grids({"n": ColumnData("numeric", integers.result())}) == {}
    empty = Profiler("numeric", known["x"].profile.grid).result()
    assert coarse_grids({"n": ColumnData("numeric", empty)}) == {}


def test_drift_within_a_segment_is_its_own() -> None:
    rng = np.random.default_rng(2)
    reference, window = profiled([drawn(rng, 4000)]), profiled([drawn(rng, 2000, moved="b")])
    found = signals(window, reference)
    assert found["drift.max.town=b"].state == "drifted" and found["drift.count.town=b"].value == 1
    assert found["drift.max.town=b"].detail["columns"] == ["x"]
    assert found["drift.max.town=b"].detail["segment"] == {"column": "town", "value": "b"}
    assert found["drift.max.town=a"].value == 0 and found["drift.max.town=(none)"].state == "ok"
    small = found["drift.share.town=(other)"]
    assert (small.value, small.state) == (None, "cannot-tell") and small.detail["small"]
    assert small.message is not None and small.message.endswith("to compare, 30 are needed")
    assert found["rows.town=(other)"].value == window[Segment("town", "(other)")].rows > 0


def test_segments_without_rows_on_either_side() -> None:
    rng = np.random.default_rng(3)
    some, none = profiled([drawn(rng, 500)]), profiled([])
    for window, reference in ((none, some), (some, none), (none, none), (some, {})):
        found = signals(window, reference)
        assert all(s.state == "cannot-tell" for name, s in found.items() if name.startswith("drift."))
        assert len(found) == 16
    assert signals({}, some) == {}


@pytest.mark.slow
def test_all_segments_share_one_budget() -> None:
    """Nothing has moved: a window of which any segment drifts is as rare as its budget says."""
    rng, alarms, windows = np.random.default_rng(4), 0, 60
    reference = profiled([drawn(rng, 20_000)])
    for _ in range(windows):
        found = signals(profiled([drawn(rng, 600)]), reference, alpha=0.05, floor=0.0)
        alarms += any(s.state == "drifted" for s in found.values())
    assert alarms <= 8  # 3 expected; 9 or more in 4 of 1,000 such tests


def test_a_detector_that_fails_or_weighs_nothing_is_asked_once() -> None:
    class Broken:
        calls = 0

        def measure(self, reference: Any, window: Any) -> Any:
            Broken.calls += 1
            raise ValueError("no")

    info = PluginInfo("detector", "bad", "builtin", "m.py", kinds=("numeric",), takes="profile")
    bad = Instrument(info, {"": Broken()})
    rng = np.random.default_rng(5)
    reference, window = profiled([drawn(rng, 4000)]), profiled([drawn(rng, 4000)])
    found = segment_signals(reference, window, Instruments((bad, *DETECTORS.detectors), ()), Judging(0.01))
    assert Broken.calls == 1 and sum(s.state == "ok" and s.name.startswith("drift.max") for s in found) == 3


# -- metrics -----------------------------------------------------------------------------------------------------------

METRICS = tuple(shipped("metric", of) for of in (auc, accuracy))


def test_metrics_of_segments_are_those_of_their_rows() -> None:
    rng = np.random.default_rng(6)
    y, score = (rng.random(300) < 0.4).astype(np.int8), rng.random(300)
    town = rng.choice(["a", "b", "", "z"], 300, p=[0.5, 0.35, 0.1, 0.05]).astype(object)
    rows = Outcomes(y, (score > 0.5).astype(np.int8), score, ("no", "yes"), groups={"town": town})
    found = {s.name: s for s in segment_metrics(rows, METRICS, VALUES, 40)}
    at = town == "b"
    assert found["accuracy.town=b"].value == pytest.approx(((score[at] > 0.5) == y[at]).mean())
    assert found["accuracy.town=b"].n == at.sum() and found["accuracy.town=b"].lower is not None
    small = found["auc.town=(other)"]
    assert (small.value, small.state, small.n) == (None, "cannot-tell", int((town == "z").sum()))
    assert small.detail == {"segment": {"column": "town", "value": "(other)"}, "small": True}
    assert small.message == f"cannot tell: {small.n} labelled rows, 40 are needed"
    for nothing in (None, Outcomes(y, groups={})):
        assert {s.state for s in segment_metrics(nothing, METRICS, VALUES, 40)} == {"unknown"}


def test_what_fails_is_said_once_with_the_whole_window() -> None:
    class Broken:
        def measure(self, outcomes: Any) -> Any:
            raise ValueError("no")

    bad = Instrument(PluginInfo("metric", "bad", "builtin", "m.py", needs="target"), {"": Broken()})
    rows = Outcomes(np.ones(100, np.int8), groups={"town": np.full(100, "a", object)})
    assert [s.name for s in segment_metrics(rows, [bad], {"town": ("a",)}, 30)] == ["bad.town=(other)"]


# -- where a fall comes from -------------------------------------------------------------------------------------------


def test_losses_add_up_to_the_metric() -> None:
    from sklearn import metrics as sk

    rng = np.random.default_rng(7)
    y = (rng.random(200) < 0.3).astype(np.int8)
    p = np.round(np.clip(0.3 * y + 0.7 * rng.random(200), 0.01, 0.99), 1)
    rows = Outcomes(y, (p > 0.5).astype(np.int8), p, ("no", "yes"))

    def mean(metric: str, of: Outcomes = rows) -> float:
        found = row_losses(metric, of)
        assert found is not None and found.shape == (len(of),)
        return float(found.mean())

    assert mean("auc") == pytest.approx(1 - sk.roc_auc_score(y, p))
    assert mean("brier") == pytest.approx(sk.brier_score_loss(y, p))
    assert mean("log_loss") == pytest.approx(sk.log_loss(y, p))
    assert mean("accuracy") == mean("f1") == pytest.approx(sk.zero_one_loss(y, p > 0.5))
    names = np.array(["a", "b", "c"])
    labels, said = names[rng.integers(0, 3, 50)], names[rng.integers(0, 3, 50)]
    scores = rng.dirichlet(np.ones(3), 50)
    classes = Outcomes(labels, said, scores, ("a", "b", "c"))
    assert mean("accuracy", classes) == pytest.approx((labels != said).mean())
    assert mean("log_loss", classes) == pytest.approx(sk.log_loss(labels, scores))
    number = Outcomes(np.array([1.0, 2, 0]), np.array([2.0, 4, 1]))
    assert mean("mae", number) == pytest.approx(4 / 3) and mean("rmse", number) == 2
    assert mean("mape", number) == pytest.approx(2 / 3)
    assert row_losses("auc", Outcomes(np.ones(3, np.int8), None, np.ones(3), ("a", "b"))) is None
    assert row_losses("mae", Outcomes(np.ones(1), np.array([np.inf]))) is None
    assert row_losses("ndcg", Outcomes(np.ones(1), np.ones(1), query=np.zeros(1, np.int64))) is None


def labelled(rng: np.random.Generator, n: int, broken: bool = False) -> Labelled:
    town = rng.choice(["a", "b", "", "z"], n).astype(object)
    x, plan = rng.normal(size=n), rng.choice(["free", "pro", "team"], n)
    at = broken & (town == "b") & (plan == "pro")
    error = rng.normal(size=n) * (1 + 2 * at)
    columns = {"x": pa.array(np.where(rng.random(n) < 0.1, np.nan, x)), "plan": pa.array(plan).dictionary_encode(),
               "note": pa.array(["text"] * n)}  # fmt: skip
    keys = rng.integers(0, 2**63, n).astype(np.uint64)
    return Labelled(Outcomes(x, x + error), columns, {"town": town}, keys)


@pytest.mark.slow
def test_an_injected_fault_in_a_segment_and_a_feature_is_ranked_first() -> None:
    named = 0
    for run in range(30):
        rng = np.random.default_rng(run)
        signal = worst("mae", labelled(rng, 3000, broken=True), labelled(rng, 3000), VALUES)
        named += (
            signal.detail["ranked"][0]["segment"] == {"town": "town=b", "plan": "plan=pro"} == signal.detail["segment"]
        )
    assert named >= 27


def test_what_the_search_says() -> None:
    rng = np.random.default_rng(8)
    calm = worst("mae", labelled(rng, 2000), labelled(rng, 2000), VALUES)
    assert calm.value == 0.0 and "in no segment more than elsewhere" in (calm.message or "")
    few = worst("mae", labelled(rng, 10), labelled(rng, 2000), VALUES)
    assert (few.value, few.state) == (None, "unknown") and "too few rows" in (few.message or "")
    bare = Labelled(Outcomes(np.zeros(50)), {}, {}, np.zeros(50, np.uint64))
    assert "no loss of single rows" in (worst("mean_target", bare, bare, VALUES).message or "")
    nothing = Labelled(Outcomes(np.zeros(50), np.zeros(50)), {}, {}, np.arange(50).astype(np.uint64))
    assert worst("mae", nothing, nothing, {}).state == "unknown"


def test_days_that_vary_are_no_drift_of_a_segment() -> None:
    rng = np.random.default_rng(8)
    reference, window = profiled([drawn(rng, 20_000)]), profiled([drawn(rng, 800, "a")])
    days = Spread(30, np.ones(5), np.full(5, 800.0), over=np.array([200.0, 1, 1, 1, 1]), mean_rows=800.0, crowd=800.0)

    def drifted(spreads: dict[str, Spread]) -> bool:
        found = segment_signals(reference, window, DETECTORS, Judging(0.01), spreads)
        return next(s.state for s in found if s.name == "drift.share.town=a") == "drifted"

    assert drifted({}) and not drifted({"x": days})
