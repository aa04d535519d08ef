"""The expressions of rules and gates: Python's syntax over signal names, our own meaning (DESIGN §5).

`ast` gives the structure; everything outside a short list is refused with a place and a hint. Evaluation is
three-valued (Kleene 1938): a signal without a number is unknown, arithmetic with it is unknown, and `and`, `or`,
`not` decide as far as the known parts allow. `rules` calls this for every window, `checks` walks the same tree.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from lifecycle_tui.policy.nodes import (
    And,
    Binary,
    Call,
    Compare,
    Condition,
    Lookup,
    Negative,
    Not,
    Number,
    Or,
    Part,
    SignalNode,
    SignalRef,
    Truth,
    Value,
)
from lifecycle_tui.policy.tokens import ExpressionError, Scanned, scan

__all__ = ["Expression", "ExpressionError", "Lookup", "Seen", "SignalRef", "compile_expression"]

MAX_TREE = 100
_PARTS: tuple[Part, ...] = ("lower", "upper", "n")
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_FUNCTIONS = {"abs": (1, 1), "min": (2, 20), "max": (2, 20)}


@dataclass(frozen=True, slots=True)
class Seen:
    """A signal of an expression with the number that it had; `text` is how it was written."""

    ref: SignalRef
    text: str
    value: float | None


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled condition.

    Attributes:
        text: as written.
        root: its tree.
        signals: every reference to a signal, in the order they are written.
    """

    text: str
    root: Condition
    signals: tuple[SignalRef, ...]

    def evaluate(self, lookup: Lookup) -> bool | None:
        """Whether it holds; None is unknown. `lookup` gives a number, or None (or NaN) where there is none."""
        return self.root.truth(lookup)

    def numbers(self, lookup: Lookup) -> tuple[Seen, ...]:
        """The numbers behind it, each signal once, in the order they are written."""
        return tuple(Seen(ref, ref.text, SignalNode(ref).number(lookup)) for ref in dict.fromkeys(self.signals))

    def explain(self, lookup: Lookup) -> str:
        """What decided it, with numbers: "auc.upper 0.89 < 0.92". Parts of an `or` that do not hold are left out."""
        return self.root.explain(lookup)


@lru_cache(maxsize=4096)
def compile_expression(text: str) -> Expression:
    """Compile a condition; the same text (a rule of the defaults, for a thousand models) once.

    Raises:
        ExpressionError: if it is none; the error says where, and what to write.
    """
    scanned = scan(text)
    try:
        tree = ast.parse(f"({scanned.source})", mode="eval")
    except SyntaxError as error:
        column = max(1, min((error.offset or 2) - 1, len(text)))
        raise ExpressionError(*_syntax(text, column)) from None
    except (RecursionError, MemoryError, ValueError):
        raise ExpressionError("the expression is nested too deeply", 1, len(text)) from None
    compiler = _Compiler(text, scanned)
    root = compiler.condition(tree.body, 0)
    return Expression(text, root, tuple(sorted(compiler.refs, key=lambda ref: ref.column)))


def _syntax(text: str, column: int) -> tuple[str, int, int, str | None]:
    """Message, column, width and hint for something that Python's parser refused at `column`."""
    end = column
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    word = text[column - 1 : end].strip()
    if column >= len(text) or not word:
        return "the expression ends too early", len(text), 1, "something is missing after the last sign"
    return f"{word!r} cannot stand here", column, max(1, end - column + 1), None


class _Compiler:
    """Turns a parsed tree into ours; one for each expression. Offsets of the tree are one too high: see `(` above."""

    def __init__(self, text: str, scanned: Scanned) -> None:
        self.text = text
        self.scanned = scanned
        self.refs: list[SignalRef] = []

    def condition(self, node: ast.expr, depth: int) -> Condition:
        """A node that must be a condition."""
        self._guard(node, depth)
        if isinstance(node, ast.BoolOp):
            parts = tuple(self.condition(value, depth + 1) for value in node.values)
            return And(parts) if isinstance(node.op, ast.And) else Or(parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return Not(self.condition(node.operand, depth + 1))
        if isinstance(node, ast.Compare):
            return self._comparison(node, depth)
        constant = self._constant(node)
        if constant is not None:
            return constant
        value = self.value(node, depth)
        shown = value.ref.text if isinstance(value, SignalNode) else "it"
        raise self._refused(node, "this is a number where a condition is needed", f"compare it: {shown} > 0.5")

    def value(self, node: ast.expr, depth: int) -> Value:
        """A node that must be a number."""
        self._guard(node, depth)
        match node:
            case ast.Constant() if (found := self.scanned.numbers.get(node.col_offset - 1)) is not None:
                return Number(found[0], found[1], self._source(node))
            case ast.UnaryOp(op=ast.USub()):
                return Negative(self.value(node.operand, depth + 1))
            case ast.UnaryOp(op=ast.UAdd()):
                return self.value(node.operand, depth + 1)
            case ast.BinOp() if type(node.op) in _ARITHMETIC:
                left, right = self.value(node.left, depth + 1), self.value(node.right, depth + 1)
                return Binary(_ARITHMETIC[type(node.op)], left, right)
            case ast.Call():
                return self._call(node, depth)
            case ast.Name() | ast.Attribute() | ast.Subscript():
                if self._constant(node) is None:
                    return self._signal(node)
        raise self._refused_value(node)

    def _comparison(self, node: ast.Compare, depth: int) -> Condition:
        signs = []
        for op in node.ops:
            if type(op) not in _COMPARISONS:
                raise self._refused(node, "only < <= > >= == != compare", None)
            signs.append(_COMPARISONS[type(op)])
        values = [self.value(item, depth + 1) for item in (node.left, *node.comparators)]
        pairs = tuple(
            Compare(sign, left, right, *self._span(first, second))
            for sign, left, right, first, second in zip(
                signs, values, values[1:], (node.left, *node.comparators), node.comparators, strict=False
            )
        )
        return pairs[0] if len(pairs) == 1 else And(pairs)

    def _call(self, node: ast.Call, depth: int) -> Value:
        name = self._name(node.func) if isinstance(node.func, ast.Name) else None
        if node.keywords or any(isinstance(item, ast.Starred) for item in node.args):
            raise self._refused(node, "functions take plain arguments only", None)
        if name == "gain":
            if len(node.args) != 1 or not isinstance(node.args[0], ast.Name | ast.Attribute | ast.Subscript):
                raise self._refused(node, "gain takes one signal", "e.g. gain(auc) > 0")
            ref = self._reference(node.args[0])
            if ref.part != "value":
                raise self._refused(node.args[0], f"gain takes the signal itself, not its .{ref.part}", None)
            column, width = self._span(node, node)
            return self._use(SignalRef(ref.name, "value", "gain", f"gain({ref.text})", column, width))
        if name not in _FUNCTIONS:
            raise self._refused(
                node.func, f"there is no function {self._source(node.func)!r}", "there are abs, min, max, gain"
            )
        low, high = _FUNCTIONS[name]
        if not low <= len(node.args) <= high:
            raise self._refused(node, f"{name} takes {'one number' if high == 1 else f'{low} to {high} numbers'}", None)
        return Call(name, tuple(self.value(item, depth + 1) for item in node.args))

    def _signal(self, node: ast.Name | ast.Attribute | ast.Subscript) -> SignalNode:
        return self._use(self._reference(node))

    def _use(self, ref: SignalRef) -> SignalNode:
        self.refs.append(ref)
        return SignalNode(ref)

    def _reference(self, node: ast.expr) -> SignalRef:
        """`psi.income`, `psi["loan amount"].upper`: names joined by dots, one column in brackets, then a part."""
        column, width = self._span(node, node)
        part: Part = "value"
        inner = node
        if isinstance(node, ast.Attribute) and self._name(node) in _PARTS:
            part, inner = cast(Part, self._name(node)), node.value
        words: list[str] = []
        if isinstance(inner, ast.Subscript):
            words.append(self._column(inner))
            inner = inner.value
        while isinstance(inner, ast.Attribute):
            words.append(self._name(inner))
            inner = inner.value
        if not isinstance(inner, ast.Name):
            raise self._refused(node, "a signal's name begins with a word", 'e.g. psi.income or psi["loan amount"]')
        words.append(self._name(inner))
        if len(words) == 1 and words[0] in (*_FUNCTIONS, "gain"):
            raise self._refused(node, f"{words[0]} is a function", f"write {words[0]}(…)")
        return SignalRef(".".join(reversed(words)), part, None, self._source(node), column, width)

    def _column(self, node: ast.Subscript) -> str:
        start = node.slice.col_offset - 1
        name = self.scanned.strings.get(start)
        if name is None or not isinstance(node.slice, ast.Constant):
            raise self._refused(node.slice, "a column in brackets needs quotation marks", 'e.g. psi["loan amount"]')
        if not name:
            raise self._refused(node.slice, "the column's name is empty", None)
        return name

    def _constant(self, node: ast.expr) -> Truth | None:
        if isinstance(node, ast.Name) and self._name(node).lower() in ("true", "false"):
            return Truth(self._name(node).lower() == "true")
        return None

    def _name(self, node: ast.expr) -> str:
        """The last word of a node as it was written."""
        return self.scanned.names[(node.end_col_offset or 0) - 1]

    def _span(self, first: ast.expr, last: ast.expr) -> tuple[int, int]:
        """1-based column of the first node's first character, and the width up to the last node's end."""
        return first.col_offset, max(1, (last.end_col_offset or 0) - first.col_offset)

    def _source(self, node: ast.expr) -> str:
        return self.text[node.col_offset - 1 : (node.end_col_offset or 0) - 1]

    def _guard(self, node: ast.expr, depth: int) -> None:
        if depth > MAX_TREE:
            raise self._refused(node, f"the expression is nested more than {MAX_TREE} deep", None)

    def _refused_value(self, node: ast.expr) -> ExpressionError:
        match node:
            case ast.BinOp(op=ast.Pow()):
                return self._refused(node, "powers are not allowed", "multiply, e.g. x * x")
            case ast.BinOp():
                return self._refused(node, "only + - * / calculate", None)
            case ast.Constant() if self.scanned.strings.get(node.col_offset - 1) is not None:
                return self._refused(node, "text is no number", 'a column follows its detector: psi["loan amount"]')
            case ast.BoolOp() | ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.Constant() | ast.Name():
                return self._refused(
                    node, "this is a condition where a number is needed", 'join conditions by "and" and "or"'
                )
            case ast.IfExp():
                return self._refused(node, '"if" is not allowed', 'say it with "and" and "or"')
            case ast.Tuple():
                return self._refused(node, "one condition at a time", 'join conditions by "and" and "or"')
        return self._refused(node, f"{_NAMES.get(type(node), 'this')} is not allowed here", None)

    def _refused(self, node: ast.expr, message: str, hint: str | None = None) -> ExpressionError:
        column, width = self._span(node, node)
        column = max(1, min(column, len(self.text)))
        return ExpressionError(message, column, max(1, min(width, len(self.text) - column + 1)), hint)


_NAMES: dict[type[ast.expr], str] = {
    ast.Lambda: '"lambda"',
    ast.List: "a list",
    ast.ListComp: "a list",
    ast.GeneratorExp: "a loop",
    ast.Starred: '"*"',
}
