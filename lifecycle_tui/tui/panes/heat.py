"""The map of columns over windows: drift at a glance, rows worst first, with a cursor on a column and a window.

Shown by the drift pane, which reads what the map asks for (`Wanted`) and opens what is chosen. The map keeps a page
somewhat larger than what shows, so that most keys read nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.geometry import Offset, Size
from textual.message import Message
from textual.widget import Widget

from lifecycle_tui.plots import heat
from lifecycle_tui.plots.heat import Heat
from lifecycle_tui.tui import keys, marks, pictures
from lifecycle_tui.tui.reads.heat import HeatPage, HeatRow, HeatWindow
from lifecycle_tui.tui.text import Line, Span, cut, fit, number, safe, width
from lifecycle_tui.tui.widgets.picture import Picture

AROUND = 8
"""Rows and cells that are read beyond each edge of what shows."""
PER = (1, 2, 4, 8)
MOST = 512
"""Windows that are read at once: a page stays within 50 ms."""
WIDEST = 4
"""Characters of a cell at most."""
LONGEST = 24
"""Cells of a column's name."""
TONES = {
    "quiet": "dim", "seen": "", "small": "warning", "middling": "warning", "large": "warning", "cannot-tell": "dim",
    "unknown": "dim", "error": "error",
}  # fmt: skip
LEGEND = (
    ("small", f"<{heat.SIZES[0]:g}"), ("middling", f"<{heat.SIZES[1]:g}"), ("large", "drifted"),
    ("seen", "moved"), ("quiet", "no drift"), ("cannot-tell", "cannot tell"), ("error", "error"),
)  # fmt: skip


class Wish(NamedTuple):
    """What the map needs to have read, as `reads.heat.page` takes it."""

    signals: tuple[str, ...]
    skip: int
    limit: int
    anchor: str | None


class HeatMap(Picture, can_focus=True):
    """The map. `show` gives it rows, `turn` a page."""

    DEFAULT_CSS = "HeatMap { height: 1fr; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "open", id="heat.open", tooltip="open the window and the column"),
        Binding("down,j", "row(1)", "next column", show=False, id="heat.down"),
        Binding("up,k", "row(-1)", "previous column", show=False, id="heat.up"),
        Binding("right,l", "window(1)", "a window later", show=False, id="heat.right"),
        Binding("left,h", "window(-1)", "a window earlier", show=False, id="heat.left"),
        Binding("pagedown,ctrl+f,space", "page(1)", "page down", show=False, id="heat.pagedown"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, id="heat.pageup"),
        *keys.halves("heat"),
        Binding("greater_than_sign", "leap(1)", "a screenful of windows later", show=False, id="heat.later"),
        Binding("less_than_sign", "leap(-1)", "a screenful of windows earlier", show=False, id="heat.earlier"),
        Binding("home", "edge(-1)", "the oldest window", show=False, id="heat.first"),
        Binding("end", "edge(1)", "the newest window", show=False, id="heat.last"),
        Binding("ctrl+home", "top(-1)", "the worst column", show=False, id="heat.top"),
        Binding("G,ctrl+end", "top(1)", "the last column", show=False, id="heat.bottom"),
        Binding("minus", "zoom(1)", "wider", id="heat.out", tooltip="more windows in a cell"),
        Binding("plus,equals_sign", "zoom(-1)", "closer", id="heat.in",
                tooltip="fewer windows in a cell"),
    ]  # fmt: skip

    class Wanted(Message):
        """What shows now lies outside of the page."""

    class Moved(Message):
        """The cursor stands on another cell."""

    class Chosen(Message):
        """Enter on a cell, or a second click."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(self._drawn, id=id)
        self.rows: tuple[HeatRow, ...] = ()
        self.page: HeatPage | None = None
        self._column = ""
        self._back = 0
        """How many windows are newer than the cursor's."""
        self._key: str | None = None
        self._top, self._skip, self._per = 0, 0, 1

    # ── what it is given, and where the cursor stands ─────────────────────────────────────────────────────────────

    def show(self, rows: Sequence[HeatRow]) -> None:
        """Show these columns; the cursor stays on its own."""
        self.rows = tuple(rows)
        if all(r.column != self._column for r in self.rows):
            self._column = self.rows[0].column if self.rows else ""
        self._settle()

    def turn(self, page: HeatPage) -> None:
        """Show the cells of a page; windows that came meanwhile leave the cursor on its own."""
        known = {w.key: page.newer + n for n, w in enumerate(reversed(page.windows))}
        if self._back and self._key in known and known[self._key] != self._back:
            came = known[self._key] - self._back
            self._back, self._skip = self._back + came, max(0, self._skip + came // self._per)
        self.page = page
        self._settle()

    def aim(self, column: str, window: str) -> None:
        """Put the cursor there before the next page is read: around that window."""
        self._column, self._key, self.page = column, window, None
        self._back, self._skip = max(1, self._across // 2) * self._per, 0

    @property
    def at(self) -> int:
        """The cursor's row."""
        return next((n for n, r in enumerate(self.rows) if r.column == self._column), 0)

    @property
    def row(self) -> HeatRow | None:
        """The column under the cursor."""
        return self.rows[self.at] if self.rows else None

    @property
    def window(self) -> HeatWindow | None:
        """The window under the cursor; of a cell of several the one that it stands for."""
        page, row = self.page, self.row
        if page is None:
            return None
        inside = self._inside(self._back // self._per)
        known = [(w, heat_) for w in inside if row is not None and (heat_ := page.cells.get((row.signal, w.id)))]
        worst = heat.worst([h for _, h in known])
        return next((w for w, h in known if h == worst), inside[0] if inside else None)

    @property
    def cell(self) -> Heat | None:
        """What is known of it."""
        window, row = self.window, self.row
        return (
            None if window is None or row is None or self.page is None else self.page.cells.get((row.signal, window.id))
        )

    @property
    def place(self) -> str:
        """Where the cursor is: `column 3/200 · window 80/90`."""
        if self.page is None or not self.rows:
            return ""
        total = self.page.total
        per = f" · {self._per} windows a cell" if self._per > 1 else ""
        return f"column {self.at + 1}/{len(self.rows)} · window {total - self._back:,}/{total:,}{per}"

    # ── room ──────────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _room(self) -> Size:
        """Its own size; before it shows for the first time that of the pane, which it will fill."""
        above = self.parent
        return self.size if self.size.height or not isinstance(above, Widget) else above.size

    @property
    def _left(self) -> int:
        """Cells before the map: a sign for the cursor, the name, a blank."""
        longest = max((width(safe(r.column)) for r in self.rows), default=0)
        return min(longest, LONGEST, max(4, self._room.width // 3)) + 2

    @property
    def _across(self) -> int:
        """Cells of the map."""
        room = max(1, min(self._room.width - self._left - 1, MOST // self._per))
        return room if self.page is None else max(1, min(room, -(-self.page.total // self._per)))

    @property
    def _wide(self) -> int:
        """Characters of a cell: several where a model has few windows, which would be lost in a corner."""
        room = self._room.width - self._left - 1
        return 1 if self.page is None else max(1, min(WIDEST, room // max(1, self.page.total)))

    @property
    def _x(self) -> int:
        """Where the cursor's cell begins, from the left edge."""
        return self._left + (self._across - 1 - (self._back // self._per - self._skip)) * self._wide

    @property
    def _down(self) -> int:
        return max(1, self._room.height - 2)

    def _settle(self) -> None:
        """The cursor within what there is, what shows around the cursor; and what is not there yet is asked for."""
        if self.page is not None:
            self._back = max(0, min(self._back, self.page.total - 1))
            found = self.page.window(self._back)
            self._key = None if found is None else found.key
        at, back = self.at, self._back // self._per
        self._top = max(0, min(max(self._top, at - self._down + 1), at, len(self.rows) - 1))
        self._skip = max(0, min(max(self._skip, back - self._across + 1), back))
        whole = not self.rows or self._covered()
        if whole:
            # Else what shows stays until its page is there: empty cells that are filled a moment later cost twice.
            self.renew()
            self._point()
        else:
            self.post_message(self.Wanted())
        self.post_message(self.Moved())

    def _covered(self) -> bool:
        """Whether the page has all that shows."""
        page = self.page
        if page is None:
            return False
        last = min(page.total, (self._skip + self._across) * self._per)
        seen = self.rows[self._top : self._top + self._down]
        return (
            page.newer <= self._skip * self._per
            and last <= page.newer + len(page.windows)
            and all(r.signal in page.signals for r in seen)
        )

    def wish(self) -> Wish | None:
        """What to read for what shows; None where nothing shows."""
        if self._room.height <= 0 or not self.rows:
            return None
        rows = self.rows[max(0, self._top - AROUND) : self._top + self._down + AROUND]
        signals = tuple(r.signal for r in rows)
        around = max(0, min(AROUND, (MOST // self._per - self._across) // 2))
        limit = (self._across + 2 * around) * self._per
        skip = max(0, (self._skip - around) * self._per)
        # The newest window is no anchor: at the right edge what is new comes in.
        if self._back and self._key is not None:
            return Wish(signals, self._back - skip, limit, self._key)
        return Wish(signals, skip, limit, None)

    def on_resize(self) -> None:
        super().on_resize()
        self._settle()

    # ── drawing ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _inside(self, back: int) -> list[HeatWindow]:
        """The windows of a cell, newest first; `back` counts cells from the newest."""
        page = self.page
        found = () if page is None else (page.window(back * self._per + n) for n in range(self._per))
        return [w for w in found if w is not None]

    def _drawn(self, cells: int, rows: int) -> list[Line]:
        if self.page is None or not self.rows:
            return [(Span(" No column was measured in the newest windows." if self.page is not None else "", "dim"),)]
        across, left = self._across, self._left
        columns = [self._inside(self._skip + across - 1 - n) for n in range(across)]
        here = across - 1 - (self._back // self._per - self._skip)
        lines = [self._legend(cells)]
        for n in range(self._top, min(self._top + rows - 2, len(self.rows))):
            lines.append(self._line(self.rows[n], columns, here if n == self.at else None, left))
        lines += [()] * (rows - 1 - len(lines))
        shown = [(n, found[-1]) for n, found in enumerate(columns) if found]
        if shown:
            at = next((k for k, (n, _) in enumerate(shown) if n == here), None)
            named, starts = [w.key for _, w in shown], [w.start for _, w in shown]
            places, end = [left + n * self._wide for n, _ in shown], left + across * self._wide
            lines.append(pictures.axis(named, starts, places, end, at, left))
        return lines

    def _line(self, row: HeatRow, columns: Sequence[Sequence[HeatWindow]], here: int | None, left: int) -> Line:
        """`>name ··▒▓█`."""
        cells = self.page.cells if self.page is not None else {}
        found = [heat.worst([cells.get((row.signal, w.id)) for w in windows]) for windows in columns]
        drawn = heat.row(found, ascii_only=marks.plain_glyphs(), here=here, wide=self._wide)
        sign = " " if here is None else ">"
        spans = [Span(f"{sign}{fit(cut(safe(row.column), left - 2), left - 1)}", "" if here is None else "bold")]
        for run in drawn:
            name = run.series.removeprefix("here.")
            spans.append(Span(run.text, "title" if name != run.series else TONES.get(name, "")))
        return tuple(spans)

    def _legend(self, cells: int) -> Line:
        """What the signs mean, as many as fit."""
        plain = marks.plain_glyphs()
        spans = [Span(" how far from the reference  ", "bold")] if cells >= 100 else [Span(" ")]
        return pictures.fitted(
            (*spans, Span(""), *(s for name, said in LEGEND for s in (
                Span(f"{heat.SIGNS[name][plain]} {said}  ", TONES[name]),))), cells,
        )  # fmt: skip

    def _point(self) -> None:
        """The terminal's own cursor at the cell, where screen readers and braille displays look for it."""
        if self.has_focus:
            self.app.cursor_position = Offset(
                self.content_region.x + self._x, self.content_region.y + 1 + self.at - self._top
            )

    def watch_has_focus(self, focused: bool) -> None:
        super().watch_has_focus(focused)
        self._point()

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _to(self, *, at: int | None = None, back: int | None = None) -> None:
        if not self.rows:
            return
        if at is not None:
            self._column = self.rows[max(0, min(at, len(self.rows) - 1))].column
        if back is not None:
            self._back = max(0, back)
        self._settle()

    def action_row(self, by: int) -> None:
        """To another column."""
        self._to(at=self.at + by)

    def action_page(self, pages: float) -> None:
        """A screenful of columns further."""
        self._to(at=self.at + round(pages * max(1, self._down - 1)))

    def action_top(self, direction: int) -> None:
        """To the first or the last column."""
        self._to(at=0 if direction < 0 else len(self.rows) - 1)

    def action_window(self, by: int) -> None:
        """To a later (earlier) cell."""
        self._to(back=(self._back // self._per - by) * self._per)

    def action_leap(self, pages: int) -> None:
        """A screenful of windows later (earlier)."""
        self.action_window(pages * max(1, self._across - 1))

    def action_edge(self, direction: int) -> None:
        """To the oldest or the newest window."""
        self._to(back=0 if direction > 0 or self.page is None else self.page.total - 1)

    def action_zoom(self, by: int) -> None:
        """Twice or half as many windows in a cell."""
        at = PER.index(self._per) + by
        room = self._room.width - self._left - 1
        if 0 <= at < len(PER) and (by < 0 or (room * PER[at] <= MOST and self._across >= room)):
            self._per = PER[at]
            self._skip = max(0, self._back // self._per - self._across // 2)
            self._settle()

    def action_choose(self) -> None:
        """Open the window and the column."""
        if self.row is not None and self.window is not None:
            self.post_message(self.Chosen())


def said(row: HeatRow, window: HeatWindow, cell: Heat | None, told: str) -> Line:
    """The cell in words: column, window, size, verdict, and what was said of it."""
    date = "" if window.start is None else f"{window.start:%a} "
    if cell is None:
        return (Span(f" {row.column}  ", "bold"), Span(f"{date}{window.key}  not measured"))
    mark = marks.signal(cell.state)
    size = "" if cell.value is None else f"effect {number(cell.value)}  "
    return (Span(f" {row.column}  ", "bold"), Span(f"{date}{window.key}  {size}"), Span(f"{mark.text()}  ", mark.tone),
            Span(told))  # fmt: skip
