"""A challenger against what serves, on later rows that neither was trained on: the numbers that gates are judged on.

`retrain` judges what it has just made, `judge` does it again when more labels are known. Which rows those are, who
answers for them and how the answers are paired is settled here; the verdict is `policy.gates`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.context import JobContext
from lifecycle_tui.agent.reading import coding
from lifecycle_tui.agent.rows import Gathered
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.monitoring.columns import as_measurement
from lifecycle_tui.monitoring.instruments import Instrument, Instruments, fault_signal
from lifecycle_tui.monitoring.performance import Coding
from lifecycle_tui.monitoring.side_by_side import Said, SideBySide, side_by_side
from lifecycle_tui.policy import gates
from lifecycle_tui.policy.gates import Interval, Verdict
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import windows
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.state.reference import get_reference

if TYPE_CHECKING:
    from lifecycle_tui.stats.paired import Paired

Answer = Callable[[Gathered, Coding], Said]
"""What a version says of gathered rows, read in a coding; raises LifecycleError where it cannot say anything."""

UNITS = 20
"""Days or stretches that a judgement usually has, at the least."""

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
    numbers = {name: asdict(number) for name, number in gate.numbers.items()}
    for number in numbers.values():
        del number["final"]
    return {**asdict(gate), "numbers": numbers}


def told(judgement: Judgement) -> str:
    """The outcome of a job that judged: one sentence."""
    passed = " passed" if judgement.verdict == "passed" else ""
    return f"version {judgement.version}{passed}: {judgement.text}"


def unknown_until(challenger: Version) -> datetime | None:
    """Of a file that was registered without a word on what it was trained on: nothing older than that can judge it.

    A champion of that kind may have seen the rows that judge: that is to its own advantage only.
    """
    facts = challenger.facts
    return challenger.created_at if facts.origin == "registered" and facts.data_end is None else None


def judge(
    job: JobContext,
    spec: ModelSpec,
    instruments: Instruments,
    rows: Gathered,
    challenger: Side,
    champion: Side | None,
    looks: int = 0,
    remark: str = "",
) -> Judged:
    """Measure and judge. A version that cannot answer for these rows leaves the gates that ask it unknown, and says
    why; a champion stays champion then.

    Args:
        looks: how often these two were compared before: intervals are wider for it.
        remark: what else is to be said of the rows.
    """
    from lifecycle_tui.stats.looks import level, widening

    code = coding_of(job, spec, rows)
    found = _Measured.of(code, rows, challenger, champion)
    job.check()  # a program that was stopped is no version that cannot answer
    metric = key_metric(instruments, found.outcomes)
    training = spec.training
    declared = tuple(g.when for g in training.gates) if training else ()
    written = declared or (gates.default_gates(metric.name) if metric is not None else ())
    job.progress(0, None, "", f"{spec.name}: judging {challenger.label} on {found.rows:,} rows")
    verdict = gates.judge(
        written,
        _numbers(job, spec, instruments, written, found, looks),
        found.rows,
        min_samples=training.min_samples if training else 1,
        has_champion=champion is not None,
        challenger=challenger.label,
        champion=champion.label if champion is not None else "",
        wider=widening(looks + 1, UNITS) / widening(looks, UNITS),
    )
    looked = f"look {looks + 1}: {100 * level(looks):.5g} % intervals" if looks else ""
    notes = "; ".join([*found.notes(rows, code), *filter(None, (remark, looked))])
    if notes:
        verdict = replace(verdict, text=f"{verdict.text} ({notes})")
    return Judged(verdict, found.rows, _all_metrics(instruments, found.own))


def coding_of(job: JobContext, spec: ModelSpec, rows: Gathered) -> Coding:
    """How the labels of these rows are read: as those of every window are, by what the reference knows.

    A stretch with one class only, or with a label that is neither, must not change what the others mean. Labels of
    several classes that came later are classes of their own.
    """
    if spec.task not in ("binary", "multiclass"):
        return coding(spec, set())
    seen = set(map(str, rows.rows.target.tolist()))
    with job.state.read() as conn:
        stored = get_reference(conn, spec.name, profiles=False)
    told = {} if stored is None else stored.facts.get("coding", {})
    classes = [str(c) for c in told.get("classes", ())] if told.get("task") == spec.task else []
    found = coding(spec, seen | set(classes))
    if spec.task == "binary" and classes and classes[1] == found.classes[1]:
        return replace(found, classes=(classes[0], classes[1]))
    return found


@dataclass(frozen=True)
class _Measured:
    """The two versions on these rows.

    Attributes:
        own: the challenger on all that it answers for; None where it cannot, `mute` says why.
        both: both on the rows that both answer for; None without a champion, or where one of them cannot, `silent`
            says why.
    """

    own: SideBySide | None
    both: SideBySide | None
    mute: str = ""
    silent: str = ""

    @classmethod
    def of(cls, code: Coding, rows: Gathered, challenger: Side, champion: Side | None) -> _Measured:
        target, day = rows.rows.target, rows.day
        said, mute = _asked(challenger, rows, code)
        own = None if said is None else side_by_side(code, target, [said], day)
        if champion is None:
            return cls(own, None, mute)
        other, silent = _asked(champion, rows, code)
        if said is None or other is None:
            return cls(own, None, mute, silent or mute)
        return cls(own, side_by_side(code, target, [said, other], day))

    @property
    def outcomes(self) -> tuple[Outcomes, ...]:
        """Of the rows that are judged on: of both versions, else of the one that answers."""
        found = self.both if self.both is not None else self.own
        return found.outcomes if found is not None and len(found) else ()

    @property
    def rows(self) -> int:
        found = self.both if self.both is not None else self.own
        return 0 if found is None else len(found)

    def alone(self, position: int) -> SideBySide | None:
        """Where one version's own numbers are measured: on the same rows for both, if there are such."""
        if position == 0 and (self.both is None or not len(self.both)):
            return self.own
        return self.both

    def notes(self, rows: Gathered, code: Coding) -> list[str]:
        """What a person has to know of the rows that are not among those judged on."""
        found = []
        if self.own is not None and self.own.strange:
            says = " nor ".join(code.classes)
            found.append(f"{self.own.strange:,} rows left out: their label is neither {says}")
        if rows.unlabelled:
            found.append(f"{rows.unlabelled:,} rows of that time were never labelled")
        return found


def _asked(side: Side, rows: Gathered, code: Coding) -> tuple[Said | None, str]:
    """What a version says of the rows, or why it says nothing."""
    try:
        return side.answer(rows, code), ""
    except LifecycleError as exc:
        return None, f"{side.label} cannot answer for these rows: {exc.message}"


def key_metric(instruments: Instruments, outcomes: Sequence[Outcomes]) -> Instrument | None:
    """The first metric that has a direction and whose needs all answers meet: what a challenger must improve."""
    for metric in instruments.metrics:
        if metric.info.greater_is_better is None:
            continue
        if all(getattr(one, metric.info.needs, None) is not None for one in outcomes):
            return metric
    return None


def _numbers(
    job: JobContext, spec: ModelSpec, instruments: Instruments, written: Sequence[str], found: _Measured, looks: int
) -> dict[str, Interval]:
    """The interval of everything that the gates read; what cannot be measured has no number, and a reason."""
    by_name = {metric.name: metric for metric in instruments.metrics}
    numbers: dict[str, Interval] = {}
    rest: set[str] = set()
    for name in gates.references(written):
        kind, metric = _split(name)
        instrument = by_name.get(metric)
        if instrument is None or not kind:
            rest.add(name)
        elif kind == "gain":
            numbers[name] = _gain(instrument, found, looks)
        else:
            numbers[name] = _alone(instrument, found, 0 if kind == "challenger" else 1, looks)
    numbers.update(_signals(job, spec, rest))
    return numbers


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


def _gain(instrument: Instrument, found: _Measured, looks: int) -> Interval:
    from lifecycle_tui.stats.paired import paired_gain

    better = instrument.info.greater_is_better
    if better is None:
        return _no_number(f"neither end of {instrument.name} is better", final=True)
    both = found.both
    if both is None or not len(both):
        return _no_number(found.silent or "no row that both answer for has a label", final=bool(found.silent))
    lacks = _lacks(instrument, both.outcomes)
    if lacks:
        return _no_number(lacks, final=True)
    first, second = both.outcomes
    try:
        gain = paired_gain(measure(instrument), first, second, greater_is_better=better, block=first.day)
    except Exception as exc:
        return _no_number(in_words(instrument, exc))
    return _interval(gain, looks)


def _alone(instrument: Instrument, found: _Measured, position: int, looks: int) -> Interval:
    from lifecycle_tui.stats.paired import outcomes_interval

    rows = found.alone(position)
    if rows is None or not len(rows):
        why = found.mute if position == 0 else found.silent
        return _no_number(why or "no row that it answers for has a label", final=bool(why))
    outcomes = rows.outcomes[position]
    lacks = _lacks(instrument, [outcomes])
    if lacks:
        return _no_number(lacks, final=True)
    try:
        said = as_measurement(instrument.for_column().measure(outcomes), instrument.name)
        own = (said.lower, said.upper)
        alone = outcomes_interval(measure(instrument), outcomes, block=outcomes.day, own=own)
    except Exception as exc:
        return _no_number(in_words(instrument, exc))
    return _within(_interval(alone, looks), instrument.info.range)


def _no_number(why: str, *, final: bool = False) -> Interval:
    return Interval(None, None, None, 0, why, final)


def _lacks(instrument: Instrument, outcomes: Sequence[Outcomes]) -> str:
    """Why the metric cannot be measured of these answers, whatever they are; "" if it can."""
    needs = instrument.info.needs
    if all(getattr(one, needs, None) is not None for one in outcomes):
        return ""
    return f"there is no {needs}, which {instrument.name} needs"


def in_words(instrument: Instrument, exc: Exception) -> str:
    """Why a metric failed; its gate is unknown then, and the champion stays."""
    if isinstance(exc, LifecycleError):
        return fault_signal(instrument.name, exc).message or exc.message
    return f"metric {instrument.name} failed: {type(exc).__name__}: {exc}"


def _interval(found: Paired, looks: int) -> Interval:
    """The interval as it counts after so many earlier looks."""
    from lifecycle_tui.stats.looks import widening

    lower, upper = found.lower, found.upper
    if looks and found.value is not None and lower is not None and upper is not None:
        factor = widening(looks, found.blocks)
        lower, upper = found.value - factor * (found.value - lower), found.value + factor * (upper - found.value)
    return Interval(found.value, lower, upper, found.n, found.message)


def _within(found: Interval, limits: tuple[float | None, float | None] | None) -> Interval:
    """An interval that was widened, within what the metric can be."""
    low, high = limits or (None, None)
    lower, upper = found.lower, found.upper
    if lower is not None and low is not None:
        lower = max(lower, low)
    if upper is not None and high is not None:
        upper = min(upper, high)
    return replace(found, lower=lower, upper=upper)


def _signals(job: JobContext, spec: ModelSpec, names: set[str]) -> dict[str, Interval]:
    """Signals of the newest window, for gates that read them (`drift.max < 0.3`)."""
    if not names:
        return {}
    with job.state.read() as conn:
        history = windows.history(conn, spec.name, names, 1, version="")
    found = history[-1].signals if history else {}
    return {
        name: Interval(s.value, _or(s.lower, s.value), _or(s.upper, s.value), s.n or 0, s.message)
        for name, s in found.items()
    }


def _or(end: float | None, value: float | None) -> float | None:
    """A counted signal has no interval: it is what it is."""
    return value if end is None else end


def _all_metrics(instruments: Instruments, own: SideBySide | None) -> dict[str, dict[str, Any]]:
    """Every metric of the challenger, as its record keeps them."""
    found: dict[str, dict[str, Any]] = {}
    for metric in instruments.metrics:
        if own is None or not len(own) or _lacks(metric, own.outcomes):
            continue
        try:
            said = as_measurement(metric.for_column().measure(own.outcomes[0]), metric.name)
        except Exception as exc:
            found[metric.name] = {"value": None, "message": in_words(metric, exc)}
            continue
        n = len(own) if said.n is None else said.n
        found[metric.name] = {"value": said.value, "lower": said.lower, "upper": said.upper, "n": n}
    return found
