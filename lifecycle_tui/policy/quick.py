"""The commonest conditions, one signal against one number, without the walk over their tree.

Called by `readings`, which evaluates a rule for every window there is; a test holds it to `Expression.evaluate`.
"""

from __future__ import annotations

from collections.abc import Callable

from lifecycle_tui.policy.expressions import Expression
from lifecycle_tui.policy.facts import WindowFacts
from lifecycle_tui.policy.nodes import COMPARISONS, Compare, Number, SignalNode

Evaluate = Callable[[WindowFacts], bool | None]


def quick(expression: Expression) -> Evaluate:
    """What an expression says of a window: as `expression.evaluate(facts.lookup())`."""
    root = expression.root
    if isinstance(root, Compare) and isinstance(root.left, SignalNode) and isinstance(root.right, Number):
        ref = root.left.ref
        if ref.function is None and ref.part in ("value", "lower", "upper"):
            return _one(ref.name, ref.part, root.sign, root.right.value)
    return lambda facts: root.truth(facts.lookup())


def _one(name: str, part: str, sign: str, limit: float) -> Evaluate:
    holds = COMPARISONS[sign]

    def evaluate(facts: WindowFacts) -> bool | None:
        fact = facts.signals.get(name)
        if fact is None:
            return None
        value: float | None = getattr(fact, part)
        return None if value is None or value != value else holds(value, limit)

    return evaluate
