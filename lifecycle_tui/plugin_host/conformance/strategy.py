"""Checks of strategies: they learn from small tables of each task, and what they make can be loaded and predicts."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.delivery import FitRequest, FitResult
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.plugin_host.conformance import columns, common
from lifecycle_tui.plugin_host.conformance.base import Check, Failed, Skipped
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.plugin_host.results import BadResult, as_fit

if TYPE_CHECKING:
    from lifecycle_tui.domain.specs import Task
    from lifecycle_tui.plugin_host.conformance.bench import Bench

ROWS = 120
TASKS: tuple[Task, ...] = ("binary", "regression", "multiclass")
ESTIMATOR = "sgd"
"""The quickest that can be gone on with."""
HINT = "raise api.TrainingError to tell a person why nothing can be learned: it is no fault"


def checks(info: PluginInfo) -> Iterator[Check]:
    """All checks of a strategy, in order."""
    yield from common.checks(info)
    yield Check("fits", "gives a FitResult for a small table of a task that it takes", fits, "made")
    yield Check("predicts", "makes an artefact that is loaded again and predicts every row", predicts, "fits")
    yield Check("same-twice", "makes the same of the same rows, whatever the seeds", same_twice, "predicts")
    yield Check("goes-on", "takes a champion to go on from", goes_on, "predicts")
    yield Check("missing-values", "takes features with missing values and labels in many scripts", missing, "fits")
    yield Check("few-rows", "learns from a single row, or says with a TrainingError why not", few, "fits")
    yield Check("one-class", "learns from rows of one class, or says with a TrainingError why not", one_class, "fits")
    yield Check("input-unchanged", "leaves its request as it was", unchanged, "fits")


def request(bench: Bench, task: Task, *, rows: int = ROWS, spoilt: bool = False, seed: int = 7) -> FitRequest:
    """Rows of a task that can be learned."""
    import pyarrow as pa

    rng = random.Random(seed)
    size = [rng.gauss(10, 3) for _ in range(rows)]
    place = [rng.choice(columns.WORDS) for _ in range(rows)]
    labels = ["yes" if s + rng.gauss(0, 1) > 10 else "no" for s in size]
    labels[:3] = ["yes", "no", "yes"][:rows]
    truth: dict[str, list[Any]] = {
        "binary": labels,
        "multiclass": [("low", "mid", "high")[min(2, max(0, int(s // 4) - 1))] for s in size],
        "regression": [3 * s + rng.gauss(0, 1) for s in size],
    }
    if spoilt:
        size = [None if i % 7 == 0 else s for i, s in enumerate(size)]  # type: ignore[misc]
        place = [(None if i % 11 == 0 else columns.ODD[i % 8] or p) for i, p in enumerate(place)]  # type: ignore[misc]
    table = pa.table({"size": columns.numbers(size), "place": columns.texts(place).dictionary_encode()})
    kind = "numeric" if task == "regression" else "categorical"
    target = columns.column(kind, truth[task]).combine_chunks()
    start = 1_740_000_000_000_000
    time = pa.chunked_array([pa.array([start + i * 60_000_000 for i in range(rows)], pa.int64())]).combine_chunks()
    return FitRequest(
        "toy", task, table, target, time, {"size": "numeric", "place": "categorical"}, ESTIMATOR,
        positive="yes" if task == "binary" else None, cutoff=None, folder=bench.scratch,
    )  # fmt: skip


def fit(bench: Bench, asked: FitRequest) -> FitResult:
    """A checked result by a new object.

    Raises:
        Failed: it is none.
        TrainingError: the strategy says so.
    """
    result = bench.make().fit(asked)
    try:
        return as_fit(result)
    except BadResult as exc:
        raise Failed("a FitResult", str(exc), method="fit") from None


def _taken(bench: Bench) -> Iterator[tuple[Task, FitRequest, FitResult]]:
    """(task, request, result) for each task that the strategy takes.

    Raises:
        Failed: it takes none.
    """
    refused = ""
    taken = False
    for task in TASKS:
        asked = request(bench, task)
        try:
            result = fit(bench, asked)
        except TrainingError as exc:
            refused = exc.message
            continue
        taken = True
        yield task, asked, result
    if not taken:
        raise Failed(f"{ROWS} rows of one of {', '.join(TASKS)} to be learned from", refused, HINT, method="fit")


def fits(bench: Bench) -> None:
    for task, _, result in _taken(bench):
        if not 0 < result.rows <= ROWS:
            raise Failed(
                f"rows between 1 and {ROWS}", f"{result.rows} ({task})", "the rows it learned from", method="fit"
            )


def _predictions(bench: Bench, task: str, asked: FitRequest, result: FitResult) -> list[Any]:
    model = bench.api.load_model(replace(asked, parent=result.artifact))
    found = model.predict(asked.table)
    values: list[Any] = found.prediction.tolist()
    if len(values) != ROWS:
        raise Failed(f"{ROWS} predictions ({task})", str(len(values)), method="fit")
    return values


def predicts(bench: Bench) -> None:
    for task, asked, result in _taken(bench):
        try:
            _predictions(bench, task, asked, result)
        except TrainingError as exc:
            hint = "artifact is what api.dump_model(model, request) gives"
            raise Failed(f"an artefact that can be loaded ({task})", exc.message, hint, method="fit") from None


def same_twice(bench: Bench) -> None:
    import numpy as np

    for task, asked, result in _taken(bench):
        random.seed(99)
        np.random.seed(99)
        again = fit(bench, asked)
        if _predictions(bench, task, asked, result) != _predictions(bench, task, asked, again):
            hint = "give every generator a fixed seed"
            raise Failed(f"the same predictions ({task})", "others", hint, method="fit")


def goes_on(bench: Bench) -> None:
    from datetime import UTC, datetime

    for task, asked, result in _taken(bench):
        end = datetime.fromtimestamp(asked.time[ROWS // 2].as_py() / 1e6, UTC)  # type: ignore[index]
        later = replace(asked, parent=result.artifact, parent_end=end)
        _predictions(bench, task, asked, fit(bench, later))


def missing(bench: Bench) -> None:
    for task in TASKS:
        try:
            fit(bench, request(bench, task, spoilt=True))
        except TrainingError:
            continue


def few(bench: Bench) -> None:
    for task in TASKS:
        _or_said(bench, request(bench, task, rows=1))


def one_class(bench: Bench) -> None:
    import pyarrow as pa

    for task in TASKS[::2]:
        _or_said(bench, replace(request(bench, task), target=pa.array(["yes"] * ROWS)))


def _or_said(bench: Bench, asked: FitRequest) -> None:
    try:
        fit(bench, asked)
    except (TrainingError, Failed):
        return
    except Exception as exc:
        raise Failed("a FitResult or a TrainingError", f"{type(exc).__name__}: {exc}", HINT, method="fit") from exc


def unchanged(bench: Bench) -> None:
    for task in TASKS:
        asked, kept = request(bench, task), request(bench, task)
        try:
            fit(bench, asked)
        except TrainingError:
            continue
        if not (asked.table.equals(kept.table) and asked.target.equals(kept.target) and asked.kinds == kept.kinds):
            raise Failed("the request as it was", f"a changed one ({task})", "work on a copy", method="fit")
        return
    raise Skipped("it learns from none of the small tables")
