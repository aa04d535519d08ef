"""Every job: what runs, what waits, what has ended and how. Opened by J; Enter follows one job."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from lifecycle_tui.state.job_words import duration, rate_text
from lifecycle_tui.tui import ages, marks
from lifecycle_tui.tui.grid import Cell, Column, Grid
from lifecycle_tui.tui.reads import jobs
from lifecycle_tui.tui.reads.jobs import JobLine, Listed, Listing, Which
from lifecycle_tui.tui.reads.pages import wanted
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import Line, Span, count, joined, moment

SEARCHED = 5_000
"""Jobs that a filter looks through by itself."""

NEXT: dict[Which, Which] = {"quiet": "all", "all": "live", "live": "failed", "failed": "quiet"}
SHOWN: dict[Which, str] = {
    "quiet": "what matters", "all": "all", "live": "queued and running", "failed": "failed",
}  # fmt: skip
EMPTY: dict[Which, str] = {
    "quiet": "No job but evaluations and messages that are done. f shows them too.",
    "all": "There was no job yet. `lifecycle check` evaluates; t trains a version of the model under the cursor.",
    "live": "No job is queued or running. f shows the next kind.",
    "failed": "No job has failed. f shows the next kind.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A job, and how long ago it ended, began or was asked for: what a row shows changes when either does."""

    job: JobLine
    when: str


def _state(row: Row) -> Cell:
    mark = marks.job(row.job.state)
    return Cell(mark.text(), mark.tone)


def _what(row: Row) -> Cell:
    job = row.job
    if job.state == "queued":
        return Cell("waits for a worker", "dim")
    if job.live:
        return Cell(_how_far(job))
    if job.error:
        return Cell(job.error, marks.job(job.state).tone)
    if job.state == "cancelled":
        return Cell(f"by {job.cancelled_by}" if job.cancelled_by else "", "dim")
    return Cell(job.said or "", "dim")


def _how_far(job: JobLine) -> str:
    """`24 % · 2 min left · 1,200 of 5,000 rows · 40 rows/s`: what matters first, for a narrow cell cuts the rest."""
    if not job.total or job.done is None:
        return job.text or ""
    left = "" if job.left is None else f"{duration(job.left)} left"
    units = f"{job.done:,.0f} of {job.total:,.0f} {job.unit or ''}".rstrip()
    rate = rate_text(job.done, job.total, job.left, job.unit)
    return joined((f"{100 * job.done / job.total:.0f} %", left, units, rate, job.text or ""))


def _took(row: Row) -> Cell:
    return Cell("" if row.job.took is None else took(row.job.took), "dim")


def took(seconds: float) -> str:
    """A real duration: tenths below ten seconds."""
    return f"{seconds:.1f} s" if seconds < 10 else duration(seconds)


COLUMNS: tuple[Column[Row], ...] = (
    Column("id", "job", 5, lambda r: Cell(str(r.job.id)), right=True),
    Column("state", "state", 11, _state),
    Column("kind", "kind", 8, lambda r: Cell(r.job.kind, "bold")),
    Column("model", "model", 12, lambda r: Cell(r.job.model or "-"), grow=1, most=36),
    Column("what", "how far, or why not", 18, _what, grow=5),
    Column("when", "when", 13, lambda r: Cell(r.when), needs=72),
    Column("took", "took", 7, _took, right=True, needs=100),
    Column("by", "by", 12, lambda r: Cell(r.job.created_by or "-"), needs=110),
    Column("why", "because", 24, lambda r: Cell(r.job.why or "", "dim"), grow=2, needs=150),
)


class JobsScreen(View):
    """All jobs of a workspace."""

    NAME = "jobs"
    ACTIONS = ("jobs cancel",)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "follow", id="jobs.open", tooltip="open the job: its progress, log and end"),
        Binding("f", "which", "which", id="jobs.which",
                tooltip="list all jobs, those that live, those that failed, what matters"),
    ]  # fmt: skip

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.which: Which = "quiet"
        self.listed = Listed()
        self._listing = Listing()  # lives in the reader's thread
        self._minute = 0
        self.grid: Grid[Row] = Grid(
            COLUMNS, key=lambda r: str(r.job.id), text=_searched, empty="Jobs are being read.", id="jobs"
        )

    def body(self) -> Iterable[Widget]:
        yield self.grid

    async def load(self) -> None:
        """Bring the list up to date: only jobs that changed are read and painted."""
        await self._read(more=False)

    async def _more(self) -> None:
        await self._read(more=True)
        self.bars()

    async def _read(self, *, more: bool) -> None:
        listing = self._listing
        found = await self.source.ask(jobs.listed, listing, more=more)
        if listing is not self._listing:
            return  # other ones are listed by now
        self.listed = found
        self._minute = _minute()
        now = self.source.now()
        rows = [Row(job, ages.ago(job.finished_at or job.started_at or job.created_at, now)) for job in found.rows]
        self.grid.show(rows, empty=EMPTY[self.which])

    def moved(self) -> bool:
        """Ages are said to the minute."""
        return _minute() != self._minute

    def on_grid_moved(self) -> None:
        """Near the end the next page comes."""
        self._read_on()
        self.bars()

    def on_grid_ordered(self) -> None:
        self._read_on()
        self.bars()

    def _read_on(self) -> None:
        if not self.listed.whole and wanted(self.grid, len(self.listed.rows), SEARCHED):
            self.begin("more", self._more)

    def filterable(self) -> Grid[Row]:
        return self.grid

    def subject(self) -> Subject:
        row = self.grid.row
        return Subject() if row is None else Subject(model=row.job.model, job=row.job.id)

    def likely(self) -> tuple[str, ...]:
        """What has ended cannot be cancelled."""
        return self.ACTIONS if self.grid.row is not None and self.grid.row.job.live else ()

    def on_grid_chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        """Follow the job under the cursor."""
        if self.grid.row is not None:
            from lifecycle_tui.tui.screens.job import JobScreen

            self.app.push_screen(JobScreen(self.source, self.grid.row.job.id))

    def action_which(self) -> None:
        """List the next kind of jobs."""
        self.which = NEXT[self.which]
        self._listing = Listing(self.which)
        self.reload()

    def heading(self) -> tuple[Line, Line]:
        states = [row.job.state for row in self.grid.rows]
        runs, waits = sum(s in ("running", "stopping") for s in states), states.count("queued")
        counts = joined((f"{runs} running" if runs else "", f"{waits + self.listed.unlisted} queued" if waits else ""))
        words = (
            f"filter: {self.grid.filter}" if self.grid.filter else "",
            SHOWN[self.which],
            self._hidden(),
            self.grid.place + ("" if self.listed.whole else "+"),
        )
        return (Span(" jobs  "), Span(counts or "nothing runs")), (Span(f"  {joined(words)} "),)

    def _hidden(self) -> str:
        if self.which != "quiet" or not self.listed.hidden:
            return ""
        return f"{count(self.listed.hidden)}{'' if self.listed.whole else '+'} hidden"

    def about(self) -> Line:
        """One line about the job under the cursor: when, by whom, why."""
        row = self.grid.row
        if row is None:
            return ()
        job, mark = row.job, marks.job(row.job.state)
        asked = f"asked by {job.created_by or 'nobody'} {moment(job.created_at)}"
        why = f"because {job.why}" if job.why else ""
        again = f"attempt {job.attempts}" if job.attempts > 1 else ""
        return (
            Span(f" {mark.sign()} {job.kind} {job.model or ''}  ", mark.tone),
            Span(joined((job.error or "", job.said or "", asked, why, again))),
        )


def _minute() -> int:
    return int(time.monotonic() // 60)


def _searched(row: Row) -> str:
    """What a filter looks in."""
    job = row.job
    words = (str(job.id), job.kind, job.model or "", job.state, job.created_by or "", job.why or "", job.error or "")
    return " ".join((*words, job.said or ""))
