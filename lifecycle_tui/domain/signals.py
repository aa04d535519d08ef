"""Signals: one named number about a window, with interval, sample size and state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

SignalState = Literal["ok", "drifted", "cannot-tell", "unknown", "error"]
"""`ok` a value, nothing alarming · `drifted` a verdict · `cannot-tell` too thin to judge · `unknown` no value
yet (labels not mature, column absent by design) · `error` the plugin or the column failed."""

ColumnKind = Literal["numeric", "categorical", "text", "time"]
"""Booleans are categorical with the labels "true" and "false"."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a detector or metric returns; a bare float stands for `Measurement(value)`.

    Attributes:
        value: the number; None when the data cannot give one (then `message` says why).
        lower, upper: an interval that covers the true value (95 % unless `detail` says otherwise), or for an
            approximate statistic the certified bounds of it.
        n: sample size it rests on (the smaller side for two samples); the host fills it when absent.
        p_value: probability of something this extreme if nothing had changed, where the detector can tell.
        effect: size on the common scale 0..1 (KS distance, total variation), where the detector has one.
        definition: the dialect, e.g. "reference deciles, floor 1e-4".
        message: one sentence for a person.
        detail: anything else, JSON values only.
    """

    value: float | None
    lower: float | None = None
    upper: float | None = None
    n: int | None = None
    p_value: float | None = None
    effect: float | None = None
    definition: str | None = None
    message: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signal:
    """A measurement with its name and verdict, as it is stored and as rules read it.

    Attributes:
        name: `psi.income`, `drift.share`, `auc`, `rows`; see docs/signals.md.
        value: the number; None where there is none (`state` and `message` say why).
        lower, upper: ends of its interval.
        n: rows that it rests on.
        state: "ok", "drifted", "cannot-tell", "unknown" or "error".
        message: one sentence for a person.
        column: the column it is about, if any.
        source: the plugin that produced it; "" for the program's own.
        detail: anything else that it said, JSON values.
    """

    name: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    n: int | None = None
    state: SignalState = "ok"
    message: str | None = None
    column: str | None = None
    source: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
