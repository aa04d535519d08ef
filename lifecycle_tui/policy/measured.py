"""Numbers that are known to an interval, and what a condition over them says: true, false, or not known (yet).

`gates` judges with it. A condition is true if it holds wherever in the intervals the truth lies, false if it holds
nowhere; a number that is not there, or that may divide by 0, leaves it unknown however narrow the others are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lifecycle_tui.policy.nodes import (
    And,
    Binary,
    Call,
    Compare,
    Condition,
    Negative,
    Not,
    Number,
    Or,
    SignalNode,
    SignalRef,
    Truth,
    Value,
    number_text,
)
from lifecycle_tui.policy.spans import ANY, Span, compare, may_be_zero, references, span


@dataclass(frozen=True, slots=True)
class Interval:
    """A number as it was measured.

    Attributes:
        value: None where there is none; `message` may say why.
        lower, upper: 95 %. A gain, or a metric of one version, without an end is open there; any other signal without
            one is taken as exact.
        n: rows it rests on.
        final: there is no value, and further rows would not give it one.
    """

    value: float | None
    lower: float | None
    upper: float | None
    n: int
    message: str | None = None
    final: bool = False


def key_of(ref: SignalRef) -> str:
    """What the number behind a reference is filed under: "gain(auc)", "challenger.recall", "drift.max"."""
    return f"gain({ref.name})" if ref.function == "gain" else ref.name


@dataclass(frozen=True)
class Reading:
    """Numbers as a gate reads them, their intervals drawn together to `width` of what they are."""

    numbers: Mapping[str, Interval]
    width: float = 1.0

    def truth(self, node: Condition) -> bool | None:
        match node:
            case Truth():
                return node.value
            case Not():
                inner = self.truth(node.operand)
                return None if inner is None else not inner
            case And() | Or():
                decisive = isinstance(node, Or)
                values = [self.truth(part) for part in node.parts]
                return decisive if decisive in values else None if None in values else not decisive
            case Compare():
                if self._unknown(node) is not None:
                    return None
                holds, breaks = compare(node.sign, span(node.left, self._span), span(node.right, self._span))
                return None if holds and breaks else holds

    def why(self, node: Condition) -> str | None:
        """Why what is open in it is unknown; None where the intervals are known and only too wide."""
        match node:
            case Truth():
                return None
            case Not():
                return self.why(node.operand)
            case And() | Or():
                found = [why for part in node.parts if self.truth(part) is None and (why := self.why(part))]
                return "; ".join(dict.fromkeys(found)) or None
            case Compare():
                return self._unknown(node)

    def value(self, ref: SignalRef) -> float | None:
        """The number itself."""
        found = self.numbers.get(key_of(ref))
        if found is None:
            return None
        number = {"value": found.value, "lower": found.lower, "upper": found.upper, "n": float(found.n)}[ref.part]
        return None if number is None or not math.isfinite(number) else number

    def text(self, ref: SignalRef) -> str:
        """A signal with its number and interval: "gain(mae) 12.3 (8.1 to 16.9)"."""
        value, name = self.value(ref), ref.text or key_of(ref)
        if value is None or ref.part != "value":
            return f"{name} {number_text(value)}"
        low, high = self.numbers[key_of(ref)].lower, self.numbers[key_of(ref)].upper
        if (low is None and high is None) or low == value == high:
            return f"{name} {number_text(value)}"
        return f"{name} {number_text(value)} ({number_text(low)} to {number_text(high)})"

    def _unknown(self, node: Compare) -> str | None:
        """Why a comparison is unknown whatever the width."""
        for ref in (*references(node.left), *references(node.right)):
            if self.value(ref) is None:
                found = self.numbers.get(key_of(ref))
                return found.message if found is not None and found.message else f"{key_of(ref)} has no number"
            if ref.part == "value" and self._span(ref) == ANY:
                return self.numbers[key_of(ref)].message or f"{key_of(ref)} has no interval"
        if may_be_zero(node.left, self._span) or may_be_zero(node.right, self._span):
            return "it may divide by 0"
        return None

    def _span(self, ref: SignalRef) -> Span:
        value, found = self.value(ref), self.numbers.get(key_of(ref))
        if value is None or found is None:
            return ANY
        if ref.part != "value":
            return value, value
        # A signal of a window stays what it is however many rows the versions are judged on.
        compared = ref.function == "gain" or ref.name.startswith(("challenger.", "champion."))
        if not compared:
            return (value if found.lower is None else found.lower), (value if found.upper is None else found.upper)
        return _drawn(value, found.lower, self.width, -math.inf), _drawn(value, found.upper, self.width, math.inf)


def _drawn(value: float, end: float | None, width: float, open_end: float) -> float:
    """An end of an interval, drawn towards the value; exact where `width` is 1, and never beyond the value."""
    if end is None or (end > value) != (open_end > 0):
        return open_end if end is None else value
    moved = end + (value - end) * (1 - width)
    return min(moved, value) if open_end < 0 else max(moved, value)


def explain(node: Condition, reading: Reading) -> str:
    """The parts that made it so, or that are open, with their numbers."""
    match node:
        case Truth():
            return "true" if node.value else "false"
        case Compare():
            return f"{_with_numbers(node.left, reading)} {node.sign} {_with_numbers(node.right, reading)}"
        case Not():
            return f"not ({explain(node.operand, reading)})"
        case And() | Or():
            truth = reading.truth(node)
            joint, other = (" or ", And) if isinstance(node, Or) else (" and ", Or)
            shown = [
                f"({explain(part, reading)})" if isinstance(part, other) else explain(part, reading)
                for part in node.parts
                if reading.truth(part) is truth
            ]
            return joint.join(dict.fromkeys(shown))


def _with_numbers(node: Value, reading: Reading) -> str:
    """As `explain` of the node shows it, each signal with its interval."""
    return _replaced(node, lambda ref: Number(0.0, False, reading.text(ref))).explain(lambda ref: None)


def _replaced(node: Value, put: Callable[[SignalRef], Value]) -> Value:
    match node:
        case SignalNode():
            return put(node.ref)
        case Negative():
            return Negative(_replaced(node.operand, put))
        case Binary():
            return Binary(node.sign, _replaced(node.left, put), _replaced(node.right, put))
        case Call():
            return Call(node.name, tuple(_replaced(argument, put) for argument in node.arguments))
    return node
