"""How far to trust estimates: each is scored against what came true once a window's labels are all in.

`estimated.METRIC.error` is the estimate that stood before minus what was realised; its interval holds 0 where the
estimate's held the truth. From those of past windows comes the trust that newer estimates carry; where the truth has
lain outside too often, the link between score and label has moved (concept drift): then estimates are withheld. Called
by the job that measures windows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lifecycle_tui.domain.estimable import PREFIX
from lifecycle_tui.domain.signals import Signal

LAST = 20
"""Windows that trust looks back on."""

MISS = 0.01
"""Share of windows whose realised value lies outside a 99 % interval though all is well."""

FAR, NEWEST = 5.0, 3
"""One window among so many of the newest is enough, where the truth lies that many standard errors off."""

SUSPECT = 1e-3
"""Chance of so many misses from which concept drift is suspected."""


@dataclass(frozen=True)
class Trust:
    """How estimates of one metric have done over past windows.

    Attributes:
        windows: how many were scored; covered: in how many the realised value lay in the interval.
        error: mean absolute difference.
        misses, of: the run of newest windows that is least likely if all is well; chance: how likely it is.
    """

    windows: int
    covered: int
    error: float
    misses: int
    of: int
    chance: float

    @property
    def suspect(self) -> bool:
        """Whether concept drift is suspected."""
        return self.chance < SUSPECT

    def says(self) -> str:
        """One phrase."""
        return (
            f"in {self.covered} of the last {self.windows} windows what came true lay in the interval, "
            f"off by {self.error:.3g} on average"
        )

    def as_json(self) -> dict[str, Any]:
        return {"windows": self.windows, "covered": self.covered, "error": self.error}


def errors(estimates: Iterable[Signal], realised: Mapping[str, Signal]) -> list[Signal]:
    """`estimated.METRIC.error` of a window whose labels are all in.

    Args:
        estimates: those that stood before; one that was withheld is scored by what it withheld, so that it can come
            back once it is right again.
        realised: metric signals of the same window and version, by name.
    """
    found = []
    for signal in estimates:
        metric = signal.name.removeprefix(PREFIX)
        truth = realised.get(metric)
        if metric.endswith(".error") or truth is None or truth.value is None:
            continue
        said = withheld(signal)
        if said is None:
            continue
        value, lower, upper = said
        inside = lower <= truth.value <= upper
        says = f"estimated {value:.4g} ({lower:.4g} to {upper:.4g}) without labels; {truth.value:.4g} came true"
        detail = {"estimate": value, "realised": truth.value, "covered": inside}
        ends = value - truth.value, lower - truth.value, upper - truth.value
        found.append(Signal(f"{signal.name}.error", *ends, truth.n, "ok", says, detail=detail))
    return found


def withheld(signal: Signal) -> tuple[float, float, float] | None:
    """Value and interval of an estimate, also of one that is not shown because concept drift is suspected."""
    if signal.value is not None and signal.lower is not None and signal.upper is not None:
        return signal.value, signal.lower, signal.upper
    kept = signal.detail.get("withheld")
    return None if not kept else (float(kept[0]), float(kept[1]), float(kept[2]))


def trust(past: Sequence[Signal]) -> Trust | None:
    """The trust that error signals of past windows (oldest first) give; None without any."""
    from lifecycle_tui.stats.tails import binomial_sf, normal_sf

    known = [s for s in past if s.value is not None and s.lower is not None and s.upper is not None][-LAST:]
    if not known:
        return None
    hits = [s.lower is not None and s.upper is not None and s.lower <= 0 <= s.upper for s in known]
    mean = sum(abs(s.value or 0.0) for s in known) / len(known)
    worst, misses = (0, len(hits), 1.0), 0
    for length, hit in enumerate(reversed(hits), 1):
        misses += not hit
        chance = float(binomial_sf(misses, length, MISS)) if misses > 1 else 1.0
        if chance < worst[2]:
            worst = (misses, length, chance)
    newest = known[-NEWEST:]
    far = max(map(_off, newest))
    if far > FAR and (chance := 2 * normal_sf(far)) < worst[2]:
        worst = (hits[-NEWEST:].count(False), len(newest), chance)
    return Trust(len(known), sum(hits), mean, *worst)


def _off(error: Signal) -> float:
    """How many standard errors an estimate was off: the interval is 2 x 2.576 of them wide."""
    assert error.value is not None and error.lower is not None and error.upper is not None
    half = (error.upper - error.value) if error.value < 0 else (error.value - error.lower)
    return abs(error.value) / half * 2.576 if half > 0 else 0.0


def trusted(estimates: Iterable[Signal], past: Mapping[str, Sequence[Signal]]) -> list[Signal]:
    """The estimates with the trust that they have earned, or withheld.

    Args:
        past: name of the error signal → its values in earlier windows, oldest first.
    """
    trusts = {name: found for name, signals in past.items() if (found := trust(signals)) is not None}
    result = []
    for signal in estimates:
        own = trusts.get(f"{signal.name}.error")
        detail = dict(signal.detail) | ({} if own is None else {"trust": own.as_json()})
        blamed = _blamed(f"{signal.name}.error", trusts)
        if signal.value is None:
            result.append(replace(signal, detail=detail))
        elif blamed is not None:
            detail["withheld"] = [signal.value, signal.lower, signal.upper]
            says = _suspicion(blamed, trusts[blamed])
            result.append(
                replace(signal, value=None, lower=None, upper=None, state="cannot-tell", message=says, detail=detail)
            )
        else:
            says = (signal.message or "") + ("" if own is None else f"; {own.says()}")
            result.append(replace(signal, message=says, detail=detail))
    return result


def _blamed(name: str, trusts: Mapping[str, Trust]) -> str | None:
    """The error signal for which an estimate is withheld: its own, or one that shows concept drift beyond doubt, for
    all estimates of a version rest on the same calibration."""
    own = trusts.get(name)
    if own is not None and own.suspect:
        return name
    worst = min(trusts, key=lambda other: (trusts[other].chance, other), default=None)
    return worst if worst is not None and trusts[worst].chance < SUSPECT / 10 else None


def _suspicion(name: str, of: Trust) -> str:
    metric = name.removeprefix(PREFIX).removesuffix(".error")
    return (
        f"concept drift is suspected: in {of.misses} of the last {of.of} windows with labels {metric} came out outside "
        "the 99 % interval of its estimate"
    )
