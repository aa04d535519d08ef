"""Checks of metrics: rows as production brings them, and that the number means what the class declares."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.plugin_host.conformance import common
from lifecycle_tui.plugin_host.conformance.base import Check, Failed, Skipped
from lifecycle_tui.plugin_host.conformance.columns import MANY
from lifecycle_tui.plugin_host.conformance.outcomes import ROWS, cut, equal, ordinary
from lifecycle_tui.plugin_host.info import PluginInfo

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.conformance.bench import Bench

Case = Callable[[str], Outcomes]
"""A task → rows."""
BINARY, CLASSES, NUMBERS = ("binary",), ("binary", "multiclass"), ("regression", "ranking")
TASKS = (*CLASSES, *NUMBERS)
NONE_HINT = "return Measurement(None, message=…) where the rows give no number"


def checks(info: PluginInfo) -> Iterator[Check]:
    """All checks of a metric, in order."""
    yield from common.checks(info)
    yield Check(
        "measures", "gives a finite number within its range for ordinary rows of each of its tasks", measures, "made"
    )
    yield Check("needs", f"asks for no more than it declares (needs = {info.needs!r})", needs, "measures")
    for name, says, tasks, case in CASES:
        applies = set(tasks) & set(info.tasks) and (info.needs == "score" or name not in OF_SCORES)
        if applies:
            demand = f"gives a number within its range or None for {says}"
            yield Check(name, demand, partial(survives, tasks, case), "measures")
    yield Check("no-groups", "works, or says which group it wants, where a model declares none", no_groups, "measures")
    yield Check("same-twice", "gives the same number for the same rows, whatever the seeds", same_twice, "measures")
    yield Check("weights", "gives the same with a weight of one for each row as without weights", weights, "same-twice")
    yield Check("input-unchanged", "leaves its input as it was", unchanged, "measures")
    if info.greater_is_better is not None and info.needs != "target":
        yield Check("direction", "says of a right model that it is no worse than a wrong one", direction, "measures")
    yield Check("fast", "measures 100,000 rows within 2 s of processor time", fast, "measures")


def _one_class(value: int, task: str) -> Outcomes:
    """All rows of one class: a week without a sale, or with nothing else."""
    import numpy as np

    whole = ordinary(task)
    if task == "binary":
        return replace(whole, target=np.full(ROWS, value, np.int8))
    return replace(whole, target=np.full(ROWS, whole.classes[value], object))


def _constant(task: str) -> Outcomes:
    """A model that always says the same."""
    import numpy as np

    whole = ordinary(task)
    assert whole.prediction is not None
    same = np.full(ROWS, whole.prediction[0], whole.prediction.dtype)
    score = None if whole.score is None else np.full_like(whole.score, 1 / max(2, len(whole.classes)))
    return replace(whole, prediction=same, score=score)


def _target(value: float, task: str) -> Outcomes:
    import numpy as np

    return replace(ordinary(task), target=np.full(ROWS, value))


def _huge(task: str) -> Outcomes:
    whole = ordinary(task)
    assert whole.prediction is not None
    return replace(whole, target=whole.target * 1e150, prediction=whole.prediction * -1e150)


def _certain(task: str) -> Outcomes:
    """Scores of exactly 0 and 1, some of them wrong."""
    whole = ordinary(task, noise=1.0)
    assert whole.score is not None
    return replace(whole, score=(whole.score >= 0.5).astype(float))


def _unscaled(task: str) -> Outcomes:
    """Scores that are no probabilities, as a margin or a log-odds is."""
    whole = ordinary(task)
    assert whole.score is not None
    return replace(whole, score=whole.score * 40 - 20)


def _no_group_known(task: str) -> Outcomes:
    import numpy as np

    whole = ordinary(task)
    return replace(whole, groups={name: np.full(ROWS, "", object) for name in whole.groups})


CASES: tuple[tuple[str, str, tuple[str, ...], Case], ...] = (
    ("one-row", "a single row", TASKS, lambda task: cut(ordinary(task), slice(0, 1))),
    ("two-rows", "two rows", TASKS, lambda task: cut(ordinary(task), slice(0, 2))),
    ("no-rows", "no row at all", TASKS, lambda task: cut(ordinary(task), slice(0, 0))),
    ("all-positive", "rows of one class only", CLASSES, partial(_one_class, 1)),
    ("all-negative", "rows of the other class only", CLASSES, partial(_one_class, 0)),
    ("constant-model", "a model that always says the same", TASKS, _constant),
    ("constant-target", "a target that is always the same", NUMBERS, partial(_target, 5.0)),
    ("zero-target", "a target that is always 0", NUMBERS, partial(_target, 0.0)),
    ("huge-numbers", "numbers around 1e150", NUMBERS, _huge),
    ("right", "a model that is always right", TASKS, lambda task: ordinary(task, noise=0.0)),
    ("wrong", "a model that is always wrong", TASKS, lambda task: ordinary(task, noise=-0.01)),
    ("certain", "scores of exactly 0 and 1", CLASSES, _certain),
    ("unscaled", "scores that are no probabilities", BINARY, _unscaled),
    ("no-days", "rows without days", TASKS, lambda task: replace(ordinary(task), day=None)),
    ("unknown-group", "rows of which no group is known", TASKS, _no_group_known),
)
"""Name, what the rows are like, tasks that have such rows, the rows."""
OF_SCORES = ("certain", "unscaled")


# -- the checks -------------------------------------------------------------------------------------------------------


def measure(bench: Bench, outcomes: Outcomes, by: Any = None) -> Any:
    """A checked measurement by a new object.

    Raises:
        Failed: it is none, or outside the range that the class declares.
    """
    found = bench.checked((by or bench.make()).measure(outcomes))
    low, high = bench.info.range
    for name in ("value", "lower", "upper"):
        value = getattr(found, name)
        slack = 1e-9 * max(1.0, abs(value or 0.0))
        outside = value is not None and (
            (low is not None and value < low - slack) or (high is not None and value > high + slack)
        )
        if outside:
            hint = "widen `range`, or cut the interval's ends off there"
            raise Failed(f"a {name} within {_range(low, high)}", f"{value:.6g}", hint, method="measure")
    return found


def _range(low: float | None, high: float | None) -> str:
    return f"{'-∞' if low is None else f'{low:g}'} to {'∞' if high is None else f'{high:g}'}"


def measures(bench: Bench) -> None:
    for task in bench.info.tasks:
        found = measure(bench, ordinary(task))
        if found.value is None:
            said = f"none ({found.message})" if found.message else "none"
            raise Failed(f"a number for {ROWS} ordinary rows of a {task} model", said, method="measure")


def needs(bench: Bench) -> None:
    for task in bench.info.tasks:
        whole = ordinary(task)
        if bench.info.needs == "score":
            if whole.score is None:
                raise Failed("needs of which its tasks have any", f"no {task} model has scores", "declare other tasks")
            whole = replace(whole, prediction=None)
        elif bench.info.needs == "prediction":
            whole = replace(whole, score=None)
        else:
            whole = replace(whole, score=None, prediction=None)
        try:
            found = measure(bench, whole)
        except Failed:
            raise
        except Exception as exc:
            came = f"{type(exc).__name__}: {exc}"
            hint = "models may have no more than that: declare what it needs"
            raise Failed(f"a number from {bench.info.needs} alone", came, hint, method="measure") from exc
        if found.value is None:
            hint = "models may have no more than that: declare what it needs"
            raise Failed(f"a number from {bench.info.needs} alone", found.message or "none", hint, method="measure")


def survives(tasks: tuple[str, ...], case: Case, bench: Bench) -> None:
    for task in bench.info.tasks:
        if task in tasks:
            try:
                measure(bench, case(task))
            except Failed as failed:
                expected, hint = f"{failed.expected} ({task})", failed.hint or NONE_HINT
                raise Failed(expected, failed.came, hint, method="measure") from None


def no_groups(bench: Bench) -> None:
    """A metric of groups may fail here, if what it raises names the group."""
    for task in bench.info.tasks:
        try:
            measure(bench, replace(ordinary(task), groups={}))
        except (LookupError, ValueError) as exc:
            given = [str(v) for v in bench.given().values()]
            if not any(word in str(exc) for word in given if word):
                hint = "outcomes.groups[column] raises a KeyError that names the column"
                raise Failed(
                    "an error that names the group", f"{type(exc).__name__}: {exc}", hint, method="measure"
                ) from exc


def weights(bench: Bench) -> None:
    import numpy as np

    for task in bench.info.tasks:
        one = measure(bench, ordinary(task))
        two = measure(bench, replace(ordinary(task), weight=np.ones(ROWS)))
        if one.value is None or two.value is None or abs(one.value - two.value) > 1e-9 * max(1.0, abs(one.value)):
            raise Failed(f"{one.value}, as without weights", str(two.value), method="measure")


def same_twice(bench: Bench) -> None:
    import numpy as np

    for task in bench.info.tasks:
        found = []
        for seed in (1, 2):
            random.seed(seed)
            np.random.seed(seed)
            found.append(measure(bench, ordinary(task)))
        hint = "draw from numpy.random.default_rng(0), never from the shared generators"
        bench.same(found[0], found[1], "the same result for the same rows", hint)


def unchanged(bench: Bench) -> None:
    for task in bench.info.tasks:
        given = ordinary(task)
        bench.make().measure(given)
        if not equal(given, ordinary(task)):
            hint = "work on a copy: the same arrays are given to the other metrics"
            raise Failed("the rows as they were", "others", hint, method="measure")


def direction(bench: Bench) -> None:
    compared = False
    for task in bench.info.tasks:
        right, wrong = (measure(bench, ordinary(task, noise=noise)).value for noise in (0.0, -0.01))
        if right is None or wrong is None:
            continue
        compared = True
        better = right >= wrong if bench.info.greater_is_better else right <= wrong
        if not better:
            expected = f"greater_is_better = {not bench.info.greater_is_better}"
            came = f"{right:.4g} for a {task} model that is right, {wrong:.4g} for one that is wrong"
            raise Failed(expected, came, "or None where neither end is better: gates and charts believe it")
    if not compared:
        raise Skipped("it has no number for a model that is always right, or always wrong")


def fast(bench: Bench) -> None:
    from lifecycle_tui.plugin_host.conformance.bench import CPU_SECONDS

    for task in bench.info.tasks:
        outcomes, one = ordinary(task, MANY), bench.make()
        begin = time.process_time()
        one.measure(outcomes)
        took = time.process_time() - begin
        if took > CPU_SECONDS:
            raise Failed(f"at most {CPU_SECONDS:g} s for {MANY:,} rows", f"{took:.1f} s", method="measure")
