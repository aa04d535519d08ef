"""The explain job: what each feature adds to the scores that a version gives some rows.

    rows and background → what the version says of the rows → probe → scores of the probe → explanation

The explainer never has the version; the version never has the explainer. Nothing is decided by it and nothing is
stored but the job's outcome, which the command prints.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.work import asked as asking
from lifecycle_tui.agent.work.asked import AskedRows
from lifecycle_tui.agent.work.opening import Opened, opened
from lifecycle_tui.agent.work.question import Question, explainer_of, refuse_ids, version_of
from lifecycle_tui.agent.work.rows import askable
from lifecycle_tui.agent.work.scoring import Versions, predict
from lifecycle_tui.agent.work.simulation import as_simulated
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.errors import LifecycleError, PluginFault, TrainingError, UsageError
from lifecycle_tui.domain.explaining import ExplainRequest, Explanation
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.plugin_host.explained import as_explanation, as_probe
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.plugin_host.results import BadResult
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.training import answers, incoming
from lifecycle_tui.training.estimators import NUMERIC
from lifecycle_tui.training.external import External
from lifecycle_tui.training.fit import Prediction
from lifecycle_tui.training.versions import Scorable

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    import pyarrow as pa

SEED = 0
"""The same question has the same answer."""
CELLS = 200_000
"""Rows times features squared of one request: what explainers ask for grows so."""
AT_ONCE = 200_000
"""Rows of one call of `predict`."""
MOST_FEATURES = 200
"""Features of a row that are written out, those with the largest contributions; the others are summed."""


def explain(job: JobContext, spec: ModelSpec, row: Job) -> dict[str, Any]:
    """Explain the rows that the payload asks about. A question that cannot be answered is `refused` with a `hint`.

    Raises:
        TrainingError: the version cannot be opened, or cannot score.
        LifecycleError: the explainer failed, with its file and line.
    """
    question = Question.of(row.payload)
    try:
        return _explained(job, as_simulated(job, spec), question)
    except UsageError as exc:
        return {"refused": exc.message, "hint": exc.hint}


def _explained(job: JobContext, spec: ModelSpec, question: Question) -> dict[str, Any]:
    with job.state.read() as conn:
        version = version_of(conn, spec, question.version)
    info = explainer_of(job.workspace.plugins, spec, question)
    refuse_ids(spec, question)
    with opened(job, spec) as model, tempfile.TemporaryDirectory(prefix="lifecycle-") as scratch:
        found = Versions(job, spec, Path(scratch)).get(version.number)
        if found.scorable is None:
            raise TrainingError(f"version {version.label} of {spec.name} cannot be opened: {found.why}")
        rows = asking.find(job, model, question, _features(model, version, found.scorable), SEED)
        asked = _Asked(job, model, found.scorable, rows)
        groups = _groups(asked)
        with _charging(job, info):
            explainer = _Guarded(job, model, info, question)
            for label, at in groups:
                _explain_part(asked, explainer, label, at)
        return {
            "model": spec.name, "task": spec.task, "version": version.number, "label": version.label, "by": info.name,
            "background": rows.background.num_rows, "missing": list(rows.missing),
            "rows": [_row(asked, i) for i in range(rows.rows.num_rows)],
            "text": f"{rows.rows.num_rows} rows of {spec.name} explained by {info.name} (version {version.label})",
        }  # fmt: skip


def _features(model: Opened, version: Version, scorable: Scorable) -> tuple[str, ...]:
    """The columns that the version reads; of a program, which does not say, all that it is given when it scores."""
    columns = askable(model.data, version)
    if isinstance(scorable, External):
        return columns
    reads = incoming.kinds_of(version.facts, model.spec, scorable)
    return tuple(name for name in columns if name in reads) or columns


@dataclass
class _Asked:
    """The rows, what the version says of them, and their explanations as they come: by row, (explanation, place)."""

    job: JobContext
    model: Opened
    scorable: Scorable
    rows: AskedRows

    def __post_init__(self) -> None:
        self.said = self.predict(self.rows.rows)
        self.found: dict[int, tuple[Explanation, int, float]] = {}

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels in order, the negative one first in a binary task."""
        spec = self.model.spec
        if spec.task in NUMERIC:
            return ()
        return answers.ends(spec, self.said.classes) if spec.task == "binary" else self.said.classes

    def predict(self, table: pa.Table) -> Prediction:
        """What the version says of rows, in a few calls.

        Raises:
            TrainingError: it cannot.
        """
        import numpy as np

        parts = []
        for start in range(0, max(1, table.num_rows), AT_ONCE):
            parts.append(predict(self.scorable, table.slice(start, AT_ONCE)))
            self.job.check()
        if len(parts) == 1:
            return parts[0]
        scores = [p.score for p in parts if p.score is not None]
        return Prediction(
            np.concatenate([p.prediction for p in parts]),
            np.concatenate(scores) if len(scores) == len(parts) else None, parts[0].classes,
        )  # fmt: skip

    def scores(self, said: Prediction, label: str) -> np.ndarray:
        """The numbers that are explained: (n,) predictions, or the probability of `label`; 1 or 0 without one.

        Raises:
            TrainingError: not one finite number for each row.
        """
        import numpy as np

        if not label:
            found = np.asarray(said.prediction, np.float64)
        elif said.score is None:
            found = np.array([float(str(value) == label) for value in said.prediction.tolist()])
        else:
            score = np.asarray(said.score, np.float64)
            found = score if score.ndim == 1 else score[:, said.classes.index(label)]
        if not np.isfinite(found).all():
            raise TrainingError(f"the version gives no number for {int((~np.isfinite(found)).sum()):,} of its rows")
        return found


def _groups(asked: _Asked) -> list[tuple[str, list[int]]]:
    """(label, positions) of the rows whose score is that label's; "" for numbers. Few at a time where rows are wide."""
    task, n = asked.model.spec.task, asked.rows.rows.num_rows
    labels = [""] * n
    if task == "binary":
        if asked.said.score is None and not asked.said.classes and asked.model.spec.columns.positive is None:
            raise TrainingError("the version gives labels alone, and nothing says which is the positive one")
        labels = [asked.classes[1]] * n
    elif task == "multiclass":
        labels = [str(value) for value in asked.said.prediction.tolist()]
    step = max(1, CELLS // max(1, asked.rows.rows.num_columns) ** 2)
    found = []
    for label in dict.fromkeys(labels):
        at = [i for i in range(n) if labels[i] == label]
        found += [(label, at[start : start + step]) for start in range(0, len(at), step)]
    return found


def _explain_part(asked: _Asked, explainer: _Guarded, label: str, at: list[int]) -> None:
    """Explain some rows by the score of one label."""
    import pyarrow as pa

    kinds = asked.model.data.kinds()
    spec, rows = asked.model.spec, asked.rows.rows.take(pa.array(at))
    request = ExplainRequest(
        spec.name, spec.task, rows, asked.rows.background, {name: kinds[name] for name in rows.column_names}, label,
        asked.classes, SEED,
    )  # fmt: skip
    done, total = len(asked.found), asked.rows.rows.num_rows
    asked.job.progress(done, total, "rows", f"{spec.name}: explaining by {explainer.info.name}")
    probe = explainer.call("probe", as_probe, request)
    scores = pa.array(asked.scores(asked.predict(probe), label))
    found = explainer.call("explain", as_explanation, request, scores)
    own = asked.scores(asked.said, label)
    for place, i in enumerate(at):
        asked.found[i] = (found, place, float(own[i]))
    asked.job.check()


class _Guarded:
    """An explainer and its calls: a team's in the plugins' process, a built-in one here; both are checked."""

    def __init__(self, job: JobContext, model: Opened, info: PluginInfo, question: Question) -> None:
        self.info = info
        runner = None if info.origin == "builtin" else model.runner()
        self._made = job.workspace.plugins.make(info, question.options, runner=runner)

    def call(self, method: str, check: Callable[..., Any], request: ExplainRequest, *more: Any) -> Any:
        """The checked answer of a method.

        Raises:
            PluginFault: there is none that can be used.
        """
        try:
            return check(getattr(self._made, method)(request, *more), request)
        except BadResult as exc:
            info = self.info
            raise PluginFault(info.name, "result", f"{method}: {exc}", file=info.file, line=info.line) from exc


@contextmanager
def _charging(job: JobContext, info: PluginInfo) -> Iterator[None]:
    """Name the plugin's file and line in what the job says of a fault."""
    try:
        yield
    except PluginFault as fault:
        raise LifecycleError(
            f"explainer {info.name}: {fault.message} ({fault.place})", hint=f"`lifecycle plugins show {info.key}`"
        ) from fault


# --- the outcome -----------------------------------------------------------------------------------------------------


def _row(asked: _Asked, i: int) -> dict[str, Any]:
    """One row as JSON values: features by the size of their contributions."""
    explanation, place, score = asked.found[i]
    task, values = asked.model.spec.task, asked.rows.rows.slice(i, 1)
    parts = {name: numbers[place] for name, numbers in explanation.contributions.items()}
    ranked = sorted(parts.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
    protected, others = asked.model.spec.columns.protected, ranked[MOST_FEATURES:]
    said, time = asked.said.prediction[i], asked.rows.times[i]
    label = asked.classes[1] if task == "binary" else str(said) if task == "multiclass" else None
    return {
        "id": asked.rows.ids[i], "time": None if time is None else time.isoformat(), "window": asked.rows.windows[i],
        "prediction": float(said) if task in NUMERIC else str(said), "label": label, "score": score,
        "base": explanation.base, "rest": score - explanation.base - math.fsum(parts.values()),
        "features": [
            {
                "feature": name, "value": _value(values.column(name)), "contribution": number,
                "protected": name in protected,
            }
            for name, number in ranked[:MOST_FEATURES]
        ],
        "others": {"features": len(others), "contribution": math.fsum(number for _, number in others)},
        "note": explanation.note,
    }  # fmt: skip


def _value(column: Any) -> str | float | None:
    """A cell as JSON: instants as text, missing numbers as None."""
    (value,) = column.to_pylist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return None if value is None else str(value)
