"""Where a number can lie, and what that says about a comparison: interval arithmetic over the trees of expressions.

`checks` asks it for the ranges of signals (can this ever be true?), `gates` for what was measured (does it hold
wherever the truth lies?). Bounds are sound because rounding never turns an order round; they are not the tightest: a
signal that occurs twice counts as two.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from lifecycle_tui.policy.nodes import Binary, Call, Negative, Number, SignalNode, SignalRef, Value

Span = tuple[float, float]
"""Lower and upper end, both possible."""

ANY: Span = (-math.inf, math.inf)

Leaf = Callable[[SignalRef], Span]
"""Where a signal lies."""


def span(node: Value, leaf: Leaf) -> Span:
    """Bounds of a value, given those of its signals. Division by what may be 0 can give anything."""
    match node:
        case Number():
            return node.value, node.value
        case SignalNode():
            return leaf(node.ref)
        case Negative():
            low, high = span(node.operand, leaf)
            return -high, -low
        case Call():
            spans = [span(argument, leaf) for argument in node.arguments]
            if node.name == "abs":
                low, high = spans[0]
                return max(0.0, low, -high), max(abs(low), abs(high))
            pick = min if node.name == "min" else max
            return pick(one[0] for one in spans), pick(one[1] for one in spans)
        case Binary():
            return _arithmetic(node.sign, span(node.left, leaf), span(node.right, leaf))


def compare(sign: str, left: Span, right: Span) -> tuple[bool, bool]:
    """(can hold, can be broken), taking both sides as independent."""
    (a, b), (c, d) = left, right
    one_point = a == b == c == d
    apart = b < c or d < a
    return {
        "<": (a < d, b >= c),
        "<=": (a <= d, b > c),
        ">": (b > c, a <= d),
        ">=": (b >= c, a < d),
        "==": (not apart, not one_point),
        "!=": (not one_point, not apart),
    }[sign]


def may_be_zero(node: Value, leaf: Leaf) -> bool:
    """Whether something may be divided by 0 in it."""
    match node:
        case Negative():
            return may_be_zero(node.operand, leaf)
        case Call():
            return any(may_be_zero(argument, leaf) for argument in node.arguments)
        case Binary():
            if node.sign == "/":
                low, high = span(node.right, leaf)
                if low <= 0 <= high:
                    return True
            return may_be_zero(node.left, leaf) or may_be_zero(node.right, leaf)
    return False


def references(node: Value) -> tuple[SignalRef, ...]:
    """The signals of a value, in the order they are written."""
    match node:
        case SignalNode():
            return (node.ref,)
        case Negative():
            return references(node.operand)
        case Binary():
            return references(node.left) + references(node.right)
        case Call():
            return tuple(ref for argument in node.arguments for ref in references(argument))
    return ()


def _arithmetic(sign: str, left: Span, right: Span) -> Span:
    (a, b), (c, d) = left, right
    if sign == "+":
        low, high = a + c, b + d
    elif sign == "-":
        low, high = a - d, b - c
    elif sign == "*":
        products = [x * y for x in left for y in right]
        if any(map(math.isnan, products)):
            return ANY
        low, high = min(products), max(products)
    else:
        if c <= 0 <= d:
            return ANY
        quotients = [x / y for x in left for y in right]
        if any(map(math.isnan, quotients)):
            return ANY
        low, high = min(quotients), max(quotients)
    return (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)
