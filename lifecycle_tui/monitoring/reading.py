"""The most likely reading of one window: is it the data, covariate shift, label shift, concept drift, or nothing?

A pure function over the window's evidence. Each piece of evidence is present, absent or not known; `RATES` states how
often it is present under each reading, and the likelihoods follow by Bayes' rule with the pieces taken as independent
(naive Bayes; docs/statistics.md has the table and the reasons). Called by `agent.work.readings`; what it returns is
stored as the signal `reading`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring.reading_faults import Fault
from lifecycle_tui.monitoring.reading_tables import Gap, Gaps
from lifecycle_tui.policy.nodes import number_text

Kind = Literal["none", "data", "covariate", "label", "concept", "unclear"]

PRIOR: Mapping[Kind, float] = {"none": 0.4, "data": 0.15, "covariate": 0.15, "label": 0.15, "concept": 0.15}
"""Before anything is seen. Evidence that is present outweighs it by far; it decides only where all is absent."""

RATES: Mapping[str, Mapping[Kind, float]] = {
    # How often the evidence shows, if this is what happened. "none" has what its tests let through by chance.
    "faults": {"none": 0.001, "data": 0.97, "covariate": 0.03, "label": 0.02, "concept": 0.02},
    "inputs": {"none": 0.001, "data": 0.70, "covariate": 0.97, "label": 0.45, "concept": 0.10},
    "outputs": {"none": 0.001, "data": 0.50, "covariate": 0.60, "label": 0.60, "concept": 0.05},
    "target": {"none": 0.003, "data": 0.30, "covariate": 0.50, "label": 0.98, "concept": 0.30},
    "truth given score": {"none": 0.003, "data": 0.50, "covariate": 0.08, "label": 0.85, "concept": 0.97},
    "score given truth": {"none": 0.003, "data": 0.50, "covariate": 0.70, "label": 0.04, "concept": 0.85},
    "performance": {"none": 0.003, "data": 0.40, "covariate": 0.30, "label": 0.30, "concept": 0.75},
    "estimates": {"none": 0.003, "data": 0.40, "covariate": 0.10, "label": 0.50, "concept": 0.80},
}

CLEAR = 0.6
"""A reading that is less likely than this is "unclear"."""

FLOORS = {"target": 0.02, "truth given score": 0.03, "score given truth": 0.03}
"""Total variation (of a mean row) below which a difference is not evidence, however sure."""

LEVEL = 0.01
"""The three comparisons with the truth and the key metric share at most this chance of false evidence a window."""

MOST_COLUMNS = 20
LONGEST_NAME = 60

_NO_INPUTS = ("drift.", "estimated.", "importance.", "association.", "log.", "segments.")

_WHAT = {
    "target": "the target's own distribution",
    "truth given score": "what comes true where the model says the same",
    "score given truth": "what the model says where the same comes true",
}

NAMES: Mapping[Kind, str] = {
    "none": "nothing has changed that could be seen",
    "data": "the data is broken",
    "covariate": "covariate shift: other inputs, the same relationship",
    "label": "label shift: other base rates, the same inputs for each",
    "concept": "concept drift: the same inputs mean something else now",
    "unclear": "something has changed, and what is not clear",
}


@dataclass(frozen=True)
class Evidence:
    """What is known of one window (and of one version, where performance is per version).

    Attributes:
        signals: of the window: inputs, outputs, table-wide detectors, `estimated.*`, `importance.*`.
        outputs: names of the columns that models say.
        faults: what is wrong with the data.
        gaps: the window's outcomes against the reference's; empty without labels.
        performance: pairs (window's, reference's, greater is better) of metric signals.
        importance: of features on the reference or at the version's making, where the window has none of its own.
        importance_by: "permutation", "association" or "": what `importance` is.
        level: chance of a false alarm that the window may spend.
        margin: added to the floor of `concept.shift` where the reference's scores came from other fits.
        mature: no more labels are expected.
        labelled: whether the model has a target at all.
    """

    signals: Sequence[Signal]
    outputs: frozenset[str] = frozenset()
    faults: Sequence[Fault] = ()
    gaps: Gaps = field(default_factory=Gaps)
    performance: Sequence[tuple[Signal, Signal, bool]] = ()
    importance: Mapping[str, float] | None = None
    importance_by: str = ""
    level: float = 0.05
    margin: float = 0.0
    mature: bool = True
    labelled: bool = True


@dataclass(frozen=True)
class Said:
    """One piece of evidence: True present, False absent, None not known; with the signals that say so."""

    name: str
    holds: bool | None
    says: tuple[tuple[str, str], ...] = ()


def read_window(evidence: Evidence) -> Signal:
    """The signal `reading` (docs/signals.md), without a value: its message and detail say it."""
    pieces = _pieces(evidence)
    likelihoods = weigh(pieces)
    kind = _kind(pieces, likelihoods)
    known = any(p.holds is not None for p in pieces if p.name not in ("faults", "estimates"))
    said = [{"signal": signal, "says": says} for p in pieces if p.holds for signal, says in p.says]
    against = [{"signal": signal, "says": says} for p in pieces if p.holds is False for signal, says in p.says]
    columns = ranked(evidence)
    advice = _advice(kind, evidence, pieces, columns)
    state: Any = "drifted"
    if kind == "none":
        state = "ok" if known else "cannot-tell"
    message = NAMES[kind] if known or kind == "data" else "cannot tell: nothing could be compared with the reference"
    if kind not in ("none", "unclear"):
        message += f" ({likelihoods[kind]:.0%} likely)"
    if said and kind != "none":
        message += f"; {said[0]['says']}"
    return Signal(
        "reading",
        None,
        state=state,
        message=message,
        detail={
            "kind": kind if known or kind == "data" else "unclear",
            "likelihoods": {name: round(value, 4) for name, value in likelihoods.items()},
            "evidence": said,
            "against": against,
            "unknown": [p.name for p in pieces if p.holds is None],
            "advice": advice,
            "columns": columns,
            "importance_by": _importance_by(evidence),
        },
    )


def weigh(pieces: Sequence[Said]) -> dict[Kind, float]:
    """Likelihood of each reading: prior times the rate of each piece that is present, or one minus it if absent."""
    logs = {kind: math.log(prior) for kind, prior in PRIOR.items()}
    for piece in pieces:
        if piece.holds is None:
            continue
        for kind, rate in RATES[piece.name].items():
            logs[kind] += math.log(rate if piece.holds else 1 - rate)
    top = max(logs.values())
    weights = {kind: math.exp(value - top) for kind, value in logs.items()}
    total = sum(weights.values())
    return {kind: weight / total for kind, weight in weights.items()}


def _kind(pieces: Sequence[Said], likelihoods: Mapping[Kind, float]) -> Kind:
    # Estimates of many metrics, each 99 % sure, miss now and then; if they miss for a reason, labels show it too.
    present = [p.name for p in pieces if p.holds and p.name != "estimates"]
    if not present:
        return "none"
    if present == ["outputs"]:
        # What a model says follows from its inputs: if they stand still, it is the model or a column that is not seen.
        return "unclear"
    best = max(likelihoods, key=lambda kind: likelihoods[kind])
    return best if likelihoods[best] >= CLEAR and best != "none" else "unclear"


def _pieces(evidence: Evidence) -> list[Said]:
    features, outputs = _verdicts(evidence)
    level = min(LEVEL, evidence.level) / 4
    gaps = evidence.gaps
    return [
        Said("faults", bool(evidence.faults), tuple((f.signal, _of(f)) for f in evidence.faults[:5])),
        _inputs("inputs", features),
        _inputs("outputs", outputs),
        _gap("target", "target.shift", _WHAT["target"], gaps.truth, level),
        _gap("truth given score", "concept.shift", _WHAT["truth given score"], gaps.given_said, level, evidence.margin),
        _gap("score given truth", "score.shift", _WHAT["score given truth"], gaps.given_truth, level),
        _performance(evidence.performance, level),
        _estimates(evidence.signals),
    ]


def _of(fault: Fault) -> str:
    return f"{_cut(fault.column)}: {fault.says}" if fault.column else fault.says


def _cut(name: str) -> str:
    """A column's name in a sentence: one may have ten thousand characters."""
    return name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"


def _verdicts(evidence: Evidence) -> tuple[list[Signal], list[Signal]]:
    """(verdicts on features and on the table as a whole, verdicts on what models say); segments are not among them."""
    features: list[Signal] = []
    outputs: list[Signal] = []
    for signal in evidence.signals:
        if "segment" in signal.detail or signal.name.startswith(
            ("drift.", "estimated.", "importance", "association", "log.")
        ):
            continue  # fmt: skip
        if "verdict" not in signal.detail and signal.state != "cannot-tell":
            continue
        (outputs if signal.column in evidence.outputs else features).append(signal)
    return features, outputs


def _inputs(name: str, verdicts: Sequence[Signal]) -> Said:
    drifted = sorted((s for s in verdicts if s.state == "drifted"), key=lambda s: (-_effect(s), s.name))
    if drifted:
        return Said(name, True, tuple((s.name, f"{_cut(s.column or s.name)}: {s.message}") for s in drifted[:5]))
    judged = [s for s in verdicts if s.state == "ok"]
    if not judged:
        return Said(name, None)
    return Said(name, False, ((judged[0].name, f"none of {len({s.column for s in judged})} {name} drifted"),))


def _effect(signal: Signal) -> float:
    verdict = signal.detail.get("verdict") or {}
    effect = verdict.get("effect", signal.detail.get("effect"))
    return float(effect) if isinstance(effect, int | float) and math.isfinite(effect) else 0.0


def _gap(name: str, signal: str, what: str, gap: Gap | None, level: float, margin: float = 0.0) -> Said:
    if gap is None or gap.p_value is None:
        return Said(name, None)
    holds = gap.p_value <= level and gap.effect >= FLOORS[name] + margin
    says = f"{what} {'changed' if holds else 'did not change'} (distance {gap.effect:.3g}, p {gap.p_value:.2g})"
    return Said(name, holds, ((signal, says),))


def shift_signals(gaps: Gaps, level: float, margin: float = 0.0) -> tuple[Signal, ...]:
    """`target.shift`, `concept.shift` and `score.shift` of a version: distances with a verdict at `level`."""
    found = []
    for name, what, gap in (
        ("target", "target.shift", gaps.truth),
        ("truth given score", "concept.shift", gaps.given_said),
        ("score given truth", "score.shift", gaps.given_truth),
    ):
        if gap is None or gap.p_value is None:
            continue
        more = margin if name == "truth given score" else 0.0
        piece = _gap(name, what, _WHAT[name], gap, level, more)
        found.append(
            Signal(
                what,
                gap.effect,
                n=gap.n,
                state="drifted" if piece.holds else "ok",
                message=piece.says[0][1],
                detail={"p_value": gap.p_value, "effect": gap.effect, "level": level, "floor": FLOORS[name] + more},
            )
        )
    return tuple(found)


def _performance(pairs: Sequence[tuple[Signal, Signal, bool]], level: float) -> Said:
    """The first metric that can be compared: below the reference's by more than both intervals allow at `level`.

    Intervals are taken as normal ones of 95 %: each half divided by 1.96 is a standard error.
    """
    from statistics import NormalDist

    for now, base, better in pairs:
        if None in (now.value, base.value, now.lower, now.upper, base.lower, base.upper):
            continue
        assert now.value is not None and base.value is not None
        half = [(s.upper - s.lower) / 2 for s in (now, base)]  # type: ignore[operator]
        error = math.hypot(*half) / NormalDist().inv_cdf(0.975)
        loss = base.value - now.value if better else now.value - base.value
        if not math.isfinite(loss) or error <= 0:
            continue
        fell = loss / error >= NormalDist().inv_cdf(1 - level)
        here, there = number_text(now.value), number_text(base.value)
        says = f"{now.name} {'fell' if better else 'rose'} to {here} from the reference's {there}"
        if not fell:
            says = f"{now.name} is {here}, in the reference {there}: within what chance gives"
        return Said("performance", fell, ((now.name, says),))
    return Said("performance", None)


def _estimates(signals: Sequence[Signal]) -> Said:
    """Estimates without labels that were scored since: wrong where the relationship changed."""
    scored = [s for s in signals if s.name.startswith("estimated.") and s.name.endswith(".error")]
    scored = [s for s in scored if None not in (s.value, s.lower, s.upper) and "segment" not in s.detail]
    if not scored:
        return Said("estimates", None)
    wrong = [s for s in scored if s.lower > 0 or s.upper < 0]  # type: ignore[operator]
    if wrong:
        return Said("estimates", True, tuple((s.name, f"the estimate was off by {s.value:+.3g}") for s in wrong[:3]))
    return Said("estimates", False, ((scored[0].name, "estimates without labels came true"),))


def _importance_by(evidence: Evidence) -> str:
    if any(s.name.startswith("importance.") and s.column and s.value is not None for s in evidence.signals):
        return "permutation"
    return evidence.importance_by if evidence.importance else ""


def ranked(evidence: Evidence) -> list[dict[str, Any]]:
    """Features by drift times importance, at most `MOST_COLUMNS`; by drift alone where importance is not known.

    Importance is a column's share of all columns' losses, those that do not help counted as 0.
    """
    drift: dict[str, float] = {}
    for signal in _verdicts(evidence)[0]:
        if signal.column is not None:
            effect = _effect(signal) if signal.state == "drifted" else 0.0
            drift[signal.column] = max(effect, drift.get(signal.column, 0.0))
    for fault in evidence.faults:
        if fault.column is not None and fault.kind != "label":
            drift[fault.column] = max(fault.share, drift.get(fault.column, 0.0))
    own = {
        s.column: s.value
        for s in evidence.signals
        if s.name.startswith("importance.") and s.column and s.value is not None and "segment" not in s.detail
    }
    share = shares(own or evidence.importance or {})
    rows: list[dict[str, Any]] = []
    for column, size in drift.items():
        weight = share.get(column) if share else None
        score = size if not share else size * (weight or 0.0)
        rows.append({"column": column, "drift": size, "importance": weight, "score": score})
    rows.sort(key=lambda row: (-row["score"], -row["drift"], row["column"]))
    return rows[:MOST_COLUMNS]


def shares(importance: Mapping[str, float]) -> dict[str, float]:
    """Each column's share of the sum of losses, negative and unknown ones as 0; empty where nothing helps."""
    positive = {name: max(0.0, value) if math.isfinite(value) else 0.0 for name, value in importance.items()}
    total = sum(positive.values())
    return {name: value / total for name, value in positive.items()} if total > 0 else {}


def _advice(kind: Kind, evidence: Evidence, pieces: Sequence[Said], columns: Sequence[Mapping[str, Any]]) -> str:
    fell = next((p.holds for p in pieces if p.name == "performance"), None)
    top = _cut(columns[0]["column"]) if columns and columns[0]["drift"] > 0 else ""
    if kind == "none":
        return "nothing to do"
    if kind == "data":
        named = sorted({f.column for f in evidence.faults if f.column})
        which = f" of {', '.join(map(_cut, named[:3]))}" if named else ""
        return f"fix the feed{which}; do not retrain on this window"
    if kind == "covariate":
        if fell:
            return f"retrain on recent rows; {top or 'the inputs'} moved most"
        if fell is None and evidence.labelled:
            return "watch; label more rows of this window to see whether performance holds"
        return "watch: performance holds so far" if fell is False else "watch"
    if kind == "label":
        return "recalibrate or retrain on recent rows, and look at the cutoff: base rates have moved"
    if kind == "concept":
        return "retrain on recent rows alone; older ones teach what no longer holds"
    if evidence.labelled and not evidence.mature:
        return "watch: labels are still to come, and will tell"
    return "label more rows, and look at the columns that moved most" if evidence.labelled else "watch"
