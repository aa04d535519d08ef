"""The panel `template`: a section of every model's screen, drawn anew after each of its evaluations."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle_tui.api import ModelView, Register, Row, Series, hookimpl


class Template:
    """How many rows came in each window, beside the middle of what came before.

    Args:
        least: a window with fewer rows than this share of the middle is marked.
    """

    name = "template"  # the section's title
    windows = 60  # of the newest ones, how many it is shown

    def __init__(self, *, least: float = 0.5) -> None:
        self.least = least

    def draw(self, view: ModelView) -> Sequence[Row | Series]:  # values: the terminal draws them
        whole = [w for w in view.windows if w.version == "" and w.complete]  # "" is about the rows of all versions
        if not whole:
            return []  # nothing is shown
        rows = [w.rows for w in whole]
        middle = sorted(rows)[len(rows) // 2]
        few = rows[-1] < self.least * middle
        note = f"usually about {middle:,} in window {whole[-1].key}" if few else ""
        return [
            Row("rows", rows[-1], note, "warning" if few else "ok"),
            Series("rows", rows, [w.key for w in whole], threshold=self.least * middle),
        ]


@hookimpl
def register_panels(register: Register) -> None:
    register(Template)
