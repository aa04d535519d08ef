"""Errors of a screen stay in that screen: what a handler raises is told in its title, and the program goes on.

Textual ends the program at the first exception of any widget. Our screens, panes and widgets are `Guarded`: their
handlers fail one at a time, and where a widget cannot be drawn its place says so. Every error is kept whole in a file
(`faults`), and where they come again and again the program ends as Textual would have it.
"""

from __future__ import annotations

from asyncio import CancelledError
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rich.segment import Segment
from textual._context import active_message_pump
from textual.strip import Strip

from lifecycle_tui.tui.marks import STYLES
from lifecycle_tui.tui.text import fit, safe

if TYPE_CHECKING:
    from textual.geometry import Region
    from textual.message import Message
    from textual.widget import Widget

    _Base = Widget
else:
    _Base = object


@runtime_checkable
class Hearing(Protocol):
    """An app, or a screen, that is told of errors."""

    def broke(self, exc: Exception) -> bool:
        """One happened; whether it is survived."""
        ...


class Guarded(_Base):
    """Mixed into a widget or a screen, before Textual's class."""

    async def _dispatch_message(self, message: Message) -> None:
        try:
            await super()._dispatch_message(message)
        except CancelledError:
            raise
        except Exception as exc:
            if not survived(self, exc):
                raise

    def render_lines(self, crop: Region) -> list[Strip]:
        """As Textual's; where that fails, a line that says so."""
        try:
            return super().render_lines(crop)
        except Exception as exc:
            if not survived(self, exc):
                raise
            said = fit(safe(f" ! internal error: {type(exc).__name__}: {exc}"), crop.width)
            first = Strip([Segment(said, STYLES["error"])], crop.width)
            return [first, *(Strip.blank(crop.width) for _ in range(crop.height - 1))][: crop.height]


def within() -> bool:
    """Whether what runs now is a guarded part's: its callback or timer, or the layout of a screen of ours."""
    return isinstance(active_message_pump.get(None), Guarded)


def survived(widget: Widget, exc: Exception) -> bool:
    """Tell the app that belongs to a widget; whether the program goes on."""
    try:
        app = widget.app
    except Exception:
        return False  # it belongs to none (any more)
    return isinstance(app, Hearing) and app.broke(exc)
