"""Performance of each version: whose rows, which labels, which coding; the same whatever the order of rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from lifecycle_tui.builtin.metrics import accuracy, auc, mae, mean_target
from lifecycle_tui.domain.errors import LifecycleError, PluginFault
from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring.instruments import Instrument
from lifecycle_tui.monitoring.performance import Coding, Collector
from lifecycle_tui.monitoring.side_by_side import Said, side_by_side
from lifecycle_tui.plugin_host.info import PluginInfo

BINARY = Coding("binary", ("no", "yes"), 0.5)
MULTI = Coding("multiclass", ("a", "b", "c"))
NUMBER = Coding("regression")


def shipped(module: Any) -> Instrument:
    found: list[Any] = []
    module.register_metrics(found.append)
    (cls,) = found
    info = PluginInfo("metric", cls.name, "builtin", "m.py", tasks=cls.tasks, needs=cls.needs)
    return Instrument(info, {"": cls()})


AUC, ACCURACY, MAE, MEAN = map(shipped, (auc, accuracy, mae, mean_target))


def labels(*values: str | None) -> pa.Array:
    return pa.array(values, pa.string()).dictionary_encode()


def numbers(*values: float | None) -> pa.Array:
    return pa.array(values, pa.float64())


def collected(coding: Coding, target: Any, prediction: Any = None, score: Any = None, **more: Any) -> Collector:
    collector = Collector(coding)
    n = len(target)
    known = more.get("known", [True] * n)
    score = None if score is None else np.asarray(score, np.float64)
    versions, day, groups = (more.get(name) for name in ("versions", "day", "groups"))
    versions = "" if versions is None else versions
    collector.add(versions, target, np.asarray(known, bool), prediction, score, day, groups)
    return collector


def outcomes(*args: Any, **more: Any) -> Outcomes:
    found = collected(*args, **more).outcomes("")
    assert found is not None
    return found


def listed(found: Outcomes) -> list[tuple]:
    """Rows as tuples, in no order."""
    columns = [found.target, found.prediction, found.score]
    return sorted(zip(*(c.tolist() if c is not None else [None] * len(found) for c in columns), strict=True))


@pytest.mark.parametrize(
    ("coding", "target", "prediction", "score", "rows"),
    [
        (BINARY, labels("yes", "no"), None, [0.5, 0.4], [(0, 0, 0.4), (1, 1, 0.5)]),  # the cutoff itself is positive
        (Coding("binary", ("no", "yes"), 0.3), labels("yes", "no"), None, [0.29, 0.3], [(0, 1, 0.3), (1, 0, 0.29)]),
        (BINARY, labels("yes", "no"), labels("no", "yes"), [0.9, 0.1], [(0, 1, 0.1), (1, 0, 0.9)]),  # said wins
        (BINARY, labels("yes", None, "no"), None, [0.9, 0.8, 0.1], [(0, 0, 0.1), (1, 1, 0.9)]),
        (BINARY, labels("yes", "no"), None, [math.nan, 0.1], [(0, 0, 0.1)]),
        (BINARY, labels("yes", "no"), labels(None, "no"), None, [(0, 0, None)]),
        (MULTI, labels("a", "c"), labels("b", "c"), None, [("a", "b", None), ("c", "c", None)]),
        (MULTI, labels("a", "c"), None, [[0.2, 0.7, 0], [0, 0, 1]], [("a", "b", [0.2, 0.7, 0]), ("c", "c", [0, 0, 1])]),
        (MULTI, labels("a", "c"), None, [[0.2, math.nan, 0.1], [0, 0, 1]], [("c", "c", [0, 0, 1])]),
        (NUMBER, numbers(1, None, 3, math.nan), numbers(1.5, 2, None, 4), None, [(1, 1.5, None)]),
        (NUMBER, numbers(1, 2), np.array([1.5, 2.5]), None, [(1, 1.5, None), (2, 2.5, None)]),
        (NUMBER, pa.array([1, 2], pa.int64()), pa.array([3, 4], pa.int64()), None, [(1, 3, None), (2, 4, None)]),
        (NUMBER, numbers(math.inf, 1), numbers(1, 1), None, [(1, 1, None), (math.inf, 1, None)]),
    ],
)  # fmt: skip
def test_rows_that_count(coding: Coding, target: Any, prediction: Any, score: Any, rows: list[tuple]) -> None:
    assert listed(outcomes(coding, target, prediction, score)) == rows


def test_a_third_label_is_neither_class_and_is_said() -> None:
    collector = collected(BINARY, labels("yes", "no", "refunded"), None, [0.9, 0.1, 0.8])
    (signal,) = collector.measure("", [ACCURACY]).signals
    assert (signal.value, signal.n) == (1.0, 2)
    assert signal.message is not None and "1 rows left out: their label is neither no nor yes" in signal.message


def test_labels_that_have_not_arrived_do_not_count() -> None:
    collector = collected(NUMBER, numbers(1, 2, 3), numbers(1, 2, 4), known=[True, False, True])
    measured = collector.measure("", [MAE])
    assert (measured.rows, measured.labels) == (3, 2)
    assert measured.signals[0].value == 0.5 and measured.signals[0].n == 2


@pytest.mark.parametrize(
    ("target", "known"),
    [(numbers(), []), (numbers(1, 2), [False, False]), (numbers(None, None), [True, True])],
)
def test_without_labels_every_metric_is_unknown(target: pa.Array, known: list[bool]) -> None:
    collector = collected(NUMBER, target, numbers(*[1.0] * len(known)), known=known)
    assert collector.outcomes("") is None
    for signal in collector.measure("", [MAE, MEAN]).signals:
        assert (signal.value, signal.state, signal.n, signal.message) == (None, "unknown", 0, "no labels yet")


def test_a_version_nobody_heard_of() -> None:
    collector = collected(NUMBER, numbers(1), numbers(1))
    assert collector.rows("zzz") == 0 and collector.outcomes("zzz") is None
    assert collector.measure("zzz", [MAE]).signals[0].state == "unknown"


def test_no_target_counts_rows_only() -> None:
    collector = Collector(BINARY)
    collector.add(np.array(["a", "b", "a"], object), None, np.zeros(3, bool), None, np.zeros(3), None)
    assert collector.versions == ("a", "b") and collector.rows("a") == 2 and collector.outcomes("a") is None


def test_versions_are_kept_apart() -> None:
    rng = np.random.default_rng(1)
    truth, score = rng.random(400) < 0.4, rng.random(400)
    who = np.where(np.arange(400) % 4 == 0, "b", "a").astype(object)
    score[who == "a"] = np.clip(score[who == "a"] * 0.5 + truth[who == "a"] * 0.4, 0, 1)
    collector = Collector(BINARY)
    for part in np.array_split(np.arange(400), 7):
        target = labels(*["yes" if t else "no" for t in truth[part]])
        collector.add(who[part], target, np.ones(len(part), bool), None, score[part], None)
    assert collector.versions == ("a", "b") and (collector.rows("a"), collector.rows("b")) == (300, 100)
    for name in ("a", "b"):
        signal = collector.measure(name, [AUC]).signals[0]
        assert signal.value == pytest.approx(sk.roc_auc_score(truth[who == name], score[who == name]), abs=1e-12)
        assert signal.n == collector.rows(name)
    assert collector.measure("a", [AUC]).signals[0].lower > collector.measure("b", [AUC]).signals[0].upper  # type: ignore[operator]


@pytest.mark.parametrize(
    ("coding", "args", "metric", "says"),
    [
        (BINARY, (labels("yes", "no"), labels("yes", "no")), AUC, "the data has no score, which auc needs"),
        (NUMBER, (numbers(1, 2),), MAE, "the data has no prediction, which mae needs"),
        (BINARY, (labels("yes", "yes"), None, [0.1, 0.2]), AUC, ""),  # one class
    ],
)
def test_what_the_data_does_not_give_is_unknown_with_a_reason(
    coding: Coding, args: tuple, metric: Instrument, says: str
) -> None:
    signal = collected(coding, *args).measure("", [metric]).signals[0]
    assert signal.state == "unknown" and signal.value is None and says in (signal.message or "") and signal.message


def test_the_target_alone_is_enough_for_its_mean() -> None:
    assert collected(BINARY, labels("yes", "no", "no", "no")).measure("", [MEAN]).signals[0].value == 0.25


@pytest.mark.parametrize(
    ("answer", "state", "says"),
    [
        (ZeroDivisionError("no"), "error", "ZeroDivisionError: no"),
        (LifecycleError("bad", hint="mend it"), "error", "bad (mend it)"),
        (PluginFault("m", "hung", "took 10 s", file="/p/m.py", line=4), "error", "plugin m: took 10 s (/p/m.py:4)"),
        ("0.5", "error", "returned str"),
        (math.nan, "unknown", "not a number"),
        (None, "unknown", "no value"),
        (np.float64(0.5), "ok", ""),
    ],
)
def test_a_metric_of_the_teams_costs_itself_only(answer: Any, state: str, says: str) -> None:
    class Own:
        def measure(self, found: Outcomes) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

    info = PluginInfo("metric", "m", "drop-in", "/p/m.py", 4, tasks=("regression",), needs="target")
    found = collected(NUMBER, numbers(1, 2), numbers(1, 3)).measure("", [Instrument(info, {"": Own()}), MAE])
    own, ours = found.signals
    assert own.state == state and own.name == "m" and says in (own.message or "")
    assert (own.value == 0.5) == (state == "ok")
    assert ours.value == 0.5 and ours.state == "ok"


def shown(signals: tuple[Signal, ...]) -> list[tuple]:
    return [(s.name, s.value, s.lower, s.upper, s.n) for s in signals]


row = st.tuples(
    st.sampled_from(["yes", "no", None]),
    st.one_of(st.floats(0, 1, width=32), st.just(math.nan)),
    st.sampled_from(["v1", "v2"]),
    st.integers(0, 3),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(row, min_size=1, max_size=60), st.randoms(use_true_random=False), st.integers(1, 5))
def test_order_and_batches_change_no_bit(rows: list[tuple], random: Any, pieces: int) -> None:
    def run(table: list[tuple], cuts: int) -> dict[str, list[tuple]]:
        collector = Collector(BINARY)
        for at in np.array_split(np.arange(len(table)), cuts):
            part = [table[i] for i in at]
            if not part:
                continue
            truth, score, version, day, known = zip(*part, strict=True)
            collector.add(
                np.array(version, object), labels(*truth), np.array(known), None, np.array(score), np.array(day)
            )
        return {v: shown(collector.measure(v, [AUC, ACCURACY, MEAN]).signals) for v in collector.versions}

    other = list(rows)
    random.shuffle(other)
    assert run(rows, 1) == run(other, pieces)


def test_groups_stay_with_their_rows() -> None:
    town = np.array(["b", "", "a", "z", "b"], object)
    score = [0.9, 0.2, 0.5, 0.4, math.nan]
    found = outcomes(
        BINARY,
        labels("yes", "no", "yes", None, "no"),
        None,
        score,
        groups={"town": town, "n": np.array([*"12345"], object)},
    )
    assert list(found.groups) == ["town", "n"]
    rows = zip(found.score.tolist(), found.groups["town"].tolist(), found.groups["n"].tolist(), strict=True)  # type: ignore[union-attr]
    assert sorted(rows) == [(0.2, "", "2"), (0.5, "a", "3"), (0.9, "b", "1")]
    assert outcomes(BINARY, labels("yes"), None, [0.5]).groups == {}


def test_groups_of_each_version_and_batch_are_its_own() -> None:
    collector = Collector(NUMBER)
    for at in (0, 2):
        versions, town = np.array(["a", "b"], object), np.array([f"t{at}", f"t{at + 1}"], object)
        collector.add(versions, numbers(at, at + 1), np.array([True, True]), numbers(0, 0), None, None, {"town": town})
    for version, expected in (("a", [(0.0, "t0"), (2.0, "t2")]), ("b", [(1.0, "t1"), (3.0, "t3")])):
        found = collector.outcomes(version)
        assert found is not None
        assert sorted(zip(found.target.tolist(), found.groups["town"].tolist(), strict=True)) == expected


@given(st.permutations(range(24)))
@settings(max_examples=25, deadline=None)
def test_groups_change_no_bit_of_the_other_arrays_nor_does_the_order_of_rows_theirs(order: list[int]) -> None:
    rng = np.random.default_rng(1)
    target, said = rng.integers(0, 3, 24) / 3, rng.integers(0, 2, 24) / 7
    day, town = rng.integers(0, 2, 24), rng.choice(["", "x", "y"], 24).astype(object)

    def of(at: list[int], with_groups: bool = True) -> Outcomes:
        groups = {"town": town[at]} if with_groups else None
        return outcomes(NUMBER, numbers(*target[at]), numbers(*said[at]), day=day[at], groups=groups)

    first, moved, plain = of(list(range(24))), of(order), of(order, False)
    for name in ("target", "prediction", "day"):
        assert getattr(first, name).tolist() == getattr(moved, name).tolist() == getattr(plain, name).tolist()
    assert first.groups["town"].tolist() == moved.groups["town"].tolist()


@pytest.mark.parametrize("coding", [BINARY, MULTI, NUMBER])
def test_versions_side_by_side_have_the_groups_of_their_rows(coding: Coding) -> None:
    texts = np.array(["yes", "no", "maybe", "no"] if coding is BINARY else ["a", "b", "c", "b"], object)
    target = np.arange(4.0) if coding is NUMBER else texts
    said = target.copy()
    said[3] = np.nan if coding is NUMBER else None
    found = side_by_side(
        coding, target, [Said(target), Said(said)], groups={"town": np.array(["x", "", "y", "z"], object)}
    )
    assert len(found) == (2 if coding is BINARY else 3)
    for one in found.outcomes:
        assert one.groups["town"].tolist() == ["x", "", "y"][: len(found)]
    assert side_by_side(coding, target, [Said(target)]).outcomes[0].groups == {}


def test_queries_are_numbers_that_do_not_depend_on_the_order_of_rows() -> None:
    coding = Coding("ranking", query="session")
    session, place = ["s2", "s1", "", "s2"], ["x", "y", "x", "y"]
    target, said = [1.0, 0.0, 3.0, 0.0], [0.1, 0.2, 0.3, 0.4]
    found = []
    for at in ([0, 1, 2, 3], [3, 0, 2, 1]):
        groups = {n: np.array(v, object)[at] for n, v in (("session", session), ("place", place))}
        rows = outcomes(coding, numbers(*(target[i] for i in at)), numbers(*(said[i] for i in at)), groups=groups)
        assert rows.query is not None and list(rows.groups) == ["place"]
        found.append(sorted(zip(rows.target.tolist(), rows.query.tolist(), rows.groups["place"].tolist(), strict=True)))
    assert found[0] == found[1] == [(0.0, 0, "y"), (0.0, 1, "y"), (1.0, 1, "x"), (3.0, -1, "x")]
    by_score = outcomes(coding, numbers(1, 0), None, [0.3, 0.7], groups={"session": np.array(["a", "a"], object)})
    assert by_score.prediction is not None and by_score.prediction is by_score.score
    assert outcomes(Coding("ranking"), numbers(1), numbers(1)).query is None
