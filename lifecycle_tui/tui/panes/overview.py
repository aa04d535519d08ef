"""Why a model is in its state, since when, what to do about it, and what happens next, in words."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widget import Widget

from lifecycle_tui.plots.chart import Level, Point
from lifecycle_tui.tui import marks, view
from lifecycle_tui.tui.declared import declared
from lifecycle_tui.tui.panes import overview_lines
from lifecycle_tui.tui.panes.overview_lines import Overview
from lifecycle_tui.tui.panes.pane import Pane
from lifecycle_tui.tui.panes.performance_rows import level_text, said
from lifecycle_tui.tui.pictures import history
from lifecycle_tui.tui.reads import reading
from lifecycle_tui.tui.reads.model import story
from lifecycle_tui.tui.source import Source, windows
from lifecycle_tui.tui.subject import Subject, Where
from lifecycle_tui.tui.text import Line, Span
from lifecycle_tui.tui.thresholds import thresholds
from lifecycle_tui.tui.view import WindowLine
from lifecycle_tui.tui.widgets.pager import Pager
from lifecycle_tui.tui.widgets.picture import Plot

WINDOWS = 30


class OverviewPane(Pane):
    """The story at the left, and on a wide screen its numbers drawn at the right."""

    DEFAULT_CSS = """
    OverviewPane #overview { height: 1fr; layout: horizontal; }
    OverviewPane #story { width: 1fr; }
    OverviewPane #overview-numbers { display: none; width: 2fr; height: 1fr; margin-left: 2; }
    .-wide OverviewPane #story { width: 3fr; }
    .-wide OverviewPane #overview-numbers { display: block; }
    """
    SCOPED_CSS = False
    NAME = "overview"
    TITLE = "overview"
    ACTIONS = ("approve", "ack", "promote", "jobs cancel", "rollback", "retrain")
    MODELWIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("o", "other", "charts", show=False, id="overview.other",
                tooltip="to the charts, where there is room for them, and back; Left and Right go through the windows"),
    ]  # fmt: skip

    def __init__(self, source: Source, model: str) -> None:
        super().__init__(source, model)
        self._about: Overview | None = None
        self.story = Pager(self._lines, id="story")
        self.numbers = Plot(self._drawn, id="overview-numbers")
        self._key: str | None = None
        """The charts' window, once the cursor has been moved; the newest before that."""

    def compose(self) -> ComposeResult:
        with Container(id="overview"):
            yield self.story
            yield self.numbers

    async def load(self) -> None:
        fresh = await self.source.ask(_read, self.source.root, self.model, self.source.now(), self.source.agent()[0])
        if fresh != self._about:
            self._about = fresh
            self.story.renew()
            self.numbers.renew()

    def _lines(self, cells: int) -> list[Line]:
        if self._about is None:
            return []
        return overview_lines.lines(self._about, cells, numbers=not self.numbers.display)

    def _drawn(self, cells: int, rows: int) -> list[Line]:
        """The key metric, and below it the share of columns that drifted."""
        about = self._about
        if about is None:
            return []
        metric = about.story.model.metric
        past = list(reversed(about.windows))
        each = max(4, min(18, rows // 2 - 2))
        found: list[Line] = []
        if metric is not None:
            points = [Point(None) if w.metric is None else
                      Point(w.metric.value, w.metric.lower, w.metric.upper, w.mature) for w in past]  # fmt: skip
            found += self._chart(about, metric, points, cells, each)
        if any(w.share is not None for w in past):
            points = [Point(None if w.share is None else w.share.value) for w in past]
            found += self._chart(about, "drift.share", points, cells, each, low=0.0)
        return found

    def _chart(
        self, about: Overview, signal: str, points: list[Point], cells: int, rows: int, low: float | None = None
    ) -> list[Line]:
        rules = thresholds(about.declared.rules, signal)
        levels = [Level(t.value, marks.severity(t.severity).tone or "dim") for t in rules]
        past, here = list(reversed(about.windows)), self._here
        focused = self.numbers.has_focus and here is not None
        drawn, _ = history(
            [w.key for w in past], points, cells, rows, levels=levels, low=low, write=level_text, cursor=focused,
            starts=[w.row.start for w in past], here=here.key if focused and here is not None else None,
        )  # fmt: skip
        if not drawn:
            return []
        caption = (
            Span(f" {signal}  ", "bold"),
            *(Span(f"{said(t)}  ", marks.severity(t.severity).tone) for t in rules),
        )
        return [caption, *drawn, ()]

    @property
    def _here(self) -> WindowLine | None:
        """The window under the charts' cursor: the newest one until it is moved."""
        found = () if self._about is None else self._about.windows
        return next((w for w in found if w.key == self._key), found[0] if found else None)

    def about(self) -> Line:
        """The newest window, or the one under the cursor of the charts."""
        found = () if self._about is None else self._about.windows
        return view.window_about(self._here if self.numbers.has_focus else found[0] if found else None)

    @on(Plot.Turned)
    def _turned(self, message: Plot.Turned) -> None:
        found = () if self._about is None else tuple(reversed(self._about.windows))
        here = self._here
        if here is None:
            return
        self._key = found[message.place(found.index(here), (0, len(found) - 1), len(found))].key
        self.numbers.renew()
        self.changed()

    @on(Plot.Chosen)
    def _opened(self) -> None:
        """The window under the cursor, with its columns."""
        from lifecycle_tui.tui.screens.model import ModelScreen

        here, screen = self._here, self.screen
        if here is not None and isinstance(screen, ModelScreen):
            screen.open_pane("drift", Where(window=here.key))

    def action_other(self) -> None:
        """The focus to the charts, where they show, or to the story."""
        (self.numbers if self.numbers.display and not self.numbers.has_focus else self.story).focus()

    def subject(self) -> Subject:
        """What is most likely to be acted on: the version that waits, the alerts nobody took on, the job that runs."""
        if self._about is None:
            return Subject(model=self.model)
        found = self._about.story
        unseen = [row.id for row in found.alerts if row.alert.acknowledged_by is None]
        job = found.job.id if found.job is not None else None
        return Subject(
            model=self.model, version=overview_lines.passed(found), alert=unseen[0] if unseen else None, job=job,
            alerts=tuple(unseen) if len(unseen) > 1 else (),
        )  # fmt: skip

    def likely(self) -> tuple[str, ...]:
        """Those for which there is an occasion; the others are listed by `x`."""
        if self._about is None:
            return ()
        found = self._about.story
        occasion = {
            "approve": found.approval is not None,
            "promote": overview_lines.passed(found) is not None and found.approval is None,
            "rollback": found.before is not None,
        }
        return tuple(name for name in self.ACTIONS if occasion.get(name, True))

    def step_back(self) -> bool:
        """From the charts to the story."""
        if self.numbers.has_focus:
            self.story.focus()
            return True
        return super().step_back()

    def first_focus(self) -> Widget:
        return self.story


def _read(conn: sqlite3.Connection, root: Path, model: str, now: datetime, agent: bool) -> Overview | None:
    found = story(conn, model, now)
    if found is None:
        return None
    past = tuple(windows(conn, found.model, WINDOWS))
    said = reading.newest(conn, model, past[0].version) if past else None
    return Overview(found, declared(root, model), past, now, agent, said)
