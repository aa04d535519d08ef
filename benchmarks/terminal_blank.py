"""The yardstick: the smallest Textual app that shows a word and answers a key, with nothing of ours in it.

Started by `terminal.py`; `n` counts up, `q` leaves.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.widgets import Static


class Blank(App[None]):
    """One line that counts."""

    BINDINGS: ClassVar[list[BindingType]] = [("n", "count"), ("q", "quit")]
    number = 0

    def compose(self) -> ComposeResult:
        yield Static("count 0", id="count")

    def action_count(self) -> None:
        """One more."""
        self.number += 1
        self.query_one("#count", Static).update(f"count {self.number}")


if __name__ == "__main__":
    Blank().run()
