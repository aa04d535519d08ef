"""The numbers that rules hold a signal against: the lines in its plot. Called by the overview and the performance pane.

Pure; the expressions' own compiler reads them, so that units, percentages and odd names mean here what they mean there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from lifecycle_tui.policy.expressions import ExpressionError, compile_expression
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
    Value,
)
from lifecycle_tui.tui.declared import Rule

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True, slots=True)
class Threshold:
    """A rule's number for a signal.

    Attributes:
        op: which side of it makes the rule hold: "<", "<=", ">", ">=", "==" or "!=".
        bound: what is compared: the value, or an end of its interval.
        windows: in how many windows in a row it must hold.
    """

    rule: str
    severity: str
    signal: str
    op: str
    value: float
    bound: Literal["value", "lower", "upper"] = "value"
    windows: int = 1

    @property
    def text(self) -> str:
        """`auc.upper < 0.9`; the number is the caller's to write."""
        return f"{self.signal}{'' if self.bound == 'value' else f'.{self.bound}'} {self.op}"

    def holds(self, number: float) -> bool:
        """Whether a number lies on the side that the rule names."""
        return {
            "<": number < self.value, "<=": number <= self.value, ">": number > self.value,
            ">=": number >= self.value, "==": number == self.value, "!=": number != self.value,
        }[self.op]  # fmt: skip


def thresholds(rules: Sequence[Rule], signal: str | None = None) -> tuple[Threshold, ...]:
    """Every comparison of a signal (of any, if none is named) with a number, in the order of the rules.

    Comparisons of a calculation (`auc * 2 > 1`), of two signals, or of `.n` are no line and are left out; so are rules
    that are no expression.
    """
    found = (t for rule in rules for t in _of(rule))
    return tuple(t for t in found if signal is None or t.signal == signal)


@lru_cache(maxsize=512)
def _of(rule: Rule) -> tuple[Threshold, ...]:
    try:
        root = compile_expression(rule.when).root
    except ExpressionError:
        return ()
    return tuple(dict.fromkeys(_walk(root, rule, straight=True)))


def _walk(node: Condition, rule: Rule, *, straight: bool) -> Iterator[Threshold]:
    """The comparisons below a node; below an odd number of `not` they mean the opposite."""
    if isinstance(node, And | Or):
        for part in node.parts:
            yield from _walk(part, rule, straight=straight)
    elif isinstance(node, Not):
        yield from _walk(node.operand, rule, straight=not straight)
    elif isinstance(node, Compare):
        found = _compared(node)
        if found is not None:
            ref, op, value = found
            if ref.ref.function is None and ref.ref.part in ("value", "lower", "upper"):
                op = op if straight else _OPPOSITE[op]
                yield Threshold(rule.name, rule.severity, ref.ref.name, op, value, ref.ref.part, rule.windows)


def _compared(node: Compare) -> tuple[SignalNode, str, float] | None:
    """(signal, sign, number) of a comparison that is one, the signal on the left."""
    for one, other, sign in ((node.left, node.right, node.sign), (node.right, node.left, _TURNED[node.sign])):
        if isinstance(one, SignalNode) and _constant(other):
            value = other.number(lambda ref: None)
            if value is not None:
                return one, sign, value
    return None


def _constant(node: Value) -> bool:
    """Whether no signal is in it."""
    match node:
        case Number():
            return True
        case Negative():
            return _constant(node.operand)
        case Binary():
            return _constant(node.left) and _constant(node.right)
        case Call():
            return all(map(_constant, node.arguments))
    return False
