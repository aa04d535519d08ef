"""What is wrong with an expression before it ever runs: unknown signals, comparisons that cannot be otherwise.

A rule that can never fire disarms itself silently, so the workspace asks here for every rule, gate and abort
condition when it opens. Ranges travel through the arithmetic as intervals: what is called impossible is impossible,
but not everything impossible is found (a signal that occurs twice counts as two).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lifecycle_tui.domain.nearest import nearest
from lifecycle_tui.domain.problems import Level, Place, Problem
from lifecycle_tui.policy.catalog import SignalCatalog, SignalInfo
from lifecycle_tui.policy.expressions import Expression
from lifecycle_tui.policy.nodes import (
    And,
    Compare,
    Condition,
    Not,
    Number,
    Or,
    SignalNode,
    SignalRef,
    Truth,
    number_text,
)
from lifecycle_tui.policy.spans import ANY, Span, compare, references, span


@dataclass(frozen=True, slots=True)
class ExpressionProblem:
    """One thing wrong with an expression; `column` is 1-based within it."""

    code: str
    message: str
    column: int
    width: int
    hint: str | None = None
    level: Level = "error"

    def as_problem(self, place: Place | None = None, key: str = "") -> Problem:
        """The row for a report; `place` is where the value begins, its opening quotation mark included."""
        at = None if place is None else place.inside(self.column, self.width)
        return Problem(self.code, self.message, key, at, self.hint, level=self.level)


def check_expression(
    expression: Expression, known: SignalCatalog, *, gates: bool = False
) -> tuple[ExpressionProblem, ...]:
    """Everything wrong with it, in the order of the text. Empty means fine.

    Args:
        known: the model's signals; for gates and abort conditions its `for_gates()`.
        gates: whether `gain(…)` means something here.
    """
    problems = [problem for ref in expression.signals if (problem := _signal(ref, known, gates))]
    comparisons = list(_comparisons(expression.root))
    if not problems:
        problems += [problem for part in comparisons if (problem := _units(part, known))]
    if not problems:
        problems += [problem for part in comparisons if (problem := _fixed(part, known))]
        problems += _whole(expression, known, problems)
    return tuple(sorted(problems, key=lambda problem: (problem.column, problem.code)))


def _signal(ref: SignalRef, known: SignalCatalog, gates: bool) -> ExpressionProblem | None:
    if ref.function == "gain" and not gates:
        message = "gain(…) compares a challenger with the champion: only gates can ask for it"
        return ExpressionProblem("unknown-signal", message, ref.column, ref.width, f"write {ref.name} in a rule")
    info = known.get(ref.name)
    if info is None:
        message = f"this model has no signal {ref.name!r}"
        return ExpressionProblem("unknown-signal", message, ref.column, ref.width, _suggest(ref, known))
    if ref.function == "gain" and not info.performance:
        message = f"gain(…) takes a metric, and {ref.name} is none"
        return ExpressionProblem("unknown-signal", message, ref.column, ref.width)
    if ref.function == "gain" and not info.directed:
        message = f"gain(…) takes a metric of which one end is better, and neither is of {ref.name}"
        hint = f"say which: e.g. challenger.{ref.name} > champion.{ref.name}"
        return ExpressionProblem("no-direction", message, ref.column, ref.width, hint)
    if ref.part in ("lower", "upper") and not info.interval:
        message = f"{ref.name} is counted, not estimated: it has no .{ref.part}"
        return ExpressionProblem("unknown-signal", message, ref.column, ref.width, f"write {spell(info)}")
    return None


def spell(info: SignalInfo) -> str:
    """A signal as it is written in an expression: odd column names in brackets."""
    if info.column is None or not info.name.endswith(f".{info.column}"):
        return info.name
    words = info.column.split(".")
    plain = all(re.fullmatch(r"[^\W\d]\w*", word) for word in words) and words[-1] not in ("lower", "upper", "n")
    if plain:
        return info.name
    escaped = info.column.replace("\\", "\\\\").replace('"', '\\"')
    return f'{info.name[: -len(info.column) - 1]}["{escaped}"]'


def _suggest(ref: SignalRef, known: SignalCatalog) -> str | None:
    """The nearest signal, as it is written."""
    if ref.part != "value" and (exact := known.get(f"{ref.name}.{ref.part}")):
        return f"a column named {ref.part!r} is written {spell(exact)}"
    # `psi.loan-amount` reads as a difference: the column with more to its name is what was meant.
    longer = [info for name, info in known.signals.items() if re.match(re.escape(ref.name) + r"\W", name)]
    if len(longer) == 1:
        return f"did you mean {spell(longer[0])}?"
    if longer:
        return f"it goes on: {', '.join(spell(info) for info in longer[:3])}"
    if "=" in ref.name:
        return _segments(ref, known)
    near = nearest(ref.name, known.signals)
    if near:
        return f"did you mean {spell(known.signals[near])}?"
    head = ref.name.split(".")[0]
    same = sorted(name for name in known.signals if name.split(".")[0] == head)
    return f"there is {', '.join(spell(known.signals[name]) for name in same[:3])}" if same else None


def _segments(ref: SignalRef, known: SignalCatalog) -> str | None:
    """What there is beside a segment that there cannot be."""
    if not known.segments:
        return 'a segment needs its column: [models.*.columns] segments = ["…"]'
    columns = " and ".join(known.segments[:5])
    base = next((name for name in sorted(known.segmented) if ref.name.startswith(f"{name}.")), None)
    if base is None:
        return f"there are segments of {', '.join(sorted(known.segmented))}"
    return f"the segments of this model are by {columns}"


def _comparisons(node: Condition) -> Iterator[Compare]:
    if isinstance(node, Compare):
        yield node
    elif isinstance(node, Not):
        yield from _comparisons(node.operand)
    elif isinstance(node, And | Or):
        for part in node.parts:
            yield from _comparisons(part)


def _units(node: Compare, known: SignalCatalog) -> ExpressionProblem | None:
    """A duration beside a signal that is none, and a signal in seconds beside a share."""
    for signal, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(signal, SignalNode) and isinstance(other, Number):
            info = known.get(signal.ref.name)
            timed = info is not None and info.unit == "s" and signal.ref.part == "value"
            if other.duration and not timed:
                message = f"{signal.ref.text} is not a duration, {other.text} is"
                return ExpressionProblem("unit", message, node.column, node.width, "write a plain number")
            if timed and other.text.endswith("%"):
                message = f"{signal.ref.text} is a duration, {other.text} is not"
                return ExpressionProblem("unit", message, node.column, node.width, "write e.g. 2h")
    return None


def _fixed(node: Compare, known: SignalCatalog) -> ExpressionProblem | None:
    """A comparison that can only come out one way."""
    can_hold, can_break = _compare(node, known)
    if can_hold and can_break:
        return None
    why = "; ".join(dict.fromkeys(_limits(node, known))) or "both sides are fixed numbers"
    if not can_hold:
        return ExpressionProblem("never-true", f"this can never be true: {why}", node.column, node.width)
    message = f"this is always true: {why}"
    return ExpressionProblem("always-true", message, node.column, node.width, level="warning")


def _whole(expression: Expression, known: SignalCatalog, found: Sequence[ExpressionProblem]) -> list[ExpressionProblem]:
    """The condition as a whole, where no single comparison already says it."""
    can_hold, can_break = _truth(expression.root, known)
    if not can_hold and not any(problem.code == "never-true" for problem in found):
        return [ExpressionProblem("never-true", "the condition can never be true", 1, len(expression.text))]
    if not can_break:
        return [ExpressionProblem("always-true", "the condition is always true", 1, len(expression.text))]
    return []


def _truth(node: Condition, known: SignalCatalog) -> tuple[bool, bool]:
    """(can be true, can be false) with all signals known, taking the parts as independent."""
    if isinstance(node, Truth):
        return node.value, not node.value
    if isinstance(node, Compare):
        return _compare(node, known)
    if isinstance(node, Not):
        can_hold, can_break = _truth(node.operand, known)
        return can_break, can_hold
    parts = [_truth(part, known) for part in node.parts]
    if isinstance(node, And):
        possible = all(part[0] for part in parts) and not _contradiction(node, known)
        return possible, any(part[1] for part in parts)
    return any(part[0] for part in parts), all(part[1] for part in parts)


def _contradiction(node: And, known: SignalCatalog) -> bool:
    """Whether two parts ask the impossible of one signal: `auc > 0.9 and auc < 0.8`."""
    # An end is (limit, open): a larger pair is the narrower lower end; the upper end is kept negated likewise.
    ends: dict[SignalRef, tuple[tuple[float, bool], tuple[float, bool]]] = {}
    for part in node.parts:
        if not isinstance(part, Compare) or part.sign == "!=":
            continue
        signal, other, sign = part.left, part.right, part.sign
        if isinstance(signal, Number):
            signal, other, sign = other, signal, sign.translate(str.maketrans("<>", "><"))
        if not (isinstance(signal, SignalNode) and isinstance(other, Number)):
            continue
        bounds = _signal_span(signal.ref, known)
        low, high = ends.get(signal.ref, ((bounds[0], False), (-bounds[1], False)))
        if sign in (">", ">=", "=="):
            low = max(low, (other.value, sign == ">"))
        if sign in ("<", "<=", "=="):
            high = max(high, (-other.value, sign == "<"))
        if low[0] > -high[0] or (low[0] == -high[0] and (low[1] or high[1])):
            return True
        ends[signal.ref] = (low, high)
    return False


def _compare(node: Compare, known: SignalCatalog) -> tuple[bool, bool]:
    def leaf(ref: SignalRef) -> Span:
        return _signal_span(ref, known)

    return compare(node.sign, span(node.left, leaf), span(node.right, leaf))


def _signal_span(ref: SignalRef, known: SignalCatalog) -> Span:
    info = known.get(ref.name)
    if ref.part == "n":
        return 0.0, math.inf
    if info is None:
        return ANY
    low = -math.inf if info.range[0] is None else info.range[0]
    high = math.inf if info.range[1] is None else info.range[1]
    return (low - high, high - low) if ref.function == "gain" else (low, high)


def _limits(node: Compare, known: SignalCatalog) -> Iterator[str]:
    """Where the signals of a comparison lie, in words."""
    for ref in references(node.left) + references(node.right):
        low, high = _signal_span(ref, known)
        if math.isinf(low) and math.isinf(high):
            continue
        if math.isinf(high):
            yield f"{ref.text} is {number_text(low)} or more"
        elif math.isinf(low):
            yield f"{ref.text} is {number_text(high)} or less"
        else:
            yield f"{ref.text} lies between {number_text(low)} and {number_text(high)}"
