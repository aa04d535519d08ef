"""Simulated worlds: a reference and one window, with something done to it. Used by `test_monitoring_reading`.

Features: x1, x2, x3 (normal) and a category c; the score is the true P(y | features) of the reference's world.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from lifecycle_tui.builtin.detectors.chi2 import Chi2
from lifecycle_tui.builtin.detectors.ks import Ks
from lifecycle_tui.builtin.detectors.missing import Missing
from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring.columns import ColumnData, Judging, measure_columns
from lifecycle_tui.monitoring.instruments import Instrument, Instruments
from lifecycle_tui.monitoring.reading import Evidence, read_window
from lifecycle_tui.monitoring.reading_faults import column_faults, label_faults
from lifecycle_tui.monitoring.reading_tables import Gaps, compare, count, freeze
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.profiles.profiler import Profiler
from lifecycle_tui.stats.metrics_scores import roc_auc

CLASSES = ("0", "1")
NUMERIC = ("x1", "x2", "x3", "score")
WEIGHTS = np.array([1.2, -0.8, 0.5])


@dataclass(frozen=True)
class World:
    """Rows: features (n, 3), category (n,) object, score (n,), target (n,) int8; `labels` whether they are in."""

    x: np.ndarray
    c: np.ndarray
    score: np.ndarray
    y: np.ndarray
    labels: bool = True
    strange: int = 0


def logit(x: np.ndarray, c: np.ndarray, weights: np.ndarray = WEIGHTS) -> np.ndarray:
    """Log-odds of the target; missing values count as 0, unknown categories as neither."""
    return np.nan_to_num(x) @ weights + np.where(c == "a", 0.6, np.where(c == "b", -0.6, 0.0)) - 0.4


def expit(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def made(
    rng: np.random.Generator, n: int, *, at: tuple[float, ...] = (0, 0, 0), weights: np.ndarray = WEIGHTS
) -> World:
    x = rng.normal(size=(n, 3)) + np.array(at)
    c = rng.choice(np.array(["a", "b", "d"], object), n, p=[0.5, 0.3, 0.2])
    y = (rng.random(n) < expit(logit(x, c, weights))).astype(np.int8)
    return World(x, c, expit(logit(x, c)), y)


def rescored(world: World, x: np.ndarray, c: np.ndarray | None = None) -> World:
    """The same people, seen through a feed that changed; the model scores what it is given."""
    c = world.c if c is None else c
    return replace(world, x=x, c=c, score=expit(np.clip(logit(x, c), -500, 500)))


def nothing(rng: np.random.Generator, n: int) -> World:
    return made(rng, n)


def nulls(rng: np.random.Generator, n: int) -> World:
    world = made(rng, n)
    x = world.x.copy()
    x[rng.random(n) < 0.4, 0] = np.nan
    return rescored(world, x)


def thousandfold(rng: np.random.Generator, n: int) -> World:
    world = made(rng, n)
    return rescored(world, world.x * np.array([1, 1000, 1]))


def new_code(rng: np.random.Generator, n: int) -> World:
    world = made(rng, n)
    c = world.c.copy()
    c[rng.random(n) < 0.3] = "A1"
    return rescored(world, world.x, c)


def stuck(rng: np.random.Generator, n: int) -> World:
    world = made(rng, n)
    x = world.x.copy()
    x[:, 2] = 0.125
    return rescored(world, x)


def covariate(rng: np.random.Generator, n: int) -> World:
    return made(rng, n, at=(0.7, -0.4, 0))


def label_shift(rng: np.random.Generator, n: int) -> World:
    world = made(rng, 6 * n)
    positive, negative = np.flatnonzero(world.y == 1), np.flatnonzero(world.y == 0)
    at = np.concatenate([positive[: round(0.7 * n)], negative[: n - round(0.7 * n)]])
    return World(world.x[at], world.c[at], world.score[at], world.y[at])


def flipped(rng: np.random.Generator, n: int) -> World:
    return made(rng, n, weights=-WEIGHTS)


def rotated(rng: np.random.Generator, n: int) -> World:
    return made(rng, n, weights=np.array([0.3, -0.2, 1.4]))


def one_label(rng: np.random.Generator, n: int) -> World:
    return replace(made(rng, n), y=np.zeros(n, np.int8))


def other_labels(rng: np.random.Generator, n: int) -> World:
    """Half of the labels are written in another way, and are neither class."""
    world = made(rng, n)
    half = n // 2
    return replace(world, x=world.x, y=world.y, strange=half)


def unlabelled_covariate(rng: np.random.Generator, n: int) -> World:
    return replace(covariate(rng, n), labels=False)


WORLDS: dict[str, tuple[Callable[[np.random.Generator, int], World], str]] = {
    "nothing": (nothing, "none"),
    "nulls": (nulls, "data"),
    "thousandfold": (thousandfold, "data"),
    "new code": (new_code, "data"),
    "stuck": (stuck, "data"),
    "covariate": (covariate, "covariate"),
    "covariate, no labels": (unlabelled_covariate, "covariate"),
    "label": (label_shift, "label"),
    "flipped": (flipped, "concept"),
    "rotated": (rotated, "concept"),
    "one label": (one_label, "data"),
    "other labels": (other_labels, "data"),
}


def profiled(world: World, reference: dict[str, ColumnData] | None = None) -> dict[str, ColumnData]:
    columns: dict[str, Any] = {f"x{i + 1}": pa.array(world.x[:, i]) for i in range(3)}
    columns |= {"score": pa.array(world.score), "c": pa.array(world.c.tolist()).dictionary_encode()}
    found = {}
    for name, values in columns.items():
        kind: Any = "numeric" if name in NUMERIC else "categorical"
        profiler = Profiler(kind, None if reference is None else getattr(reference[name].profile, "grid", None))
        profiler.update(values)
        found[name] = ColumnData(kind, profiler.result())
    return found


def instruments() -> Instruments:
    made = []
    for plugin in (Ks(), Chi2(), Missing()):
        info = PluginInfo(
            "detector", plugin.name, "builtin", f"{plugin.name}.py", 1, kinds=tuple(plugin.kinds), takes="profile"
        )
        made.append(Instrument(info, {"": plugin}))
    return Instruments(tuple(made), ())


def outcomes(world: World) -> Outcomes | None:
    if not world.labels:
        return None
    at = slice(world.strange, None)
    return Outcomes(world.y[at], (world.score[at] >= 0.5).astype(np.int8), world.score[at], CLASSES)


def auc(found: Outcomes | None) -> Signal | None:
    if found is None:
        return None
    assert found.score is not None
    value = roc_auc(found.target, found.score)
    return Signal("auc", value.value, value.lower, value.upper, len(found))


def read(name: str, seed: int, *, reference_rows: int = 8_000, rows: int = 2_000) -> Signal:
    """The reading of one simulated world."""
    rng = np.random.default_rng([seed, sorted(WORLDS).index(name)])
    reference, window = made(rng, reference_rows), WORLDS[name][0](rng, rows)
    base = profiled(reference)
    now = profiled(window, base)
    level = 1 / 7
    measured = measure_columns(base, now, instruments(), Judging(min(0.05, level)))
    before, after = outcomes(reference), outcomes(window)
    assert before is not None
    bins = freeze(before)
    first, second = count(before, bins), None if after is None else count(after, bins)
    columns = column_faults(base, now, (), rows)
    labels = label_faults("y", first, second, window.strange, rows if window.labels else 0, None)
    pairs = [(s, b, True) for s, b in [(auc(after), auc(before))] if s is not None and b is not None]
    evidence = Evidence(
        measured.signals,
        frozenset({"score"}),
        (*columns, *labels),
        Gaps() if second is None else compare(first, second),
        pairs,
        {"x1": 0.2, "x2": 0.1, "x3": 0.04, "c": 0.05},
        "permutation",
        0.05,
    )
    return read_window(evidence)
