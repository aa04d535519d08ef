"""The numbers that gates read, each with its interval; one that cannot be measured has a reason instead.

Called by `judging`, and for the key metric and its importance by the jobs that make versions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.work.sides import Pair
from lifecycle_tui.agent.workers.context import JobContext
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.monitoring.columns import as_measurement
from lifecycle_tui.monitoring.instruments import Instrument, Instruments, fault_signal
from lifecycle_tui.monitoring.side_by_side import SideBySide
from lifecycle_tui.policy import gates
from lifecycle_tui.policy.gates import Interval
from lifecycle_tui.state import windows

if TYPE_CHECKING:
    from lifecycle_tui.stats import paired


def key_metric(instruments: Instruments, outcomes: Sequence[Outcomes]) -> Instrument | None:
    """The first metric that has a direction and whose needs all answers meet: what a challenger must improve."""
    for metric in instruments.metrics:
        if metric.info.greater_is_better is None:
            continue
        if all(getattr(one, metric.info.needs, None) is not None for one in outcomes):
            return metric
    return None


def numbers_of(
    job: JobContext, spec: ModelSpec, instruments: Instruments, written: Sequence[str], found: Pair, looks: int
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


def _gain(instrument: Instrument, found: Pair, looks: int) -> Interval:
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


def _alone(instrument: Instrument, found: Pair, position: int, looks: int) -> Interval:
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


def _interval(found: paired.Paired, looks: int) -> Interval:
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


def all_metrics(instruments: Instruments, own: SideBySide | None) -> dict[str, dict[str, Any]]:
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
