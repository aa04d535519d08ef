"""Inputs of one window against the reference: one signal for each detector and column, and the honest verdicts.

Called by the job that evaluates a window. Everything here works on profiles (or on the rows, for the detectors that
ask for them); nothing reads data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import LifecycleError, PluginFault
from lifecycle_tui.domain.signals import ColumnKind, Measurement, Signal
from lifecycle_tui.monitoring import handed
from lifecycle_tui.monitoring.adding import NOTHING, Adding
from lifecycle_tui.monitoring.alarms.yardstick import Sums
from lifecycle_tui.monitoring.instruments import Instrument, Instruments, fault_signal
from lifecycle_tui.monitoring.samples import NO_SAMPLES, Samples
from lifecycle_tui.monitoring.verdicts import change_signals, judged_signals
from lifecycle_tui.policy.verdicts import TOGETHER, ColumnTest, Verdict, judge, summary
from lifecycle_tui.profiles.bars import bars
from lifecycle_tui.profiles.shapes import shape

if TYPE_CHECKING:
    import pyarrow as pa


PICTURED = ("ks", "chi2")
"""The detectors whose signal carries its column's histogram (`detail["bars"]`); else the column's first one does."""

NO_ROWS = "it takes rows, and there are none of the reference or of the window; one that takes profiles measures it"
"""Of what our own versions say there are profiles alone, of another version at each time; a window may be empty."""


@dataclass(frozen=True)
class ColumnData:
    """One column of a window or of the reference: its profile, and its rows where a detector wants them."""

    kind: ColumnKind
    profile: Any
    values: pa.ChunkedArray | None = None


@dataclass(frozen=True)
class Judging:
    """What a verdict needs beside the numbers (DESIGN §7).

    Attributes:
        alpha: chance of a false alarm that this window may spend, over all its columns and detectors.
        floor: smallest effect that is called drift.
        min_rows: fewer rows than this cannot tell.
    """

    alpha: float
    floor: float = 0.01
    min_rows: int = 30


@dataclass(frozen=True)
class ColumnsResult:
    """Signals of all columns with the summary, and the verdict of each column.

    Attributes:
        sums: what the window adds to those before it.
    """

    signals: tuple[Signal, ...]
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    sums: Sums = field(default_factory=dict)


def measure_columns(
    reference: Mapping[str, ColumnData],
    window: Mapping[str, ColumnData],
    instruments: Instruments,
    judging: Judging,
    samples: Samples = NO_SAMPLES,
    adding: Adding = NOTHING,
) -> ColumnsResult:
    """Every detector on every column of its kinds, or on all features together, then the verdicts over all of them.

    Args:
        adding: what the window is held against together with those before it.
        samples: rows of both sides for the detectors that take a sample, and which columns are features.
    """
    signals: list[Signal] = []
    tests: list[ColumnTest] = []
    for column in sorted(reference):
        base, now = reference[column], window[column]
        first = len(signals)
        for detector in instruments.detectors:
            if base.kind not in detector.info.kinds or detector.info.scope == "table":
                continue
            sides = handed.of_column(detector.info, column, base, now, samples)
            signal, test = _measure(detector, column, sides, now.profile.n, base.profile.rows)
            signals.append(signal)
            if test is not None:
                tests.append(test)
        signals[first:] = _pictured(signals[first:], base, now)
    for detector in instruments.detectors:
        if detector.info.scope == "table":
            table = handed.of_table(detector.info, reference, window, samples)
            signal, test = _measure(detector, None, table.sides, table.n, table.reference_n)
            signals.append(signal)
            tests += [] if test is None else [test]
    sums = adding.sums({name: column.profile for name, column in window.items()})
    evidence = adding.evidence(sums, tests, judging.alpha, judging.min_rows)
    verdicts = adding.told(judge(evidence, judging.alpha, judging.floor, judging.min_rows))
    shifts = _shaped(change_signals(evidence, verdicts, judging.floor), reference, window)
    all_signals = (*judged_signals(signals, verdicts), *shifts, *summary(verdicts), *instruments.faults)
    return ColumnsResult(all_signals, verdicts, sums)


def _pictured(signals: list[Signal], base: ColumnData, now: ColumnData) -> list[Signal]:
    """The column's signals, one of them with a small histogram of both sides, for every screen to show."""
    found = bars(base.profile, now.profile)
    if found is None or not signals:
        return signals
    at = next((i for i, s in enumerate(signals) if s.source in PICTURED), 0)
    picture = {
        "names": list(found.names),
        "reference": list(found.reference),
        "window": list(found.window),
        "edges": list(found.edges),
    }
    signals[at] = replace(signals[at], detail={**signals[at].detail, "bars": picture})
    return signals


def _shaped(
    signals: list[Signal], reference: Mapping[str, ColumnData], window: Mapping[str, ColumnData]
) -> list[Signal]:
    """The columns' verdicts with the shape of both sides, so that screens need no profile."""
    found = []
    for signal in signals:
        column = signal.column
        if column is not None and column in reference and column in window:
            drawn = shape(reference[column].profile, window[column].profile).as_json()
            signal = replace(signal, detail={**signal.detail, "shape": drawn})
        found.append(signal)
    return found


def _measure(
    detector: Instrument, column: str | None, sides: tuple[Any, Any] | None, n: int, reference_n: int
) -> tuple[Signal, ColumnTest | None]:
    """The signal and the evidence of one detector; `sides` is what it is given, None where there are no rows."""
    name = detector.name if column is None else f"{detector.name}.{column}"
    if sides is None:
        return to_signal(name, Measurement(None, message=NO_ROWS), column=column, source=detector.source), None
    try:
        found = as_measurement(detector.for_column(column).measure(*sides), detector.name)
    except PluginFault as exc:
        return replace(fault_signal(detector.name, exc, column), source=detector.source), None
    except LifecycleError as exc:
        return fault_signal(detector.name, exc, column), None
    except Exception as exc:
        # A built-in runs in this process: its bug costs this one signal, with its place.
        says = f"{type(exc).__name__}: {exc}"
        return fault_signal(detector.name, PluginFault(detector.name, "raised", says), column), None
    n = n if found.n is None else found.n
    signal = to_signal(name, replace(found, n=n), column=column, source=detector.source)
    test = None
    # Without a value there is no signal that a verdict could stand on.
    if signal.value is not None and found.p_value is not None and found.effect is not None:
        categories = found.detail.get("categories")
        test = ColumnTest(column or TOGETHER, detector.name, found.p_value, found.effect, n, reference_n, categories)
    return signal, test


def as_measurement(raw: Measurement | float | None, name: str) -> Measurement:
    """What a plugin returned, as a measurement.

    Raises:
        PluginFault: it is neither a measurement nor a number.
    """
    if isinstance(raw, Measurement):
        return raw
    if raw is None:
        return Measurement(None, message="no value")
    if isinstance(raw, bool) or not hasattr(raw, "__float__"):
        raise PluginFault(name, "result", f"measure() returned {type(raw).__name__}, not a number or a Measurement")
    return Measurement(float(raw))


def to_signal(name: str, found: Measurement, *, column: str | None = None, source: str = "") -> Signal:
    """A measurement as it is stored. NaN is no value, and says so."""
    value, message = found.value, found.message
    if value is not None and value != value:
        value, message = None, message or "the value is not a number"
    detail: dict[str, Any] = dict(found.detail)
    for key in ("p_value", "effect", "definition"):
        if getattr(found, key) is not None:
            detail[key] = getattr(found, key)
    return Signal(
        name,
        value,
        found.lower,
        found.upper,
        found.n,
        "ok" if value is not None else "unknown",
        message,
        column,
        source,
        detail,
    )
