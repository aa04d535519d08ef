"""When a frame may be written: at the pace at which the terminal takes them in. Pure: the caller tells the time.

A frame may end with a question that every terminal with synchronised output answers (DECRQM 2026). On a fast line the
answer is there at once and nothing waits. On a slow one the next frame waits for it, so that a key that is held down
for a while moves the newest state over the line, and not a queue of what was.
"""

from __future__ import annotations

ASK = "\x1b[?2026$p"
SLOW = 0.05
"""Seconds after which an answer makes a line a slow one."""
QUICK = 0.03
"""A slow line that answers so soon, three times in a row, is none any more."""
GIVE_UP = 1.0
"""Seconds that a frame waits for an answer at most."""
BETWEEN = 1.0
"""Seconds between two questions on a fast line."""


class Pace:
    """The state of the line.

    Attributes:
        answers: whether the terminal has answered so far; one that never does is never waited for.
        slow: whether frames wait for answers.
    """

    def __init__(self) -> None:
        self.answers = False
        self.slow = False
        self._asked: float | None = None
        self._last = -BETWEEN
        self._quick = 0

    @property
    def due(self) -> bool:
        """Whether the terminal owes an answer."""
        return self._asked is not None

    def may_write(self, now: float) -> bool:
        """Whether a frame may be written now; where not, one is due at `again`."""
        if self._asked is None or not self.answers:
            return True
        waited = now - self._asked
        if waited >= GIVE_UP:
            self._asked = None
            return True
        return not self.slow and waited < SLOW

    def again(self, now: float) -> float:
        """Seconds until waiting ends whatever comes."""
        return 0.0 if self._asked is None else max(0.0, GIVE_UP - (now - self._asked))

    def wrote(self, now: float) -> bool:
        """A frame is being written: whether the question is to follow it."""
        if not self.answers or self._asked is not None or (not self.slow and now - self._last < BETWEEN):
            return False
        self._asked = self._last = now
        return True

    def answered(self, now: float) -> None:
        """The terminal has answered."""
        self.answers = True
        if self._asked is None:
            return  # the first one, which Textual asks, or one that nobody waits for any more
        took, self._asked = now - self._asked, None
        if took >= SLOW:
            self.slow, self._quick = True, 0
        elif self.slow:
            self._quick = self._quick + 1 if took < QUICK else 0
            self.slow = self._quick < 3
