"""Looks for the segment that explains a fall, in windows whose labels are all in and whose key metric is worse than on
the reference: only then are the window's labelled rows read once more, with their features.

The reference's rows, a sample of at most `ROWS`, are read when they are first needed and kept in a file beside its
other samples. Called by `windows` for each window.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.work import reference_sample
from lifecycle_tui.agent.work.first_version import validate
from lifecycle_tui.agent.work.reading import version_labels
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring import segment_search
from lifecycle_tui.monitoring.performance import Coding, coded, outcomes_of, present
from lifecycle_tui.monitoring.samples import Sample, Sampler
from lifecycle_tui.monitoring.segment_search import Labelled
from lifecycle_tui.state.text import dumps

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from lifecycle_tui.agent.work.first_version import FirstVersion
    from lifecycle_tui.agent.work.opening import Opened
    from lifecycle_tui.agent.work.recipes import Validation
    from lifecycle_tui.agent.work.reference import Reference
    from lifecycle_tui.agent.work.scoring import Scorer
    from lifecycle_tui.agent.workers.context import JobContext
    from lifecycle_tui.data.batches import ScanBatch
    from lifecycle_tui.data.scan import Scan
    from lifecycle_tui.data.survey import Survey
    from lifecycle_tui.domain.windows import Window
    from lifecycle_tui.monitoring.instruments import Instrument
    from lifecycle_tui.monitoring.segments import Values

ROWS = 40_000
"""Rows of a window, and of the reference, that are searched at most."""

_TARGET, _SAID, _SCORE, _GROUP = "\0target", "\0said", "\0score.", "\0group."
"""Columns beside the features; no column of the data is called that."""


def fell(now: Signal, before: Signal, greater_is_better: bool) -> bool:
    """Whether a metric is worse than on the reference, the whole interval of the window."""
    worst_case = now.upper if greater_is_better else now.lower
    if now.value is None or before.value is None or worst_case is None:
        return False
    return worst_case < before.value if greater_is_better else worst_case > before.value


@dataclass
class Searching:
    """What the search in a model's windows needs.

    Attributes:
        rows_of_reference: reads them; None where what was said on the reference is not at hand.
    """

    scan: Callable[[Window], Scan]
    reference: Reference
    metrics: tuple[Instrument, ...]
    scorer: Scorer | None
    values: Values
    rows_of_reference: Callable[[], Labelled | None]
    _known: list[Labelled | None] = field(default_factory=list)

    def add(self, parts: Mapping[str, tuple[int, list[Signal], int]], window: Window, mature: bool) -> None:
        """Add `segments.worst` to the signals of each version, once all labels of the window are in."""
        if not mature:
            return
        before = {signal.name: signal for signal in self.reference.performance}
        for version, (_, signals, labels) in sorted(parts.items()):
            now = {signal.name: signal for signal in signals}
            key = next((m for m in self.metrics if _usable(m, now, before)), None)
            if key is not None:
                better = bool(key.info.greater_is_better)
                if fell(now[key.name], before[key.name], better):
                    signals.append(self._searched(key.name, version, window, labels))
                else:
                    signals.append(segment_search.not_fallen(key.name, labels))

    def _searched(self, metric: str, version: str, window: Window, labels: int) -> Signal:
        if not self._known:
            self._known.append(self.rows_of_reference())
        reference = self._known[0]
        if reference is None:
            return segment_search.not_searched(metric, labels, "what was said on the reference is not at hand any more")
        sample = labelled_rows(self.scan(window), self.reference.coding, self.scorer, version)
        rows = None if sample is None else labelled(sample, self.reference.coding)
        if rows is None:
            return segment_search.not_searched(metric, labels, "no row has both a label and a prediction")
        return segment_search.worst(metric, rows, reference, self.values)


def _usable(metric: Instrument, now: Mapping[str, Signal], before: Mapping[str, Signal]) -> bool:
    directed = metric.info.greater_is_better is not None
    return directed and all(metric.name in side and side[metric.name].value is not None for side in (now, before))


def get_searching(
    job: JobContext, model: Opened, survey: Survey, reference: Reference, first: FirstVersion | None,
    scorer: Scorer | None, values: Values, scratch: Path,
) -> Searching | None:  # fmt: skip
    """The search for this model; None where no label will ever say that a metric fell, and for rankings: what a row
    costs is not told by the row."""
    spec, data = model.spec, model.data
    if spec.columns.target is None or spec.task == "ranking":
        return None
    root, digest = job.workspace.spec.root, _digest(reference)
    code = reference.coding

    def anew() -> Sample | None:
        if first is not None and first.trained_here:  # it learned from these rows: what others said of them counts
            try:
                return _validated(validate(job, model, survey, first, scratch), code)
            except LifecycleError as exc:
                job.log("warning", f"the search for segments cannot read the reference: {exc.message}")
                return None
        only = None if first is None or scorer is None else scorer.only(first.version.number)
        if first is not None and only is None:
            return None
        return labelled_rows(data.scan(survey.reference, job.now, groups=True), code, only, None)

    def read() -> Labelled | None:
        found = reference_sample.stored(root, _slot(spec.name), digest, ROWS)
        if found is None:
            found = anew()
            _keep(root, spec.name, digest, found)
        return None if found is None else labelled(found, code)

    if first is not None and first.validation is not None:
        _keep(root, spec.name, digest, _validated(first.validation, code))
    return Searching(
        lambda window: data.scan(window, job.now, groups=True),
        reference,
        model.instruments.metrics,
        scorer,
        values,
        read,
    )


def _digest(reference: Reference) -> str:
    return hashlib.sha256(dumps(["search", reference.digest]).encode()).hexdigest()[:32]


def _slot(model: str) -> str:
    """The name under which the file is kept, beside that of the sample for detectors."""
    return f"{model}\0search"


def _keep(root: Path, model: str, digest: str, sample: Sample | None) -> None:
    if sample is not None:
        reference_sample.store(root, _slot(model), digest, sample)


def labelled_rows(scan: Scan, coding: Coding, scorer: Scorer | None, version: str | None) -> Sample | None:
    """Some of the labelled rows of a scan, with features, groups and what was said; None without any.

    Args:
        version: the rows that this one scored; None: whichever did.
    """
    sampler = Sampler(ROWS)
    kept = None if scorer is None else scorer.labelled
    if scorer is not None:
        scorer.labelled = None  # these rows were kept for importances when they were first scored
    try:
        for batch in scan:
            _add(sampler, batch, coding, scorer, version)
    finally:
        if scorer is not None:
            scorer.labelled = kept
    return sampler.result()


def _add(sampler: Sampler, batch: ScanBatch, coding: Coding, scorer: Scorer | None, version: str | None) -> None:
    """The labelled rows of one batch."""
    import numpy as np
    import pyarrow as pa

    if batch.target is None:
        return
    pieces: list[tuple[np.ndarray, Any, Any]] = []
    if scorer is None:
        names = version_labels(batch)
        mine = np.ones(batch.rows, bool) if version is None or isinstance(names, str) else names == version
        pieces.append((np.flatnonzero(mine & batch.target_known), batch.prediction, batch.score))
    else:
        for part in scorer.score(batch, coding):
            if part.said is None or version not in (None, part.label):
                continue
            at = np.arange(batch.rows) if part.at is None else part.at
            known = batch.target_known[at]
            score = None if part.score is None else part.score[known]
            pieces.append((at[known], pa.array(part.said[known].tolist()), score))
    for at, said, score in pieces:
        whole = scorer is None
        taken = pa.array(at)
        columns = {n: batch.features.column(n).take(taken) for n in batch.features.column_names}
        columns |= {f"{_GROUP}{n}": pa.array(v[at].tolist(), pa.string()) for n, v in batch.groups.items()}
        columns[_TARGET] = batch.target.take(taken)
        if said is not None:
            columns[_SAID] = said.take(taken) if whole else said
        if score is not None:
            chosen = score[at] if whole else score
            wide = chosen if chosen.ndim == 2 else chosen[:, None]
            columns |= {f"{_SCORE}{i}": pa.array(np.ascontiguousarray(wide[:, i])) for i in range(wide.shape[1])}
        ids = None if batch.id is None else batch.id.take(taken)
        sampler.add(columns, len(at), None if batch.time is None else batch.time[at], ids)


def _validated(validation: Validation, coding: Coding) -> Sample | None:
    """The rows of the reference that forward validation came to."""
    import numpy as np
    import pyarrow as pa

    from lifecycle_tui.agent.work.scoring import aligned

    at, gathered = validation.at, validation.gathered
    if not len(at):
        return None
    said, score = aligned(validation.said, len(at), coding)
    taken = pa.array(at)
    columns = {n: gathered.rows.table.column(n).take(taken) for n in gathered.rows.table.column_names}
    columns |= {f"{_GROUP}{n}": pa.array(v[at].tolist(), pa.string()) for n, v in gathered.groups.items()}
    columns[_TARGET], columns[_SAID] = pa.array(gathered.rows.target[at]), pa.array(said.tolist())
    if score is not None:
        wide = score if score.ndim == 2 else score[:, None]
        columns |= {f"{_SCORE}{i}": pa.array(np.ascontiguousarray(wide[:, i])) for i in range(wide.shape[1])}
    sampler = Sampler(ROWS)
    sampler.add(columns, len(at), None if gathered.rows.time is None else gathered.rows.time[at])
    return sampler.result()


def labelled(sample: Sample, coding: Coding) -> Labelled | None:
    """The rows whose truth and prediction are both known; None without any."""
    import numpy as np
    import pyarrow as pa

    def whole(name: str) -> Any:
        column = sample.table.column(name)
        return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)

    def values(name: str) -> np.ndarray:
        column = whole(name)
        if coding.classes:
            column = column.cast(pa.string())
            return np.array([*column.to_pylist(), None], object)[:-1]
        return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)

    names = sample.table.column_names
    target = coded(values(_TARGET), coding)
    said = coded(values(_SAID), coding) if _SAID in names else None
    scores = [n for n in names if n.startswith(_SCORE)]
    score = None
    if scores:
        parts = [np.asarray(whole(n).to_numpy(zero_copy_only=False), np.float64) for n in scores]
        score = parts[0] if len(parts) == 1 and coding.task != "multiclass" else np.column_stack(parts)
    ok = present(target)
    for given in (said, score):
        if given is not None:
            ok &= present(given)
    if coding.task == "binary":
        ok &= np.isin(target.astype(str), coding.classes)
    at = np.flatnonzero(ok)
    if not len(at):
        return None
    outcomes = outcomes_of(
        coding, target[at], None if said is None else said[at], None if score is None else score[at], None
    )
    groups = {
        n.removeprefix(_GROUP): np.array([v or "" for v in whole(n).to_pylist()], object)[at]
        for n in names
        if n.startswith(_GROUP)
    }
    taken = pa.array(at)
    columns = {n: whole(n).take(taken) for n in names if not n.startswith("\0")}
    return Labelled(outcomes, columns, groups, sample.keys[at])
