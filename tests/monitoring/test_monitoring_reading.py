"""The reading of a window: simulated worlds are told apart, and each piece of evidence counts as the docs say."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import DataFinding
from lifecycle_tui.monitoring.columns import ColumnData
from lifecycle_tui.monitoring.reading import PRIOR, RATES, Evidence, Said, ranked, read_window, weigh
from lifecycle_tui.monitoring.reading_faults import Fault, column_faults, label_faults
from lifecycle_tui.monitoring.reading_tables import (
    Gap,
    Gaps,
    bins_facts,
    bins_from,
    compare,
    count,
    freeze,
    tables_facts,
    tables_from,
)
from lifecycle_tui.profiles.profiler import Profiler
from tests.monitoring.reading_worlds import WORLDS, read

RNG = np.random.default_rng(11)


@pytest.mark.parametrize("name", WORLDS)
def test_worlds_are_told_apart(name: str) -> None:
    want = WORLDS[name][1]
    kinds = [read(name, seed).detail["kind"] for seed in range(6)]
    assert kinds.count(want) >= 5
    assert want == "none" or "none" not in kinds


@pytest.mark.slow
def test_worlds_are_told_apart_at_large() -> None:
    right = {name: [read(name, seed).detail["kind"] for seed in range(100, 130)] for name in WORLDS}
    for name, kinds in right.items():
        want = WORLDS[name][1]
        assert kinds.count(want) / len(kinds) >= 0.9, (name, kinds)
        assert want == "none" or "none" not in kinds


def test_small_windows_of_an_unchanged_world_are_not_called_changed() -> None:
    kinds = [read("nothing", seed, rows=120).detail["kind"] for seed in range(20)]
    assert kinds.count("none") >= 18


def verdict(name: str, state: Any, effect: float = 0.2) -> Signal:
    column = name.partition(".")[2]
    return Signal(name, 1.0, state=state, message="said", column=column, detail={"verdict": {"effect": effect}})


QUIET = verdict("ks.age", "ok", 0.0)
MOVED = verdict("ks.age", "drifted")
YES, NO = Gap(0.2, 1e-9, 500), Gap(0.0, 0.6, 500)


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (Evidence([QUIET]), "none"),
        (Evidence([QUIET], gaps=Gaps(NO, NO, NO)), "none"),
        (Evidence([MOVED]), "covariate"),
        (Evidence([MOVED], gaps=Gaps(NO, NO, YES)), "covariate"),
        (Evidence([MOVED], gaps=Gaps(YES, YES, NO)), "label"),
        (Evidence([QUIET], gaps=Gaps(YES, YES, NO)), "label"),
        (Evidence([QUIET], gaps=Gaps(NO, YES, YES)), "concept"),
        (Evidence([QUIET], faults=[Fault("missing", "age", "missing.age", 0.4, "gone")]), "data"),
        (Evidence([MOVED], faults=[Fault("range", "age", "ks.age", 0.9, "far")], gaps=Gaps(NO, YES, YES)), "data"),
        (Evidence([verdict("ks.p", "drifted"), QUIET], frozenset({"p"})), "unclear"),
        (Evidence([MOVED], gaps=Gaps(NO, YES, YES)), "concept"),
        (Evidence([MOVED], gaps=Gaps(YES, YES, YES)), "unclear"),
    ],
)
def test_evidence_decides(evidence: Evidence, kind: str) -> None:
    said = read_window(evidence)
    assert (said.name, said.value, said.detail["kind"]) == ("reading", None, kind)
    assert said.state == ("ok" if kind == "none" else "drifted")
    assert math.isclose(sum(said.detail["likelihoods"].values()), 1, abs_tol=1e-3)
    assert said.detail["advice"]
    assert bool(said.detail["evidence"]) == (kind != "none")


def test_nothing_to_go_by_is_cannot_tell() -> None:
    for signals in ([], [Signal("ks.age", 0.1, state="cannot-tell", column="age", detail={"effect": 0.1})]):
        said = read_window(Evidence(signals))
        assert (said.state, said.detail["kind"]) == ("cannot-tell", "unclear")
        assert said.message is not None and said.message.startswith("cannot tell")


def test_segments_and_summaries_are_no_verdicts() -> None:
    segment = replace(MOVED, name="ks.age=x", detail={**MOVED.detail, "segment": {"column": "c", "value": "x"}})
    assert read_window(Evidence([QUIET, segment, Signal("drift.max", 0.4, state="drifted")])).detail["kind"] == "none"


def test_weights_follow_bayes() -> None:
    found = weigh([Said("inputs", True), Said("target", False), Said("faults", None)])
    raw = {kind: PRIOR[kind] * RATES["inputs"][kind] * (1 - RATES["target"][kind]) for kind in PRIOR}
    assert found == pytest.approx({kind: value / sum(raw.values()) for kind, value in raw.items()})


def metric(value: float, half: float) -> Signal:
    return Signal("auc", value, value - half, value + half, 500)


def test_a_fallen_metric_counts_beyond_both_intervals() -> None:
    fell = Evidence([QUIET], performance=[(metric(0.70, 0.02), metric(0.80, 0.02), True)])
    noise = Evidence([QUIET], performance=[(metric(0.78, 0.02), metric(0.80, 0.02), True)])
    rose = Evidence([QUIET], performance=[(metric(0.90, 0.02), metric(0.80, 0.02), True)])
    assert read_window(fell).detail["kind"] != "none"
    assert read_window(fell).detail["evidence"][0]["signal"] == "auc"
    assert read_window(noise).detail["kind"] == read_window(rose).detail["kind"] == "none"
    for broken in (replace(metric(0.7, 0.02), value=math.nan), replace(metric(0.7, 0.02), lower=None)):
        said = read_window(Evidence([QUIET], performance=[(broken, metric(0.8, 0.02), True)]))
        assert "performance" in said.detail["unknown"]


def test_estimates_that_were_wrong_speak_for_concept_drift() -> None:
    wrong = Signal("estimated.auc.error", 0.1, 0.05, 0.15, 500)
    fell = [(metric(0.70, 0.02), metric(0.80, 0.02), True)]
    said = read_window(Evidence([QUIET, wrong], performance=fell))
    assert said.detail["kind"] == "concept"
    assert {"signal": "estimated.auc.error", "says": "the estimate was off by +0.1"} in said.detail["evidence"]


def test_an_estimate_that_missed_is_no_reading_by_itself() -> None:
    said = read_window(Evidence([QUIET, Signal("estimated.auc.error", 0.1, 0.05, 0.15, 500)], gaps=Gaps(NO, NO, NO)))
    assert (said.state, said.detail["kind"]) == ("ok", "none")
    assert said.detail["evidence"][0]["signal"] == "estimated.auc.error"


def test_columns_are_ranked_by_drift_times_importance() -> None:
    signals = [verdict("ks.a", "drifted", 0.5), verdict("ks.b", "drifted", 0.2), verdict("ks.c", "ok", 0.9)]
    by_drift = ranked(Evidence(signals))
    assert [row["column"] for row in by_drift] == ["a", "b", "c"]
    assert by_drift[0]["importance"] is None
    weighed = ranked(Evidence(signals, importance={"a": 0.01, "b": 0.09, "c": -5.0}))
    assert [row["column"] for row in weighed] == ["b", "a", "c"]
    assert weighed[0] == {"column": "b", "drift": 0.2, "importance": pytest.approx(0.9), "score": pytest.approx(0.18)}
    own = [Signal("importance.a", 0.5, column="a"), Signal("importance.b", 0.0, column="b")]
    assert ranked(Evidence([*signals, *own], importance={"b": 1.0}))[0]["column"] == "a"


# ── tables ──


def numbers(n: int, slope: float = 1.0, shift: float = 0.0, seed: int = 0) -> Outcomes:
    rng = np.random.default_rng(seed)
    x = rng.normal(shift, 1, n)
    return Outcomes(slope * x + rng.normal(0, 0.5, n), x)


def test_tables_of_numbers_tell_covariate_shift_from_concept_drift() -> None:
    base = numbers(5000)
    bins = freeze(base)
    shifted = compare(count(base, bins), count(numbers(2000, shift=0.6, seed=1), bins))
    turned = compare(count(base, bins), count(numbers(2000, slope=0.3, seed=2), bins))
    assert shifted.given_said is not None and turned.given_said is not None and shifted.truth is not None
    assert shifted.given_said.p_value is not None and shifted.given_said.p_value > 1e-3
    assert shifted.given_said.effect < 0.03 and shifted.truth.effect > 0.1
    assert turned.given_said.effect > 0.1


def test_tables_of_classes_keep_the_common_ones() -> None:
    rng = np.random.default_rng(5)
    names = np.array([f"k{i:02d}" for i in range(80)])
    target = names[np.minimum(79, rng.geometric(0.1, 4000))]
    base = Outcomes(target, np.where(rng.random(4000) < 0.7, target, names[0]))
    bins = freeze(base)
    tables = count(base, bins)
    assert len(bins.labels) == 50 and bins.labels[-1] == "(other)" and tables.n == 4000
    gaps = compare(tables, tables)
    assert gaps.given_said == Gap(0.0, pytest.approx(1.0), 4000)  # type: ignore[arg-type]
    assert bins == bins_from(json.loads(json.dumps(bins_facts(bins))))
    kept = tables_from(json.loads(json.dumps(tables_facts(tables))))
    assert (kept.given_said, kept.given_truth, kept.said) == (tables.given_said, tables.given_truth, tables.said)


@pytest.mark.parametrize(
    "outcomes",
    [
        Outcomes(np.array([1], np.int8), None, np.array([0.3]), ("0", "1")),
        Outcomes(np.zeros(50, np.int8), None, np.full(50, 0.5), ("0", "1")),
        Outcomes(np.array([2.0]), np.array([2.0])),
        Outcomes(np.full(40, 3.0), None),
        Outcomes(np.array([np.inf, 1.0, -np.inf]), np.array([1.0, np.inf, 2.0])),
        Outcomes(np.array(["a"]), None, None, ("a",)),
    ],
)
def test_odd_outcomes_have_tables_and_no_evidence(outcomes: Outcomes) -> None:
    bins = freeze(outcomes)
    tables = count(outcomes, bins)
    assert tables.n == len(outcomes)
    gaps = compare(tables, tables)
    for gap in (gaps.truth, gaps.given_said, gaps.given_truth):
        assert gap is None or gap.p_value is None or gap.p_value > 0.5
    assert bins_from(bins_facts(bins)) == bins


def test_p_values_of_unchanged_outcomes_keep_their_level() -> None:
    rng = np.random.default_rng(8)

    def drawn(n: int) -> Outcomes:
        score = rng.beta(1, 9, n)
        return Outcomes((rng.random(n) < score).astype(np.int8), None, score, ("0", "1"))

    low = 0
    for _ in range(150):
        base = drawn(1500)
        bins = freeze(base)
        gap = compare(count(base, bins), count(drawn(300), bins)).given_said
        assert gap is not None and gap.p_value is not None
        low += gap.p_value <= 0.05
    assert low <= 16  # of 150; above it with a chance of 0.1 % at 5 %


# ── faults ──


def column(values: Any, kind: Any = "numeric", base: ColumnData | None = None) -> ColumnData:
    array = pa.array(values) if kind == "numeric" else pa.array(values, pa.string()).dictionary_encode()
    profiler = Profiler(kind, None if base is None else getattr(base.profile, "grid", None))
    profiler.update(array)
    return ColumnData(kind, profiler.result())


BASE = RNG.normal(50, 10, 4000)
LABELS = RNG.choice(["a", "b", "c"], 4000).tolist()
WITH_INFINITE = np.resize([np.inf, -np.inf, 1e308, -1e308, 5e-324, 0.0, 1.0, 2.0, 3.0, 4.0], 4000)


@pytest.mark.parametrize(
    ("base", "now", "kind", "fault"),
    [
        (BASE, RNG.normal(50, 10, 500), "numeric", None),
        (BASE, RNG.normal(55, 10, 500), "numeric", None),
        (BASE, RNG.normal(50, 10, 500) * 1000, "numeric", "range"),
        (BASE, RNG.normal(50, 10, 500) / 1000 - 100, "numeric", "range"),
        (BASE, np.where(RNG.random(500) < 0.2, np.nan, RNG.normal(50, 10, 500)), "numeric", "missing"),
        (BASE, np.full(500, 51.0), "numeric", "constant"),
        (np.full(400, 51.0), np.full(500, 51.0), "numeric", None),
        (np.full(400, 51.0), np.full(500, 52.0), "numeric", "range"),
        (BASE, np.full(500, np.nan), "numeric", "missing"),
        (BASE, np.array([1e9]), "numeric", "range"),
        (BASE, np.array([], float), "numeric", None),
        (np.full(20, np.nan), BASE, "numeric", None),
        (BASE, np.full(100, np.inf), "numeric", "range"),
        (WITH_INFINITE, WITH_INFINITE[:500], "numeric", None),
        (LABELS, RNG.choice(["a", "b", "c"], 300).tolist(), "categorical", None),
        (LABELS, ["A1"] * 30 + ["a"] * 300, "categorical", "unseen"),
        (LABELS, ["A1"] * 2 + ["a"] * 300, "categorical", None),
        ([f"id{i}" for i in range(3000)], [f"id{i}" for i in range(9000, 9300)], "categorical", None),
        (LABELS, [None] * 60 + ["a"] * 300, "categorical", "missing"),
    ],
)  # fmt: skip
def test_faults_of_a_column(base: Any, now: Any, kind: Any, fault: str | None) -> None:
    before = column(base, kind)
    found = column_faults({"x": before}, {"x": column(now, kind, before)}, (), len(now))
    assert [f.kind for f in found] == ([] if fault is None else [fault])
    assert all(f.column == "x" and 0 < f.share <= 1 and f.says for f in found)


def test_instants_that_go_on_are_no_fault() -> None:
    """A column of dates moves on with the calendar: "fix its feed" would be wrong for ever after."""

    def dates(first: int) -> ColumnData:
        profiler = Profiler("time")
        profiler.update(pa.array(np.arange(first, first + 3600 * 500, 3600) * 1_000_000, pa.timestamp("us")))
        return ColumnData("time", profiler.result())

    assert column_faults({"opened": dates(1_700_000_000)}, {"opened": dates(1_800_000_000)}, (), 500) == ()


def test_faults_that_the_read_found() -> None:
    findings = (DataFinding("bad-cell", 40, "x", "age"), DataFinding("missing-column", 100, "gone", "city"))
    found = column_faults({}, {}, findings, 100)
    assert [(f.kind, f.column, f.share) for f in found] == [("missing", "city", 1.0), ("bad", "age", 0.4)]
    assert column_faults({}, {}, (DataFinding("bad-cell", 1, "x", "age"),), 1000) == ()
    assert column_faults({}, {}, findings[:1], 0) == ()
    # Infinite values are read and kept: that they could not be is no true sentence.
    assert column_faults({}, {}, (DataFinding("infinite", 40, "kept", "age"),), 100) == ()


def labels_of(share: float, n: int) -> Any:
    ones = round(share * n)
    target = np.repeat(np.array([1, 0], np.int8), [ones, n - ones])
    return Outcomes(target, None, np.linspace(0, 1, n), ("0", "1"))


def test_faults_of_labels() -> None:
    base = labels_of(0.3, 2000)
    bins = freeze(base)
    before = count(base, bins)
    assert label_faults("y", before, count(labels_of(0.3, 300), bins), 0, 300, (1.0, 1.0)) == ()
    assert "the same" in label_faults("y", before, count(labels_of(0.0, 300), bins), 0, 300, None)[0].says
    assert label_faults("y", before, count(labels_of(0.0, 20), bins), 0, 20, None) == ()  # 0.7^20 is not that rare
    assert "none of the classes" in label_faults("y", before, None, 30, 300, None)[0].says
    assert "have a label" in label_faults("y", before, None, 0, 30, (1.0, 0.1))[0].says
    assert label_faults("y", None, None, 0, 0, None) == ()
    amounts = numbers(3000)
    scale = freeze(amounts)
    for now, says in ((1000 * amounts.target, "goes from"), (np.full(3000, 7.0), "every value")):
        found = label_faults("y", count(amounts, scale), count(Outcomes(now, amounts.prediction), scale), 0, 3000, None)
        assert says in found[0].says
