"""The pass over an expression's text before Python's parser sees it; used by `expressions` alone.

Numbers may carry units (`2h`, `5%`), columns may have any name (`psi.class`, `psi["Größe"]`, `psi.größe`), and
places must be in characters of what the person wrote. So every token is replaced by plain ASCII of the same
width, and its meaning is kept by position: the parser then only decides structure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from keyword import iskeyword

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.problems import Place, Problem

MAX_LENGTH = 2000
MAX_TOKENS = 500
MAX_DEPTH = 50

UNITS: dict[str, float] = {
    "%": 0.01,
    "ms": 0.001,
    "s": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
}
"""Unit → factor. Durations are in seconds."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<name>[^\W\d]\w*)
      | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
      | (?P<op>==|!=|<=|>=|<|>|\+|-|\*\*|\*|//|/|\(|\)|\[|\]|,|\.)
    """,
    re.VERBOSE,
)
_UNIT = re.compile(r"%|[^\W\d]\w*")
_WORDS = frozenset({"and", "or", "not", "if", "else", "lambda", "in", "is", "for"})
"""Words that are Python's, not names; some only so that they can be refused in words."""
_HINTS = {
    "&": 'write "and"',
    "|": 'write "or"',
    "!": 'write "not", or "!=" to compare',
    "=": 'write "==" to compare',
    "≥": 'write ">="',
    "≤": 'write "<="',
    "≠": 'write "!="',
    "×": 'write "*"',
    "÷": 'write "/"',
    "%": "a percentage follows its number directly: 5%",
    "<>": 'write "!="',
    '"': "close the quotation mark",
    "'": "close the quotation mark",
}


class ExpressionError(UsageError):
    """An expression that is not one.

    Args:
        message: one sentence.
        column: 1-based character of the expression where the trouble begins.
        width: characters to underline.
        hint: what to write instead.
        code: stable short name of the problem.
    """

    def __init__(
        self, message: str, column: int = 1, width: int = 1, hint: str | None = None, *, code: str = "expression"
    ) -> None:
        super().__init__(message, hint=hint)
        self.column = column
        self.width = width
        self.code = code

    def as_problem(self, place: Place | None = None, key: str = "") -> Problem:
        """The row for a report; `place` is where the value begins, its opening quotation mark included."""
        at = None if place is None else place.inside(self.column, self.width)
        return Problem(self.code, self.message, key, at, self.hint)


@dataclass(frozen=True, slots=True)
class Scanned:
    """An expression made fit for `ast.parse`.

    Attributes:
        source: ASCII, as many characters as the original, no line breaks.
        names: what was written, by the 0-based offset just past it.
        numbers: value and whether it is a duration, by 0-based offset of the first character.
        strings: content without quotation marks and escapes, by 0-based offset of the first character.
    """

    source: str
    names: dict[int, str]
    numbers: dict[int, tuple[float, bool]]
    strings: dict[int, str]


def scan(text: str) -> Scanned:
    """Tokenise.

    Raises:
        ExpressionError: at anything that can be no part of an expression.
    """
    if not text.strip():
        raise ExpressionError("the expression is empty", hint='write a comparison, e.g. "drift.share > 5%"')
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"the expression has {len(text)} characters, at most {MAX_LENGTH} are read")
    found = Scanned("", {}, {}, {})
    pieces: list[str] = []
    at, tokens, before = 0, 0, ""
    opened: list[int] = []
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unexpected(text, at)
        kind, word, end = match.lastgroup, match.group(), match.end()
        if kind == "space":
            pieces.append(" " * len(word))
            at = end
            continue
        tokens += 1
        if tokens > MAX_TOKENS:
            raise ExpressionError(f"the expression has more than {MAX_TOKENS} parts", at + 1, len(word))
        operand = kind in ("number", "name", "string") and (before == "." or word not in _WORDS)
        if operand and before == "operand":
            raise ExpressionError(
                f"{word} cannot follow directly", at + 1, len(word), 'a name with blanks is written psi["loan amount"]'
            )
        if kind == "number":
            word, end = _number(text, at, end, found)
        elif kind == "name":
            found.names[end] = word
            word = _plain(word, before == ".")
        elif kind == "string":
            found.strings[at] = re.sub(r"\\(.)", r"\1", word[1:-1])
            word = f'"{"x" * (len(word) - 2)}"'
        else:
            if (word, text[end : end + 1]) == ("<", ">"):
                raise _unexpected(text, at, 2)
            _bracket(text, at, opened)
        before = "operand" if operand else word
        pieces.append(word)
        at = end
    if opened:
        raise ExpressionError("a bracket is not closed", opened[-1] + 1)
    return Scanned("".join(pieces), found.names, found.numbers, found.strings)


def _bracket(text: str, at: int, opened: list[int]) -> None:
    """Keep the stack of open brackets."""
    sign = text[at]
    if sign in "([":
        opened.append(at)
        if len(opened) > MAX_DEPTH:
            raise ExpressionError(f"brackets are nested more than {MAX_DEPTH} deep", at + 1)
    elif sign in ")]" and (not opened or text[opened.pop()] != {")": "(", "]": "["}[sign]):
        raise ExpressionError("a bracket is closed that was not opened", at + 1)


def _number(text: str, at: int, end: int, found: Scanned) -> tuple[str, int]:
    digits = text[at:end]
    try:
        value = float(digits)
    except ValueError:
        raise ExpressionError(f"{digits} is not a number", at + 1, len(digits)) from None
    unit = _UNIT.match(text, end)
    if unit is not None:
        factor = UNITS.get(unit.group())
        end = unit.end()
        if factor is None:
            raise ExpressionError(
                f"unknown unit {unit.group()!r}",
                unit.start() + 1,
                len(unit.group()),
                f"units are {', '.join(UNITS)}; words are separated from numbers by a space",
                code="unit",
            )
        value *= factor
        if unit.group() == "%":
            value = float(digits) / 100  # 5 / 100 is the float that 0.05 names; 5 * 0.01 need not be
    if value in (float("inf"), float("-inf")):
        raise ExpressionError(f"{digits} is too large a number", at + 1, end - at)
    found.numbers[at] = (value, unit is not None and unit.group() != "%")
    return "1" * (end - at), end  # the parser only needs to see a number of this width


def _plain(word: str, after_dot: bool) -> str:
    """An ASCII name of the same width that the parser takes for a name, unless it is one of our operators."""
    if not after_dot and word in _WORDS:
        return word
    if word.isascii() and not iskeyword(word):
        return word
    return "_" * len(word)


def _unexpected(text: str, at: int, width: int = 1) -> ExpressionError:
    shown = text[at : at + width]
    message = "the quotation mark is not closed" if shown in "\"'" else f"unexpected {shown!r}"
    return ExpressionError(message, at + 1, width, _HINTS.get(shown))
