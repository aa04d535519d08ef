"""One job: how far it is, its log, how it ended. Opened from the list of jobs, by an action, or by a model's job.

All of it comes from state: a job that another terminal or the agent has started is followed just the same.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.dom import DOMNode
from textual.widget import Widget

from lifecycle_tui.state.job_words import name_of
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.tui import going, job_lines, marks
from lifecycle_tui.tui.job_lines import Around
from lifecycle_tui.tui.reads import job_log
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source
from lifecycle_tui.tui.subject import Subject, Where
from lifecycle_tui.tui.text import Line, Span
from lifecycle_tui.tui.widgets.lines import Lines
from lifecycle_tui.tui.widgets.log import Log
from lifecycle_tui.tui.widgets.prompt import Prompt

LOOK = 2.0
"""Seconds between two looks at a job that has ended: its log may get a last line."""


class JobScreen(View):
    """One job, live or ended.

    Args:
        job_id: its number.
    """

    NAME = "job"
    LINES = ("filter", "search")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "slash", "search", "search", priority=True, id="job.search", tooltip="find words in the log; n and N go on"
        ),
        Binding("enter", "model", "model", id="job.model", tooltip="the model that the job is about"),
    ]

    def __init__(self, source: Source, job_id: int) -> None:
        super().__init__(source)
        self.job_id = job_id
        self.job: Job | None = None
        self._looked = 0.0
        self._minute = 0
        self.facts = Lines([()] * 4, id="facts")
        self.log_view = Log(source, job_id, self._ending, id="log")

    def body(self) -> Iterable[Widget]:
        yield self.facts
        yield Lines([()])
        yield self.log_view

    async def load(self) -> None:
        """Read the job, and what its log says since the last time."""
        self._looked, self._minute = time.monotonic(), _minute()
        # The job first: whatever it has said by its end is then in the log.
        found = await self.source.ask(job_log.about, self.job_id)
        self.job = None if found is None else found.job
        if found is None:
            self.facts.show([(Span(f" There is no job {self.job_id} in this state any more.", "warning"),), (), (), ()])
            return
        around = Around(self.source.now(), found.agent, found.worker, found.before)
        self.facts.show(job_lines.facts(found.job, around))
        self.log_view.timed = found.job.payload.get("as_of") is None
        await self.log_view.refresh_log()

    def _ending(self, cells: int) -> list[Line]:
        return [] if self.job is None else job_lines.ending(self.job, cells)

    def moved(self) -> bool:
        """Lines of a log are not in the feed, that a worker was killed is nowhere: while it lives, it is read again."""
        lives = self.job is not None and not self.job.ended
        return lives or time.monotonic() - self._looked > LOOK or _minute() != self._minute

    # ── what it says ──────────────────────────────────────────────────────────────────────────────────────────────

    def heading(self) -> tuple[Line, Line]:
        job = self.job
        if job is None:
            return (Span(f" job {self.job_id}"),), ()
        mark = marks.job(job_lines.state_of(job))
        return (Span(f" job {job.id}  {name_of(job)}"),), (Span(f"  {mark.text()} "),)

    def about(self) -> Line:
        return self.log_view.said()

    def subject(self) -> Subject:
        if self.job is None:
            return Subject()
        version = self.job.outcome.get("version")
        return Subject(self.job.model, version if isinstance(version, int) else None, job=self.job.id)

    def likely(self) -> Sequence[str]:
        """What fits the job's state."""
        if self.job is None:
            return ()
        if not self.job.ended:
            return ("jobs cancel",)
        if self.job.kind != "retrain":
            return ()
        return ("promote",) if self.job.outcome.get("verdict") == "passed" else ("retrain",)

    def key_nodes(self) -> Sequence[type[DOMNode]]:
        return [type(self), Log]

    def first_focus(self) -> Widget:
        return self.log_view

    def step_back(self) -> bool:
        if self.log_view.filter:
            self.log_view.filter = ""
            return True
        return False

    # ── keys ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def on_log_changed(self) -> None:
        self.bars()

    async def action_search(self) -> None:
        """Find words in the log."""
        await self.query_one(Prompt).open(self.log_view)

    def action_model(self) -> None:
        """Go to the model, where the job made a version to that one."""
        if self.job is None or self.job.model is None:
            self.say("this job is about no model")
            return

        version = self.subject().version
        where = Where(pane=None if version is None else "versions", version=version)
        going.to_model(self.app, self.job.model, where)


def _minute() -> int:
    """Ages are said to the minute."""
    return int(time.monotonic() // 60)
