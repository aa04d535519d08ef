"""A problem in a file, with its place; the row that every checker produces and every front end shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]

PAGE = "docs/config-errors.md"
"""Says of every code what it means and what to do."""

_PART = re.compile(r'\[\d+\]|"(?:[^"\\]|\\.)*"|[^.\[\]"]+')
_NAMED = frozenset({"models", "notifiers", "rules"})
"""Tables whose keys are the team's own names."""
_ELSEWHERE = frozenset({"syntax", "encoding", "duplicate-key"})
"""Codes that are about the file, not about what a key means."""
_FOREIGN = frozenset({"unknown-key", "unknown-detector", "unknown-metric", "broken-plugin"})
"""Codes whose key means nothing: the table above is what to read of."""

UNSHOWN = frozenset({"plain-secret"})
"""Codes whose line is not shown: it holds what nobody should read in a log."""


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a file: 1-based line and column (columns count characters)."""

    file: str
    line: int
    column: int
    width: int = 1
    """How many characters to underline."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def inside(self, column: int, width: int) -> Place:
        """The place of some characters of the text that stands here, taking it to be in plain quotes on one line.

        Args:
            column: 1-based, within the text.
        """
        return Place(self.file, self.line, self.column + column, width)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        code: stable short name, e.g. "unknown-key", "type", "syntax", "unknown-signal".
        message: one sentence.
        key: dotted key path, e.g. `models.churn.rules.psi.when`.
        place: where; None where no file is involved.
        hint: what to do, e.g. `did you mean "threshold"?`.
        related: the other side of a contradiction.
    """

    code: str
    message: str
    key: str = ""
    place: Place | None = None
    hint: str | None = None
    related: tuple[Place, ...] = ()
    level: Level = "error"

    @property
    def see(self) -> str:
        """Where to read more: the command that explains the key, or the page of codes."""
        parts = explained(self.key)
        if self.code in _FOREIGN and not self.key.endswith("]"):
            parts = parts[:-1]
        if not parts or self.code in _ELSEWHERE:
            return f"{PAGE}#{self.code}"
        return f"lifecycle config explain {'.'.join(parts)}"


def explained(key: str) -> list[str]:
    """A dotted key as the reference has it: `models.churn.rules."my rule".then[0]` is models.NAME.rules.NAME.then."""
    parts = [part for part in _PART.findall(key) if not part.startswith("[")]
    return ["NAME" if n and parts[n - 1] in _NAMED and (n < 2 or parts[n - 2] not in _NAMED) else part
            for n, part in enumerate(parts)]  # fmt: skip
