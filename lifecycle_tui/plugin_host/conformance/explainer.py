"""Checks of explainers: rows that can be scored, and one finite number for each row and feature."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.explaining import ExplainRequest, Explanation
from lifecycle_tui.plugin_host.conformance import columns, common
from lifecycle_tui.plugin_host.conformance.base import Check, Failed
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.plugin_host.results import BadResult

if TYPE_CHECKING:
    import pyarrow as pa

    from lifecycle_tui.domain.specs import Task
    from lifecycle_tui.plugin_host.conformance.bench import Bench

ROWS, USUAL = 6, 40
WIDE = 20
CPU_SECONDS = 2.0
CLASSES = {"binary": ("no", "yes"), "multiclass": ("high", "low", "mid")}
CLOSE = 1e-9
"""Differences below it are rounding."""


def checks(info: PluginInfo) -> Iterator[Check]:
    """All checks of an explainer, in order."""
    yield from common.checks(info)
    yield Check("probes", "gives rows to score for each task that it takes", probes, "made")
    yield Check("explains", "explains scores with another object than the one that asked for them", explains, "probes")
    yield Check("same-twice", "gives the same for the same request, whatever the seeds", same_twice, "explains")
    yield Check("constant", "gives no feature a part in a score that is always the same", constant, "explains")
    yield Check("missing-values", "takes missing values, and labels in many scripts", missing, "explains")
    yield Check("one-row", "takes one row, one feature and one background row", one_row, "explains")
    yield Check("input-unchanged", "leaves its request and the scores as they were", unchanged, "explains")
    yield Check("fast", f"takes at most {CPU_SECONDS:g} s of processor time for {WIDE} features", fast, "explains")


def request(
    task: Task, *, rows: int = ROWS, usual: int = USUAL, spoilt: bool = False, features: int = 3
) -> ExplainRequest:  # fmt: skip
    """Rows of a task to be explained: every third feature is categorical, the others are numbers."""
    whole, kinds = _table(rows + usual, features, spoilt)
    classes = CLASSES.get(task, ())
    label = classes[1] if classes else ""
    return ExplainRequest("toy", task, whole.slice(0, rows), whole.slice(rows), kinds, label, classes)


def _table(rows: int, features: int, spoilt: bool) -> tuple[pa.Table, dict[str, Any]]:
    import pyarrow as pa

    rng = random.Random(7)
    found: dict[str, Any] = {}
    kinds: dict[str, Any] = {}
    for place in range(features):
        if place % 3 == 2:
            words = [rng.choice(columns.WORDS) for _ in range(rows)]
            labels = [columns.ODD[i % len(columns.ODD)] if i % 5 else None for i in range(rows)] if spoilt else words
            found[f"c{place}"], kinds[f"c{place}"] = columns.texts(labels).dictionary_encode(), "categorical"
        else:
            values = [float("nan") if spoilt and i % 3 == 0 else rng.gauss(10, 3) for i in range(rows)]
            found[f"n{place}"], kinds[f"n{place}"] = columns.numbers(values), "numeric"
    return pa.table(found), kinds


def score(probe: pa.Table, *, flat: bool = False) -> pa.Array:
    """What a version might say: a weighted sum, in which missing numbers count nothing, squeezed into 0 to 1."""
    import math

    total = [0.0] * probe.num_rows
    for place, column in enumerate(probe.columns):
        for i, value in enumerate(column.to_pylist()):
            part = len(value) if isinstance(value, str) else 0.0 if value is None or value != value else value
            total[i] += (place + 1) * min(part, 50.0)
    said = [0.25 if flat else 1 / (1 + math.exp(-(t / (10 * probe.num_columns) - 2))) for t in total]
    return columns.numbers(said).combine_chunks()


def ask(bench: Bench, asked: ExplainRequest) -> pa.Table:
    """The checked rows that a new object of it wants scored.

    Raises:
        Failed: they cannot be.
    """
    from lifecycle_tui.plugin_host.explained import as_probe

    try:
        return as_probe(bench.make().probe(asked), asked)
    except BadResult as exc:
        raise Failed("a table of rows to score", str(exc), "take them from request.rows", method="probe") from None


def explain(bench: Bench, asked: ExplainRequest, scores: Any) -> Explanation:
    """The checked explanation of another new object.

    Raises:
        Failed: it is none.
    """
    from lifecycle_tui.plugin_host.explained import as_explanation

    try:
        return as_explanation(bench.make().explain(asked, scores), asked)
    except BadResult as exc:
        hint = "return Explanation(base, {feature: [one number a row]})"
        raise Failed("an Explanation", str(exc), hint, method="explain") from None


def _both(bench: Bench, asked: ExplainRequest) -> Explanation:
    return explain(bench, asked, score(ask(bench, asked)))


def _requests(bench: Bench, **more: Any) -> Iterator[ExplainRequest]:
    return (request(task, **more) for task in bench.info.tasks)  # type: ignore[arg-type]


def probes(bench: Bench) -> None:
    for asked in _requests(bench):
        ask(bench, asked)


def explains(bench: Bench) -> None:
    for asked in _requests(bench):
        _both(bench, asked)


def same_twice(bench: Bench) -> None:
    import numpy as np

    for asked in _requests(bench):
        one, first = ask(bench, asked), _both(bench, asked)
        random.seed(99)
        np.random.seed(99)
        hint = "give every generator request.seed"
        if not one.equals(ask(bench, asked)):
            raise Failed("the same rows to score for the same request", "others", hint, method="probe")
        if first != _both(bench, asked):
            raise Failed("the same explanation of the same request", "another", hint, method="explain")


def constant(bench: Bench) -> None:
    for asked in _requests(bench):
        found = explain(bench, asked, score(ask(bench, asked), flat=True))
        for name, values in found.contributions.items():
            if any(abs(value) > CLOSE for value in values):
                came = f"{max(values, key=abs):.6g} for {name!r}"
                raise Failed("contributions of 0 where the score never changes", came, method="explain")


def missing(bench: Bench) -> None:
    for asked in _requests(bench, spoilt=True):
        _both(bench, asked)


def one_row(bench: Bench) -> None:
    for asked in _requests(bench, rows=1, usual=1, features=1):
        _both(bench, asked)


def unchanged(bench: Bench) -> None:
    for asked in _requests(bench):
        kept = request(asked.task)
        scores = score(ask(bench, asked))
        before = scores.to_pylist()
        explain(bench, asked, scores)
        same = asked.rows.equals(kept.rows) and asked.background.equals(kept.background) and asked.kinds == kept.kinds
        if not same or scores.to_pylist() != before:
            raise Failed("the request and the scores as they were", "changed ones", "work on a copy", method="explain")


def fast(bench: Bench) -> None:
    """Its own time alone: what scoring costs is the version's affair."""
    asked = next(iter(_requests(bench, features=WIDE)))
    begin = time.process_time()
    probe = ask(bench, asked)
    took = time.process_time() - begin
    scores = columns.numbers([0.5] * probe.num_rows).combine_chunks()
    begin = time.process_time()
    explain(bench, asked, scores)
    took += time.process_time() - begin
    if took > CPU_SECONDS:
        raise Failed(f"at most {CPU_SECONDS:g} s", f"{took:.1f} s", "take fewer background rows", method="probe")
