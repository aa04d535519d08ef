"""A job's log: follows its end, holds still while one reads above it, finds words. Used by the job screen.

It holds some thousand lines around the place that is looked at and reads on at both ends, so that a log of any length
opens at once. Where the end shows, new lines come in and the oldest ones go; where it does not, nothing moves.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from lifecycle_tui.tui import keys
from lifecycle_tui.tui.guarding import Guarded
from lifecycle_tui.tui.log_lines import laid_out, marked
from lifecycle_tui.tui.marks import STYLES
from lifecycle_tui.tui.reader import Reading
from lifecycle_tui.tui.reads import job_log
from lifecycle_tui.tui.reads.job_log import LogLine
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.text import Line, Span, count, width
from lifecycle_tui.tui.widgets.lines import drawn

HELD = 4 * job_log.PAGE
"""Lines that are held at most."""


class Log(Guarded, ScrollView, can_focus=True):
    """The log of one job.

    Args:
        source: what reads it, in its thread.
        ending: cells → lines that stand below the last line, e.g. how the job ended.
    """

    DEFAULT_CSS = "Log { height: 1fr; scrollbar-size: 0 0; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "by(1)", "scroll down", show=False, id="log.down"),
        Binding("up,k", "by(-1)", "scroll up; the log then holds still", show=False, id="log.up"),
        Binding("pagedown,space,ctrl+f", "page(1)", "page down", show=False, id="log.pagedown"),
        Binding("pageup,ctrl+b", "page(-1)", "page up", show=False, id="log.pageup"),
        *keys.halves("log"),
        Binding("home", "end(-1)", "to the first line", show=False, id="log.first"),
        Binding("end,G", "end(1)", "to the end, and follow it", show=False, id="log.last"),
        Binding("right,l", "side(8)", "scroll right, where lines are not wrapped", show=False, id="log.right"),
        Binding("left,h", "side(-8)", "scroll left", show=False, id="log.left"),
        Binding("n", "move(1)", "next line with the words searched for", show=False, id="log.next"),
        Binding("N", "move(-1)", "the one before", show=False, id="log.previous"),
        Binding("w", "wrap", "wrap", id="log.wrap", tooltip="wrap long lines, or cut them"),
    ]

    class Changed(Message):
        """What `said` says has changed."""

    def __init__(
        self, source: Source, job_id: int, ending: Callable[[int], list[Line]], *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._ask, self._job, self._ending = source.ask, job_id, ending
        self._reads = Reading(self._failed)
        self._held = asyncio.Lock()  # what it holds is changed by one read at a time
        self.timed = True
        self.follows, self.wraps = True, True
        self._lines: list[LogLine] = []
        self._rows: list[tuple[int, Line]] = []
        self._tail: list[Line] = []
        self._above, self._below = False, False
        self._seen, self._new = 0, 0
        self._words, self._pattern, self._found = "", re.compile(""), 0
        self._finds: list[bool] = []
        self._left = 0
        self._told = ""
        self._busy = False
        self._began = False

    # ── what it holds ─────────────────────────────────────────────────────────────────────────────────────────────

    def on_unmount(self) -> None:
        self._reads.leave()

    def _failed(self, exc: Exception) -> None:
        from lifecycle_tui.tui.screens.base import View

        if self.is_attached and isinstance(self.screen, View):
            self.screen.failed(exc)

    async def refresh_log(self) -> None:
        """Read what has come since the last time.

        Raises:
            StateError, sqlite3.Error: it cannot be read now.
        """
        async with self._held:
            await self._read()
            tail = self._ending(self.size.width) if self.size.width else []
            if tail != self._tail:
                self._tail = tail
                self._sized()
            await self._count()
            if self.follows:
                self._to_end()

    async def _read(self) -> None:
        if not self._began:
            page = await self._ask(job_log.before, self._job)
            self._began = True
            self._hold(page, newest=True)
        elif not self._below:
            fresh = await self._ask(job_log.after, self._job, self._lines[-1].id if self._lines else 0)
            if self.follows and len(fresh) == job_log.PAGE:
                # More than a page at once: the end is what is followed.
                self._hold(await self._ask(job_log.before, self._job), newest=True)
            elif fresh and (self.follows or len(self._lines) + len(fresh) <= HELD):
                self._append(fresh)
            else:
                self._below = bool(fresh)

    def _hold(self, lines: list[LogLine], *, newest: bool) -> None:
        """Hold this page alone: the newest one, or the oldest."""
        whole = len(lines) < job_log.PAGE and sum(map(job_log.weight, lines)) < job_log.WEIGHT
        self._lines = lines
        self._above, self._below = newest and not whole, not newest and not whole
        self._laid_out()

    def _append(self, fresh: Sequence[LogLine]) -> None:
        self._lines += fresh
        self._rows += [row for line in fresh for row in self._lay_out(line)]
        if len(self._lines) > HELD:
            gone = self._lines[: len(self._lines) - HELD + job_log.PAGE]
            del self._lines[: len(gone)]
            self._above = True
            rows = sum(1 for id_, _ in self._rows if id_ <= gone[-1].id)
            del self._rows[:rows]
            self._sized()
            self._put(self.scroll_offset.y - rows)
        self._sized()

    def _prepend(self, older: Sequence[LogLine]) -> None:
        rows = [row for line in older for row in self._lay_out(line)]
        self._lines[:0] = older
        self._rows[:0] = rows
        if len(self._lines) > HELD:
            kept = self._lines[HELD - job_log.PAGE].id
            self._lines = [line for line in self._lines if line.id < kept]
            self._rows = [row for row in self._rows if row[0] < kept]
            self._below = True
        self._sized()
        self._put(self.scroll_offset.y + len(rows))

    async def _count(self) -> None:
        seen = max(self._seen, self._bottom())
        self._new = 0 if self.follows else await self._ask(job_log.count_after, self._job, seen)

    def _bottom(self) -> int:
        """The id of the lowest line that shows."""
        shown = self._rows[: self.scroll_offset.y + self.size.height]
        return shown[-1][0] if shown else 0

    # ── layout ────────────────────────────────────────────────────────────────────────────────────────────────────

    def on_resize(self) -> None:
        first = self._rows[self.scroll_offset.y][0] if self.scroll_offset.y < len(self._rows) else 0
        self._tail = self._ending(self.size.width)
        self._laid_out()
        if self.follows:
            self._to_end()
        else:
            self._show_line(first, top=True)

    def _laid_out(self) -> None:
        self._rows = [row for line in self._lines for row in self._lay_out(line)]
        self._sized()

    def _lay_out(self, line: LogLine) -> list[tuple[int, Line]]:
        if not self.size.width:
            return []  # before the first layout, which asks again
        rows = laid_out(line, self._job, self.size.width, timed=self.timed, wraps=self.wraps)
        return [(line.id, row) for row in rows]

    def _sized(self) -> None:
        self.virtual_size = Size(self.size.width, len(self._rows) + len(self._shown_tail()))
        self.refresh()

    def _shown_tail(self) -> list[Line]:
        return [] if self._below else self._tail

    def render_line(self, y: int) -> Strip:
        """One line of the viewport."""
        at, wide = y + self.scroll_offset.y, self.size.width
        tail = self._shown_tail()
        if at < len(self._rows):
            line = self._marked(*self._rows[at])
        else:
            line = tail[at - len(self._rows)] if at - len(self._rows) < len(tail) else ()
        if not self._left:
            return drawn(line, wide, STYLES[""])
        cells = sum(width(span.text) for span in line)
        return drawn(line, max(cells, 1), STYLES[""]).crop_extend(self._left, self._left + wide, STYLES[""])

    def _marked(self, id_: int, line: Line) -> Line:
        """The line with the words that are searched for set off."""
        return marked(line, self._pattern, here=id_ == self._found) if self._words else line

    # ── moving ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _put(self, y: int) -> None:
        most = max(0, len(self._rows) + len(self._shown_tail()) - self.size.height)
        self._busy = True
        self.scroll_to(y=max(0, min(most, y)), animate=False, force=True, immediate=True)
        self._busy = False

    def _to_end(self) -> None:
        self._put(len(self._rows) + len(self._tail))

    def watch_scroll_y(self, old: float, new: float) -> None:
        """Keys and the mouse alike."""
        super().watch_scroll_y(old, new)
        if not self._busy:
            self._settle()

    def _settle(self) -> None:
        """After a move: follow or hold still, and read on where an end of what is held is near."""
        self._follow()
        self._reads.begin("settle", self._read_on)
        self.post_message(self.Changed())

    def _follow(self) -> None:
        ends = self.scroll_offset.y + self.size.height >= len(self._rows) + len(self._tail) and not self._below
        if self.follows and not ends:
            self._seen = self._lines[-1].id if self._lines else 0
        self.follows = ends

    async def _read_on(self) -> None:
        async with self._held:
            top, page = self.scroll_offset.y, self.size.height
            if self._above and top < page and self._lines:
                older = await self._ask(job_log.before, self._job, self._lines[0].id)
                self._above = bool(older)
                self._prepend(older)
            elif self._below and top + 2 * page > len(self._rows) and self._lines:
                newer = await self._ask(job_log.after, self._job, self._lines[-1].id)
                self._below = await self._ask(job_log.last, self._job) > (newer or self._lines)[-1].id
                self._append(newer)
            self._follow()
            await self._count()
        self.post_message(self.Changed())

    def action_by(self, lines: int) -> None:
        """Scroll by so many lines."""
        self._scroll(self.scroll_offset.y + lines)

    def action_page(self, pages: float) -> None:
        """Scroll by so many screenfuls."""
        self._scroll(self.scroll_offset.y + int(pages * max(2, self.size.height - 1)))

    def action_end(self, direction: int) -> None:
        """Go to the first line, or to the end, which is then followed."""
        if (direction < 0 and self._above) or (direction > 0 and self._below):
            self._reads.begin("end", partial(self._to_other_end, direction))
        else:
            self._scroll(0 if direction < 0 else len(self._rows) + len(self._tail))

    async def _to_other_end(self, direction: int) -> None:
        async with self._held:
            if direction < 0:
                self._hold(await self._ask(job_log.after, self._job), newest=False)
            else:
                self._hold(await self._ask(job_log.before, self._job), newest=True)
        self._scroll(0 if direction < 0 else len(self._rows) + len(self._tail))

    def _scroll(self, y: int) -> None:
        self._told = ""
        self._put(y)
        self._settle()

    def action_side(self, cells: int) -> None:
        """Scroll sideways."""
        if not self.wraps:
            self._left = max(0, self._left + cells)
            self.refresh()

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them."""
        self.wraps, self._left = not self.wraps, 0
        self.on_resize()
        self.post_message(self.Changed())

    # ── searching ─────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def filter(self) -> str:
        """The words that are searched for; setting them goes to the nearest line with them, upward from the bottom."""
        return self._words

    @filter.setter
    def filter(self, words: str) -> None:
        if words == self._words:
            return
        self._words, self._pattern, self._told = words, re.compile(re.escape(words), re.IGNORECASE), ""
        self._found = 0
        self._finds.clear()
        self.refresh()
        if words:
            self._reads.begin("find", self._find_near)
        self.post_message(self.Changed())

    def action_move(self, rows: int) -> None:
        """Go to the next line with the words, or to the one before."""
        if self._words:
            self._finds.append(rows > 0)
            self._reads.begin("find", self._find_next)

    async def _find_near(self) -> None:
        await self._find(self._bottom() + 1, down=False)
        if not self._found:
            await self._find(self._bottom(), down=True)

    async def _find_next(self) -> None:
        while self._finds:  # each press counts, however fast they come
            await self._find(self._found or self._bottom(), down=self._finds.pop(0))

    async def _find(self, id_: int, *, down: bool) -> None:
        way, words = "below" if down else "above", self._words
        if not words:
            return
        found, on = await self._ask(job_log.find, self._job, words, id_, down=down)
        if words != self._words:
            return  # others are searched for by now
        if found is None:
            self._told = f"none {way}" if on is None else f"none in {count(job_log.SEARCHED)} lines {way}, go on?"
            self._found = on or self._found
        else:
            self._told, self._found = "", found
            await self._bring(found)
            self._settle()
        self.post_message(self.Changed())

    async def _bring(self, id_: int) -> None:
        """Have this line in view."""
        async with self._held:
            if not self._lines or not self._lines[0].id <= id_ <= self._lines[-1].id:
                older = await self._ask(job_log.before, self._job, id_)
                newer = await self._ask(job_log.after, self._job, id_ - 1)
                last = await self._ask(job_log.last, self._job)
                self._lines = [*older, *newer]
                self._above, self._below = True, bool(self._lines) and last > self._lines[-1].id
                self._laid_out()
        self._show_line(id_)

    def _show_line(self, id_: int, *, top: bool = False) -> None:
        at = next((n for n, (line, _) in enumerate(self._rows) if line >= id_), 0)
        y, page = self.scroll_offset.y, self.size.height
        if top:
            self._put(at)
        elif not y <= at < y + page:
            self._put(at - page // 2)
        self.refresh()

    # ── what it says ──────────────────────────────────────────────────────────────────────────────────────────────

    def said(self) -> Line:
        """One line: whether it follows the end, what is new below, what is searched for."""
        parts = []
        if not self.follows:
            new = f"{count(self._new)}{'+' if self._new == job_log.PAGE else ''} new line{'s' * (self._new != 1)} below"
            parts.append(Span(f" {new}: G goes there" if self._new else " holds still: G goes to the end",
                              "warning" if self._new else ""))  # fmt: skip
        if self._words:
            told = self._told or ("n next, N the one before" if self._found else "")
            parts.append(Span(f" /{self._words}  {told}", "warning" if self._told else "dim"))
        if not self.wraps:
            parts.append(Span(" lines are cut: w wraps them", "dim"))
        return tuple(parts)
