"""What versions lean on in each window: keeps labelled rows while they are scored, and measures once all labels are in.

`Scorer` hands over every batch that it scores; `windows` takes the signals of each version when a window is complete.
For the reference of a version that came as a file the same is done by `reference`; where predictions come with the
data no version can be opened, and there are associations instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.work import numbers
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring import importance
from lifecycle_tui.monitoring.importance import FEWEST, MOST_FEATURES, Leaning
from lifecycle_tui.monitoring.importance_association import associations
from lifecycle_tui.monitoring.performance import Coding, coded, outcomes_of, present
from lifecycle_tui.monitoring.samples import Sample, Sampler

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from lifecycle_tui.agent.work.scoring import Opened, Part, Scorer
    from lifecycle_tui.data.batches import ScanBatch
    from lifecycle_tui.domain.protocols import Outcomes
    from lifecycle_tui.domain.specs import ModelSpec
    from lifecycle_tui.monitoring.instruments import Instrument, Instruments
    from lifecycle_tui.training.fit import Prediction

TARGET = "\0target"
"""Name of the truth among the columns of a kept row; no column of the data is called that."""

TOO_FEW = f"fewer than {FEWEST} labelled rows"


def wanted(spec: ModelSpec, features: int) -> bool:
    """Whether importance is measured: as the file says, else for a model with labels and not too many features."""
    if spec.columns.target is None or spec.monitor.importance is False or not features:
        return False
    return spec.monitor.importance is True or features <= MOST_FEATURES


class LabelledRows:
    """A sample of the labelled rows of a window, for each version that scored them."""

    def __init__(self, features: int) -> None:
        self._size = importance.rows_for(features)
        self._samplers: dict[str, Sampler] = {}

    def add(self, batch: ScanBatch, parts: Sequence[Part]) -> None:
        """Take in a batch that was scored."""
        import numpy as np
        import pyarrow as pa

        if batch.target is None:
            return
        for part in parts:
            known = batch.target_known if part.at is None else batch.target_known[part.at]
            at = np.flatnonzero(known) if part.at is None else part.at[known]
            if part.said is None or not len(at):
                continue
            taken = pa.array(at)
            columns = {name: batch.features.column(name).take(taken) for name in batch.features.column_names}
            columns[TARGET] = batch.target.take(taken)
            sampler = self._samplers.setdefault(part.label, Sampler(self._size))
            ids = None if batch.id is None else batch.id.take(taken)
            sampler.add(columns, len(at), None if batch.time is None else batch.time[at], ids)

    def take(self) -> dict[str, Sample]:
        """The samples by version; what was kept is forgotten."""
        found = {label: sampler.result() for label, sampler in self._samplers.items()}
        self._samplers = {}
        return {label: sample for label, sample in found.items() if sample is not None}


@dataclass(frozen=True)
class Baselines:
    """What versions leant on when they were made, by label; else what the first one leans on in the reference."""

    versions: Mapping[str, Mapping[str, float]]
    reference: Mapping[str, float]

    def of(self, label: str) -> Mapping[str, float]:
        """Losses by column; empty where there is nothing to compare with."""
        return self.versions.get(label) or self.reference


def window_signals(
    opened: Mapping[str, Opened],
    samples: Mapping[str, Sample],
    baselines: Baselines,
    instruments: Instruments,
    coding: Coding,
    *,
    mature: bool,
) -> dict[str, list[Signal]]:
    """`importance.*` by version; empty while labels may still arrive.

    Args:
        opened: by label, the versions that scored.
        samples: their labelled rows.
    """
    if not mature:
        return {}
    found: dict[str, list[Signal]] = {}
    for label, sample in sorted(samples.items()):
        version = opened.get(label)
        if version is None or version.scorable is None:
            continue
        try:
            leaning, why = measure(version, sample, instruments, coding)
        except LifecycleError as exc:
            found[label] = importance.failed(exc)
            continue
        found[label] = importance.signals(leaning, baselines.of(label), why)
    return found


def measure(
    version: Opened, sample: Sample, instruments: Instruments, coding: Coding
) -> tuple[Leaning | None, str]:  # fmt: skip
    """What a version leans on in these rows; else None and the reason.

    Raises:
        TrainingError: it cannot score them.
    """
    from lifecycle_tui.agent.work.scoring import aligned, predict

    table, target, keys = _usable(sample, coding)
    if len(keys) < FEWEST:
        return None, TOO_FEW
    scorable = version.scorable
    assert scorable is not None

    def outcomes(said: Prediction, place: np.ndarray, at: np.ndarray) -> Outcomes | None:
        prediction, score = aligned(_at(said, place), len(at), coding)
        prediction = coded(prediction, coding)
        ok = present(prediction) if score is None else present(prediction) & present(score)
        if not ok.any():
            return None
        return outcomes_of(coding, target[at][ok], prediction[ok], None if score is None else score[ok], None)

    first = outcomes(predict(scorable, table), _all(table), _all(table))
    metric = None if first is None else _metric(instruments, first)
    if metric is None:
        return None, "no metric of ours has a better end and a value here"
    value = numbers.measure(metric)
    better = bool(metric.info.greater_is_better)
    leaning = importance.permutation(
        lambda rows: predict(scorable, rows), table, keys, outcomes, value, metric.name, better
    )
    return leaning, "" if leaning is not None else f"{metric.name} has no value on these rows"


def _usable(sample: Sample, coding: Coding) -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """Features, truth as the coding has it and keys of the rows whose truth can be read."""
    import numpy as np
    import pyarrow as pa

    column = sample.table.column(TARGET)
    if coding.classes:
        values = np.array([*column.cast("string").to_pylist(), None], dtype=object)[:-1]
    else:
        values = column.cast("float64").to_numpy()
    ok = present(values)
    if coding.task == "binary":
        ok &= np.isin(values.astype(str), coding.classes)
    at = np.flatnonzero(ok)
    return sample.table.drop_columns([TARGET]).take(pa.array(at)), values[at], sample.keys[at]


def _all(table: pa.Table) -> np.ndarray:
    import numpy as np

    return np.arange(table.num_rows)


def _at(said: Prediction, at: np.ndarray) -> Prediction:
    return replace(said, prediction=said.prediction[at], score=None if said.score is None else said.score[at])


def _metric(instruments: Instruments, outcomes: Outcomes) -> Instrument | None:
    """The key metric; a team's own is passed over, each call of it crosses into another process."""
    for metric in instruments.metrics:
        if metric.info.greater_is_better is None or metric.info.origin != "builtin":
            continue
        if getattr(outcomes, metric.info.needs, None) is None:
            continue
        try:
            if numbers.measure(metric)(outcomes) is not None:
                return metric
        except Exception:  # it needs what these rows do not have, such as a query
            continue
    return None


def associated(sample: Sample | None, outputs: Sequence[str]) -> dict[str, float]:
    """Association of each feature of sampled rows with what the model says; empty where that is not among them.

    Args:
        outputs: names of what it says; a score, which comes after the prediction, is taken if there is one.
    """
    if sample is None:
        return {}
    said = [name for name in outputs if name in sample.table.column_names]
    if not said or not len(sample):
        return {}
    table = sample.table.drop_columns(said[:-1])
    return associations(table, said[-1])


def on_reference(only: Scorer | None, label: str, instruments: Instruments, coding: Coding) -> dict[str, float]:
    """What a version that came as a file leans on in the reference's rows; empty where that cannot be told."""
    if only is None or only.labelled is None:
        return {}
    sample, version = only.labelled.take().get(label), only.opened.get(label)
    if sample is None or version is None or version.scorable is None:
        return {}
    try:
        leaning, _ = measure(version, sample, instruments, coding)
    except LifecycleError:
        return {}
    return {} if leaning is None else leaning.values()


def leaning_from(facts: Sequence[Any] | None) -> tuple[dict[str, float], str]:
    """What the stored facts of a reference say of it."""
    return (dict(facts[0]), str(facts[1])) if facts else ({}, "")
