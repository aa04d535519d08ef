"""What states look like: a glyph, a word and a tone, so that colour is never the only sign. Called by the screens.

Tones are the terminal's own sixteen colours and attributes: they follow its light or dark scheme, and under NO_COLOR
the attributes stay.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.style import Style

if TYPE_CHECKING:
    from lifecycle_tui.plots.drawing import Glyphs

STYLES: dict[str, Style] = {
    "": Style(),
    "ok": Style(color="green"),
    "info": Style(color="cyan"),
    "warning": Style(color="yellow"),
    "critical": Style(color="red", bold=True),
    "error": Style(color="magenta", bold=True),
    "dim": Style(dim=True),
    "bold": Style(bold=True),
    "title": Style(bold=True, reverse=True),
    "head": Style(bold=True, underline=True),
    "key": Style(bold=True),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """How one state is shown; `rank` sorts the worst first."""

    glyph: str
    ascii: str
    word: str
    tone: str
    rank: int

    def text(self) -> str:
        """Glyph and word."""
        return f"{self.ascii if plain_glyphs() else self.glyph} {self.word}"

    def sign(self) -> str:
        """The glyph alone."""
        return self.ascii if plain_glyphs() else self.glyph


HEALTH: dict[str, Mark] = {
    "error": Mark("!", "!", "error", "error", 0),
    "critical": Mark("✗", "X", "critical", "critical", 1),
    "warning": Mark("▲", "^", "warning", "warning", 2),
    "unknown": Mark("?", "?", "unknown", "dim", 3),
    "ok": Mark("✓", "+", "ok", "ok", 4),
}
"""Of a model."""

SIGNAL: dict[str, Mark] = {
    "drifted": Mark("▲", "^", "drifted", "warning", 0),
    "error": Mark("!", "!", "error", "error", 1),
    "cannot-tell": Mark("~", "~", "cannot tell", "dim", 2),
    "unknown": Mark("?", "?", "unknown", "dim", 3),
    "ok": Mark("✓", "+", "ok", "ok", 4),
}
"""Of a column or a signal."""

SEVERITY: dict[str, Mark] = {
    "critical": Mark("✗", "X", "critical", "critical", 0),
    "warning": Mark("▲", "^", "warning", "warning", 1),
    "info": Mark("·", ".", "info", "info", 2),
}
"""Of an alert."""

JOB: dict[str, Mark] = {
    "running": Mark("●", "*", "running", "info", 0),
    "stopping": Mark("◐", "%", "stopping", "warning", 1),
    "queued": Mark("○", "o", "queued", "", 2),
    "failed": Mark("✗", "X", "failed", "critical", 3),
    "cancelled": Mark("–", "-", "cancelled", "dim", 4),
    "done": Mark("✓", "+", "done", "ok", 5),
}
"""Of a job."""

VERDICT: dict[str, Mark] = {
    "passed": Mark("✓", "+", "passed", "ok", 0),
    "failed": Mark("✗", "X", "failed", "critical", 1),
    "unknown": Mark("~", "~", "cannot tell", "dim", 2),
}
"""Of a judgement, and of each of its gates."""

_UNKNOWN = Mark("?", "?", "?", "dim", 5)


def health(name: str) -> Mark:
    """The mark of a model's health; a word that this program does not know is shown as it is."""
    return HEALTH.get(name) or Mark("?", "?", name, "dim", 5)


def signal(name: str) -> Mark:
    """The mark of a signal's state."""
    return SIGNAL.get(name) or Mark("?", "?", name, "dim", 5)


def severity(name: str | None) -> Mark:
    """The mark of an alert's severity."""
    return SEVERITY.get(name or "") or _UNKNOWN


def job(name: str) -> Mark:
    """The mark of a job's state, "stopping" for one that runs and was asked to stop."""
    return JOB.get(name) or Mark("?", "?", name, "dim", 5)


def verdict(name: str) -> Mark:
    """The mark of a judgement or a gate."""
    return VERDICT.get(name) or Mark("?", "?", name, "dim", 5)


def plain_glyphs() -> bool:
    """Whether to draw with ASCII alone: with LIFECYCLE_ASCII=1, and on the Linux console, whose font lacks the rest."""
    return os.environ.get("LIFECYCLE_ASCII", "") not in ("", "0") or os.environ.get("TERM") == "linux"


def plot_glyphs() -> Glyphs:
    """What plots are drawn with: braille, or blocks with LIFECYCLE_PLOTS=block where a font lacks braille; else ASCII.

    Whether a font has braille cannot be asked.
    """
    if plain_glyphs():
        return "ascii"
    wanted = os.environ.get("LIFECYCLE_PLOTS", "").strip().lower()
    return "ascii" if wanted == "ascii" else "block" if wanted in ("block", "blocks") else "braille"
