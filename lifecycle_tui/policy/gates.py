"""Judging gates: whether a challenger may take the champion's place, given what was measured of both (DESIGN §5).

A gate is an expression over numbers that are known to an interval. It is passed if it holds wherever in the intervals
the truth lies, failed if it holds nowhere, and else unknown, which keeps the champion; then the answer says how many
rows would settle it if the estimates stay. Three-valued as rules are, and pure: the judge measures, this decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from lifecycle_tui.policy.expressions import Expression, compile_expression
from lifecycle_tui.policy.measured import Interval, Reading, explain, key_of
from lifecycle_tui.policy.nodes import SignalRef

__all__ = ["GateOutcome", "Interval", "Verdict", "default_gates", "judge", "references"]

Verdicts = Literal["passed", "failed", "unknown"]

MOST = 1_000_000
"""More rows than so many times those there are: how many would settle it cannot be told."""


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """One gate.

    Attributes:
        gate: as written.
        text: what decided it, with numbers, as a sentence.
        wanted: rows that would settle an unknown one, about; None where it is decided or that cannot be told.
        numbers: those that it reads and that there are, by their key (`references`).
    """

    gate: str
    verdict: Verdicts
    text: str
    wanted: int | None
    numbers: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Verdict:
    """All gates together: failed if one is, else unknown if one is, else passed. `wanted` settles all of them."""

    verdict: Verdicts
    text: str
    wanted: int | None
    gates: tuple[GateOutcome, ...]


def default_gates(metric: str) -> tuple[str, ...]:
    """The gates of a model that has none in its file: the challenger must be better by its key metric."""
    return (f"gain({metric}) > 0",)


def references(gates: Sequence[str]) -> tuple[str, ...]:
    """Keys of the numbers that gates read, each once: "gain(auc)", "challenger.recall", "champion.auc", "drift.max".

    Raises:
        ExpressionError: if a gate is no condition.
    """
    return tuple(dict.fromkeys(key_of(ref) for gate in gates for ref in compile_expression(gate).signals))


def judge(
    gates: Sequence[str],
    numbers: Mapping[str, Interval],
    rows: int,
    *,
    min_samples: int,
    has_champion: bool,
    challenger: str,
    champion: str,
    wider: float = 1.0,
) -> Verdict:
    """What the gates say of a challenger.

    Without a champion, gates that compare with it are passed over: there is nothing to beat. On fewer rows than
    `min_samples` the others are unknown, whatever the numbers. No gate at all is unknown too, as long as there is a
    champion to keep.

    Args:
        numbers: by key (`references`); what is not there is unknown.
        rows: those that both were measured on.
        challenger, champion: as people call them, e.g. "version 3".
        wider: how much wider the intervals of the next judgement will be on as many rows, see `stats.looks`.

    Raises:
        ExpressionError: if a gate is no condition.
    """
    found = [_Gate(compile_expression(gate), numbers, rows, min_samples, has_champion, wider) for gate in gates]
    outcomes = tuple(gate.outcome() for gate in found)
    verdicts = {outcome.verdict for outcome in outcomes}
    verdict: Verdicts = "failed" if "failed" in verdicts else "unknown" if "unknown" in verdicts else "passed"
    deciding = [gate for gate, outcome in zip(found, outcomes, strict=True) if outcome.verdict == verdict]
    compared = [gate for gate in deciding if not gate.passed_over]
    who = f"{challenger} against {champion}" if has_champion else challenger
    wants = [outcome.wanted for outcome in outcomes if outcome.verdict == "unknown"]
    wanted = max((want for want in wants if want is not None), default=None) if verdict == "unknown" else None
    if None in wants:
        wanted = None
    if not gates and has_champion:
        return Verdict(
            "unknown",
            f"cannot tell: no gate and no metric says whether {challenger} is better than {champion}",
            None,
            (),
        )
    if not gates:
        return Verdict("passed", "there is no champion to beat", None, ())
    parts = []
    if compared:
        shown = "; ".join(gate.shown for gate in compared)
        reasons = "; ".join(dict.fromkeys(why for gate in compared if (why := gate.why(verdict))))
        parts.append(_sentence(verdict, shown, f"{rows:,} rows, {who}", reasons, wanted))
    # Said even where others decide: what was not compared must not look as if it had been won.
    parts += [gate.nothing_to_beat for gate in found if gate.passed_over]
    return Verdict(verdict, "; ".join(parts), wanted, outcomes)


def _sentence(verdict: Verdicts, shown: str, rows: str, reasons: str, wanted: int | None) -> str:
    if verdict == "passed":
        return f"{shown} on {rows}"
    if verdict == "failed":
        return f"not worth it: {shown} does not hold on {rows}"
    why = f" ({reasons})" if reasons else ""
    return f"cannot tell yet: {shown} on {rows}{why}" + (f"; about {wanted:,} rows would settle it" if wanted else "")


def _of_champion(ref: SignalRef) -> bool:
    return ref.function == "gain" or ref.name.startswith("champion.")


@dataclass(frozen=True)
class _Gate:
    """One gate with the numbers that it is judged on."""

    expression: Expression
    numbers: Mapping[str, Interval]
    rows: int
    min_samples: int
    has_champion: bool
    wider: float

    @property
    def passed_over(self) -> bool:
        return not self.has_champion and any(_of_champion(ref) for ref in self.expression.signals)

    @property
    def nothing_to_beat(self) -> str:
        return f"there is no champion to beat: {self.expression.text} is passed over"

    def outcome(self) -> GateOutcome:
        verdict, wanted = self._verdict()
        text = self.nothing_to_beat
        if not self.passed_over:
            text = _sentence(verdict, self.shown, f"{self.rows:,} rows", self.why(verdict), wanted)
        keys = dict.fromkeys(key_of(ref) for ref in self.expression.signals)
        read = {key: self.numbers[key] for key in keys if key in self.numbers}
        return GateOutcome(self.expression.text, verdict, text, wanted, read)

    @property
    def shown(self) -> str:
        """What decided it, or what is open, with its numbers."""
        return explain(self.expression.root, Reading(self.numbers))

    def why(self, verdict: Verdicts) -> str:
        """Why it is unknown, where narrower intervals alone would not help; else ""."""
        if verdict != "unknown":
            return ""
        if self.rows < self.min_samples and not self._final:
            return f"no gate is judged on fewer than {self.min_samples:,}"
        return Reading(self.numbers).why(self.expression.root) or ""

    @property
    def _final(self) -> bool:
        """Whether it reads a number that further rows would not bring."""
        read = (self.numbers.get(key_of(ref)) for ref in self.expression.signals)
        return any(number is not None and number.final for number in read)

    def _verdict(self) -> tuple[Verdicts, int | None]:
        if self.passed_over:
            return "passed", None
        truth = Reading(self.numbers).truth(self.expression.root)
        wanted = self._settles() if truth is None else None
        if self.rows < self.min_samples:
            return "unknown", None if self._final else max(self.min_samples, wanted or 0)
        return ("unknown", wanted) if truth is None else ("passed" if truth else "failed", None)

    def _settles(self) -> int | None:
        """Rows at which intervals, shrunk as the root of their number, would decide; None if they hardly ever do."""
        root = self.expression.root
        decided, open_ = 1 / math.sqrt(MOST), 1.0
        if Reading(self.numbers, decided).truth(root) is None:
            return None
        # Narrower intervals lie within wider ones: once decided it stays so.
        for _ in range(50):
            middle = (decided + open_) / 2
            if Reading(self.numbers, middle).truth(root) is None:
                open_ = middle
            else:
                decided = middle
        wanted = math.ceil(self.rows * (self.wider / decided) ** 2)
        if wanted <= 0:
            return None
        unit = 10 ** max(0, len(str(wanted)) - 2)
        return -(-wanted // unit) * unit
