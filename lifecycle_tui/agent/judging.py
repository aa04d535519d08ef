"""A challenger against what serves, on later rows that neither was trained on: the numbers that gates are judged on.

`retrain` judges what it has just made, `judge` does it again when more labels are known. Which rows those are, who
answers for them and how the answers are paired is settled here; the verdict is `policy.gates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.context import JobContext
from lifecycle_tui.agent.reading import coding
from lifecycle_tui.agent.rows import Gathered
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.monitoring.columns import as_measurement
from lifecycle_tui.monitoring.instruments import Instrument, Instruments
from lifecycle_tui.monitoring.performance import Coding
from lifecycle_tui.monitoring.side_by_side import Said, SideBySide, side_by_side
from lifecycle_tui.policy import gates
from lifecycle_tui.policy.gates import Interval, Verdict
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import windows
from lifecycle_tui.state.judgements import Judgement

if TYPE_CHECKING:
    from lifecycle_tui.stats.paired import Paired

Answer = Callable[[Gathered, Coding], Said]
"""What a version says of gathered rows, read in a coding; raises LifecycleError where it cannot say anything."""

INCUMBENT = "what serves now"
"""Name of the champion where the data brings predictions that name no version."""


@dataclass(frozen=True)
class Side:
    """One of the two: its number (None for predictions of the data that no version is named for), label and answers."""

    number: int | None
    label: str
    answer: Answer


@dataclass(frozen=True)
class Judged:
    """A judgement with what it rests on.

    Attributes:
        metrics: of the challenger on these rows, by metric: value, lower, upper, n.
    """

    verdict: Verdict
    rows: int
    metrics: Mapping[str, Mapping[str, Any]]

    def judgement(
        self, spec: ModelSpec, challenger: int, champion: int | None, span: tuple, job: JobContext
    ) -> Judgement:
        """The row for state."""
        verdict = self.verdict
        return Judgement(
            spec.name, challenger, champion, verdict.verdict, self.rows, verdict.text, job.now,
            wanted=verdict.wanted, start=span[0], end=span[1], gates=tuple(_plain(g) for g in verdict.gates),
            job_id=job.job_id,
        )  # fmt: skip


def _plain(gate: gates.GateOutcome) -> dict[str, Any]:
    return {**asdict(gate), "numbers": {name: asdict(number) for name, number in gate.numbers.items()}}


def unseen_since(*versions: Version | None) -> datetime | None:
    """The end of the newest row that any of these versions was trained on; None where no version says."""
    ends = [v.facts.data_end for v in versions if v is not None and v.facts.data_end is not None]
    return max(ends, default=None)


def judge(
    job: JobContext,
    spec: ModelSpec,
    instruments: Instruments,
    rows: Gathered,
    challenger: Side,
    champion: Side | None,
) -> Judged:
    """Measure and judge; a champion that cannot answer for these rows leaves its gates unknown, and says why."""
    code = coding_of(spec, rows)
    day = rows.day
    own = side_by_side(code, rows.rows.target, [challenger.answer(rows, code)], day)
    other, why = _other(code, rows, challenger, champion)
    paired = other if other is not None else own
    metric = key_metric(instruments, paired.outcomes[0] if len(paired) else None)
    wanted = [g.when for g in spec.training.gates] if spec.training and spec.training.gates else []
    written = tuple(wanted) or (gates.default_gates(metric.name) if metric is not None else ())
    job.progress(0, None, "", f"{spec.name}: judging {challenger.label} on {len(paired):,} rows")
    numbers = _numbers(job, spec, instruments, written, own, other)
    training = spec.training
    verdict = gates.judge(
        written,
        numbers,
        len(paired),
        min_samples=training.min_samples if training else 1,
        has_champion=champion is not None,
        challenger=challenger.label,
        champion=champion.label if champion is not None else "",
    )
    if why and verdict.verdict == "unknown":
        verdict = Verdict(verdict.verdict, f"{verdict.text} ({why})", verdict.wanted, verdict.gates)
    measured = _all_metrics(instruments, own)
    return Judged(verdict, len(paired), measured)


def coding_of(spec: ModelSpec, rows: Gathered) -> Coding:
    """How the labels of these rows are read."""
    labels = set(rows.rows.target.tolist()) if spec.task in ("binary", "multiclass") else set()
    return coding(spec, labels)


def _other(
    code: Coding, rows: Gathered, challenger: Side, champion: Side | None
) -> tuple[SideBySide | None, str | None]:
    """Both versions side by side, or why that cannot be."""
    if champion is None:
        return None, None
    try:
        said = champion.answer(rows, code)
    except LifecycleError as exc:
        return None, f"{champion.label} cannot answer for these rows: {exc.message}"
    return side_by_side(code, rows.rows.target, [challenger.answer(rows, code), said], rows.day), None


def key_metric(instruments: Instruments, outcomes: Outcomes | None) -> Instrument | None:
    """The first metric that has a direction and whose needs the answers meet: what a challenger must improve."""
    for metric in instruments.metrics:
        if metric.info.greater_is_better is None:
            continue
        if outcomes is None or getattr(outcomes, metric.info.needs, None) is not None:
            return metric
    return None


def _numbers(
    job: JobContext,
    spec: ModelSpec,
    instruments: Instruments,
    written: Sequence[str],
    own: SideBySide,
    both: SideBySide | None,
) -> dict[str, Interval]:
    """The interval of everything that the gates read; what cannot be measured is left out, and so unknown."""
    by_name = {metric.name: metric for metric in instruments.metrics}
    found: dict[str, Interval] = {}
    rest: set[str] = set()
    for name in gates.references(written):
        kind, metric = _split(name)
        instrument = by_name.get(metric)
        if instrument is None or not kind:
            rest.add(name)
            continue
        try:
            if kind == "challenger":
                found[name] = _alone(instrument, own, 0)
            elif both is not None and kind == "champion":
                found[name] = _alone(instrument, both, 1)
            elif both is not None and instrument.info.greater_is_better is not None:
                found[name] = _gain(instrument, both)
        except LifecycleError as exc:
            # A team's metric that fails leaves its gate unknown: the champion stays, and the reason is shown.
            found[name] = Interval(None, None, None, 0, exc.message)
    found.update(_signals(job, spec, rest))
    return found


def _split(name: str) -> tuple[str, str]:
    """`gain(auc)` → gain, auc · `challenger.recall` → challenger, recall · `drift.max` → "", drift.max."""
    if name.startswith("gain(") and name.endswith(")"):
        return "gain", name[5:-1]
    head, _, metric = name.partition(".")
    return (head, metric) if head in ("challenger", "champion") and metric else ("", name)


def measure(instrument: Instrument) -> Callable[[Outcomes], float | None]:
    """The metric as a function of outcomes to a number."""
    metric = instrument.for_column()

    def value(outcomes: Outcomes) -> float | None:
        return as_measurement(metric.measure(outcomes), instrument.name).value

    return value


def _gain(instrument: Instrument, both: SideBySide) -> Interval:
    from lifecycle_tui.stats.paired import paired_gain

    better = instrument.info.greater_is_better
    assert better is not None
    if not len(both):
        return Interval(None, None, None, 0, "no row that both answer for has a label")
    first, second = both.outcomes
    return _interval(
        paired_gain(measure(instrument), first, second, greater_is_better=better, block=first.day)
    )  # fmt: skip


def _alone(instrument: Instrument, found: SideBySide, position: int) -> Interval:
    from lifecycle_tui.stats.paired import outcomes_interval

    if not len(found):
        return Interval(None, None, None, 0, "no row that it answers for has a label")
    outcomes = found.outcomes[position]
    said = as_measurement(instrument.for_column().measure(outcomes), instrument.name)
    own = (said.lower, said.upper)
    return _interval(outcomes_interval(measure(instrument), outcomes, block=outcomes.day, own=own))


def _interval(found: Paired) -> Interval:
    return Interval(found.value, found.lower, found.upper, found.n, found.message)


def _signals(job: JobContext, spec: ModelSpec, names: set[str]) -> dict[str, Interval]:
    """Signals of the newest window, for gates that read them (`drift.max < 0.3`)."""
    if not names:
        return {}
    with job.state.read() as conn:
        history = windows.history(conn, spec.name, names, 1, version="")
    found = history[-1].signals if history else {}
    return {
        name: Interval(s.value, _or(s.lower, s.value), _or(s.upper, s.value), s.n or 0) for name, s in found.items()
    }


def _or(end: float | None, value: float | None) -> float | None:
    """A counted signal has no interval: it is what it is."""
    return value if end is None else end


def _all_metrics(instruments: Instruments, own: SideBySide) -> dict[str, dict[str, Any]]:
    """Every metric of the challenger, as its record keeps them."""
    found: dict[str, dict[str, Any]] = {}
    for metric in instruments.metrics:
        if not len(own) or getattr(own.outcomes[0], metric.info.needs, None) is None:
            continue
        try:
            said = as_measurement(metric.for_column().measure(own.outcomes[0]), metric.name)
        except LifecycleError as exc:
            found[metric.name] = {"value": None, "message": exc.message}
            continue
        n = len(own) if said.n is None else said.n
        found[metric.name] = {"value": said.value, "lower": said.lower, "upper": said.upper, "n": n}
    return found
