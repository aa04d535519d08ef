"""A problem in a file, with its place; the row that every checker produces and every front end shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["error", "warning"]


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
