"""A person who presses anything, anywhere: a walk over the keys, the same for the same seed. Called by test_tui_keys.

After every key the screen is looked at: each line as wide as the screen and printable, whatever is open. State moves,
and the terminal's size changes, in between.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable

from textual import events
from textual.app import App
from textual.pilot import Pilot
from tui_screen import lines

from lifecycle_tui.tui.screens.act import ActScreen

SIZES = ((80, 24), (60, 20), (40, 12), (20, 5), (120, 40), (200, 60), (10, 3), (1, 1))
MOVES = ("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "ctrl+f", "ctrl+b", "tab", "shift+tab")
OTHER = ("enter", "enter", "enter", "escape", "escape", "space", "slash", "colon", "question_mark", "backspace",
         "delete", "ctrl+l", "ctrl+u", "ctrl+w", "ctrl+a", "ctrl+e", "f1", "full_stop", "exclamation_mark",
         "left_square_bracket", "minus")  # fmt: skip
ALPHABET = (*MOVES, *OTHER, *OTHER, *string.ascii_letters, *string.digits, *"1234567", *"tpbayxc", *"FAJHPW")
CONFIRMS = frozenset({"enter", "y"})
"""What does an action in its dialog; typed words are ended by one of them too."""


class Walk:
    """Presses keys, and keeps the last of them for the message of a failure.

    Args:
        confirms: whether a dialog is ever answered with yes.
        ahead: keys that are pressed before the screen is waited for.
    """

    def __init__(self, pilot: Pilot, seed: int, *, confirms: bool, ahead: int = 1) -> None:
        self._pilot, self._confirms, self._ahead = pilot, confirms, ahead
        self._random = random.Random(seed)
        self.pressed: list[str] = []
        self.seen: set[str] = set()

    async def go(self, keys: int, move: Callable[[random.Random], object]) -> None:
        """Press so many keys; `move` changes state now and then."""
        for _ in range(0, keys, self._ahead):
            if self._random.random() < 0.02:
                await self._pilot.resize_terminal(*self._random.choice(SIZES))
                self.pressed.append("<resize>")
            if self._random.random() < 0.05:
                move(self._random)
                self.pressed.append("<state>")
                if self._random.random() < 0.5:
                    self._pilot.app.poll()  # type: ignore[attr-defined]
            await self._press(self._random.choices(ALPHABET, k=self._ahead))

    async def _press(self, keys: list[str]) -> None:
        app = self._pilot.app
        burst = [key for key in keys if self._may(key, sure=len(keys) == 1)]
        self.pressed += burst
        self.seen.add(type(app.screen).__name__)
        for key in burst[:-1]:
            app.post_message(_event(app, key))
        await self._pilot.press(*burst[-1:])
        assert app._exception is None and app.is_running, self._said()
        try:
            lines(self._pilot)
        except AssertionError as exc:
            raise AssertionError(f"{exc}\n{self._said()}") from exc

    def _may(self, key: str, *, sure: bool) -> bool:
        """Whether to press it: nobody quits; and where it is not wanted, or not known what is open, nobody says yes."""
        app = self._pilot.app
        if key == "q":
            return sure and len(app.screen_stack) > 2
        dialog = isinstance(app.screen, ActScreen) or not sure
        return self._confirms or not dialog or key not in CONFIRMS

    def _said(self) -> str:
        return f"{self._pilot.app.screen} after {' '.join(self.pressed[-40:])}"


def _event(app: App[None], key: str) -> events.Key:
    """A key as the driver sends it."""
    char = key if len(key) == 1 else {"space": " ", "slash": "/", "colon": ":", "question_mark": "?"}.get(key)
    event = events.Key(key, char)
    event.set_sender(app)
    return event
