"""An answer of the terminal that came in two pieces, and that keys are made of: told from what somebody typed. Pure.

`ESC [ ? 2 0 2 6 ; 2 $ y` answers the question that `pacing` asks. Where the line breaks it after its ESC for longer
than Textual waits, Textual takes what is left for keys, and the last one is a `y`: in a dialog, a yes. Called by
`output`.
"""

from __future__ import annotations

import re
from enum import Enum

ESCAPE, FIRST = "escape", "["
WHOLE = re.compile(r"\[\?[0-9]{1,5};[0-9]\$y")
BEGUN = re.compile(r"(\[(\?([0-9]{1,5}(;([0-9](\$)?)?)?)?)?)?")
PATIENCE = 0.3
"""Seconds that an Esc waits for what would make it the beginning of an answer; only while an answer is due."""


class Verdict(Enum):
    """What to do with a key."""

    KEY = "a key as any other"
    WAIT = "an Esc that may begin an answer: to be done after PATIENCE, or before the next key that is none of it"
    PIECE = "a piece of an answer: no key"
    END = "its last piece"


class Answers:
    """What has come of an answer so far."""

    def __init__(self) -> None:
        self._escaped = False
        self._tail = ""

    @property
    def waiting(self) -> bool:
        """Whether an Esc waits."""
        return self._escaped

    def key(self, name: str, character: str | None, due: bool) -> Verdict:
        """A key has come.

        Args:
            name, character: as Textual has them.
            due: whether the terminal owes an answer.
        """
        if name == ESCAPE and due and not self._escaped:
            self._escaped = True
            return Verdict.WAIT
        if not self._escaped and not self._tail:
            return Verdict.KEY
        tail = self._tail + (character or "\0")
        if WHOLE.fullmatch(tail):
            self.forget()
            return Verdict.END
        if BEGUN.fullmatch(tail):
            self._escaped, self._tail = False, tail
            return Verdict.PIECE
        self.forget()
        return Verdict.KEY

    def forget(self) -> None:
        """The Esc was one, or the rest never came."""
        self._escaped, self._tail = False, ""
