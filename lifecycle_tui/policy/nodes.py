"""The tree of a compiled expression: what each part is worth, and how it reads with its numbers.

Two kinds of node, never mixed: a value gives a float or None, a condition gives True, False or None (unknown).
`expressions` builds the tree; `checks` walks it.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Part = Literal["value", "lower", "upper", "n"]


@dataclass(frozen=True, slots=True)
class SignalRef:
    """A signal as an expression names it. Two are equal if they ask for the same number.

    Attributes:
        name: the signal's name, e.g. "psi.loan amount"; a gate's may begin with "challenger." or "champion.".
        part: which of its numbers.
        function: "gain" asks for the challenger's improvement over the champion, answered by the gate's lookup.
        text: as written.
        column, width: 1-based place in the expression.
    """

    name: str
    part: Part = "value"
    function: Literal["gain"] | None = None
    text: str = field(default="", compare=False)
    column: int = field(default=1, compare=False)
    width: int = field(default=1, compare=False)


Lookup = Callable[[SignalRef], float | None]
"""Gives the number that a reference asks for; None (or NaN) where there is none."""


def number_text(value: float | None) -> str:
    """A number for a sentence: four significant digits, thousands not cut off, "unknown" for None."""
    if value is None:
        return "unknown"
    if math.isfinite(value) and (value == int(value) or abs(value) >= 10_000):
        return f"{value:.0f}"
    return f"{value:.4g}"


@dataclass(frozen=True, slots=True)
class Number:
    """A literal; `duration` if it carried a unit of time (then in seconds)."""

    value: float
    duration: bool
    text: str

    def number(self, lookup: Lookup) -> float | None:
        return self.value

    def explain(self, lookup: Lookup) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class SignalNode:
    """A reference to a signal."""

    ref: SignalRef

    def number(self, lookup: Lookup) -> float | None:
        value = lookup(self.ref)
        if value is None or value != value:
            return None
        return float(value)

    def explain(self, lookup: Lookup) -> str:
        return f"{self.ref.text or self.ref.name} {number_text(self.number(lookup))}"


@dataclass(frozen=True, slots=True)
class Negative:
    """Unary minus."""

    operand: Value

    def number(self, lookup: Lookup) -> float | None:
        value = self.operand.number(lookup)
        return None if value is None else -value

    def explain(self, lookup: Lookup) -> str:
        return f"-{_inner(self.operand, lookup)}"


def _divide(left: float, right: float) -> float:
    return left / right if right else math.nan


OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True, slots=True)
class Binary:
    """Arithmetic on two numbers; unknown if either is, if it divides by zero, or if the result is not a number."""

    sign: str
    left: Value
    right: Value

    def number(self, lookup: Lookup) -> float | None:
        left, right = self.left.number(lookup), self.right.number(lookup)
        if left is None or right is None:
            return None
        value = OPERATIONS[self.sign](left, right)
        return None if math.isnan(value) else value

    def explain(self, lookup: Lookup) -> str:
        return f"{_inner(self.left, lookup)} {self.sign} {_inner(self.right, lookup)}"


@dataclass(frozen=True, slots=True)
class Call:
    """abs, min or max; unknown if any argument is."""

    name: str
    arguments: tuple[Value, ...]

    def number(self, lookup: Lookup) -> float | None:
        values = [argument.number(lookup) for argument in self.arguments]
        known = [value for value in values if value is not None]
        if len(known) < len(values):
            return None
        if self.name == "abs":
            return abs(known[0])
        return min(known) if self.name == "min" else max(known)

    def explain(self, lookup: Lookup) -> str:
        return f"{self.name}({', '.join(argument.explain(lookup) for argument in self.arguments)})"


Value = Number | SignalNode | Negative | Binary | Call


def _inner(node: Value, lookup: Lookup) -> str:
    shown = node.explain(lookup)
    return f"({shown})" if isinstance(node, Binary) else shown


@dataclass(frozen=True, slots=True)
class Truth:
    """The literal true or false."""

    value: bool

    def truth(self, lookup: Lookup) -> bool | None:
        return self.value

    def explain(self, lookup: Lookup) -> str:
        return "true" if self.value else "false"


@dataclass(frozen=True, slots=True)
class Compare:
    """Two numbers compared; unknown if either is. `column`, `width`: its 1-based place."""

    sign: str
    left: Value
    right: Value
    column: int = field(compare=False, default=1)
    width: int = field(compare=False, default=1)

    def truth(self, lookup: Lookup) -> bool | None:
        left, right = self.left.number(lookup), self.right.number(lookup)
        if left is None or right is None:
            return None
        return COMPARISONS[self.sign](left, right)

    def explain(self, lookup: Lookup) -> str:
        return f"{self.left.explain(lookup)} {self.sign} {self.right.explain(lookup)}"


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; unknown stays unknown."""

    operand: Condition

    def truth(self, lookup: Lookup) -> bool | None:
        value = self.operand.truth(lookup)
        return None if value is None else not value

    def explain(self, lookup: Lookup) -> str:
        shown = self.operand.explain(lookup)
        return f"not {shown}" if isinstance(self.operand, Truth) else f"not ({shown})"


@dataclass(frozen=True, slots=True)
class And:
    """False if any part is, else unknown if any part is, else true."""

    parts: tuple[Condition, ...]

    def truth(self, lookup: Lookup) -> bool | None:
        values = [part.truth(lookup) for part in self.parts]
        return False if False in values else None if None in values else True

    def explain(self, lookup: Lookup) -> str:
        return _deciding(self.parts, " and ", False, lookup)


@dataclass(frozen=True, slots=True)
class Or:
    """True if any part is, else unknown if any part is, else false."""

    parts: tuple[Condition, ...]

    def truth(self, lookup: Lookup) -> bool | None:
        values = [part.truth(lookup) for part in self.parts]
        return True if True in values else None if None in values else False

    def explain(self, lookup: Lookup) -> str:
        return _deciding(self.parts, " or ", True, lookup)


Condition = Truth | Compare | Not | And | Or


def _deciding(parts: tuple[Condition, ...], joint: str, decisive: bool, lookup: Lookup) -> str:
    """The parts that made it so: of an `or` that holds those that hold, of an `and` that does not those that do not."""
    chosen = [part for part in parts if part.truth(lookup) is decisive] or list(parts)
    mixed = And if decisive else Or
    shown = [f"({part.explain(lookup)})" if isinstance(part, mixed) else part.explain(lookup) for part in chosen]
    return joint.join(dict.fromkeys(shown))
