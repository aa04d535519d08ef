"""The agent of a workspace that lives on a simulated clock: the demo, whose time goes on while somebody looks.

The same turns and jobs as `simulated`; between two instants it waits as long as the clock's pace says, and does what
people ask for meanwhile. Run by `lifecycle agent` where state has such a clock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from lifecycle_tui.agent import accepted, policy_changes, viewers
from lifecycle_tui.agent.accepted import Watched
from lifecycle_tui.agent.loop import AGENT
from lifecycle_tui.agent.rounds import kept
from lifecycle_tui.agent.session import Session
from lifecycle_tui.agent.simulated import Told, simulate
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.state import clock, feed, folder, jobs, outbox
from lifecycle_tui.state.database import State

ALONE = 10.0
"""Seconds without a viewer after which it ends in mode "auto"; the clock then stands until somebody looks again."""

LONGEST = 12.0
"""Real seconds that pass between two instants at the most, however far apart they are."""

TICK = 0.1
"""Seconds between two looks whether somebody has asked for something."""

LOOK = 1.0
"""Seconds between two looks at the file and at who looks."""


def live(
    state: State, watched: Watched, mode: str, say: Callable[[Told], None],
    *, ended: threading.Event, plugins: bool = True,
) -> datetime:  # fmt: skip
    """Let the workspace's clock go on until stopped; in mode "auto" until nobody looks. Returns what it shows then.

    Where the data ends the clock stands, and people are served all the same. A changed file is taken when it is valid.

    Raises:
        UsageError: another agent runs.
        LifecycleError: state lives on the machine's clock.
    """
    while True:
        with state.read() as conn:
            found = clock.read(conn)
        if found is None:
            raise LifecycleError("this workspace lives on the machine's clock")
        texts = accepted.texts_of(watched.workspace.spec)
        if texts is not None:
            spec = watched.workspace.spec
            with state.write() as tx:
                policy_changes.record(tx, spec.file, folder.accepted(spec.root), texts, found.at)
            accepted.keep(spec.root, texts)
        waits = _Waits(state, watched, mode, ended, found.day)
        reached = simulate(
            state, watched.workspace.spec, found.at, found.until, say, ended=ended, plugins=plugins, pause=waits,
            mode=mode,
        )  # fmt: skip
        if not waits.anew:
            return reached


class _Waits:
    """What happens between two instants: real time passes, and what people ask for is done.

    Attributes:
        anew: it ended because the file has changed.
    """

    def __init__(self, state: State, watched: Watched, mode: str, ended: threading.Event, day: float) -> None:
        self._state, self._watched, self._mode, self._ended, self._day = state, watched, mode, ended, day
        self._note: str | None = None
        self._alone_since = time.monotonic()
        self._looked = 0.0
        self.anew = False

    def __call__(self, session: Session, following: datetime | None) -> bool:
        with self._state.read() as conn:
            now = clock.now(conn)
        seq = -1  # somebody may have asked for something in the very moment in which the last turn ended
        spent = 0.0 if following is None else min(LONGEST, (following - now) / timedelta(days=1) * self._day)
        until = time.monotonic() + spent
        while not self._ended.is_set() and (following is None or time.monotonic() < until):
            seq = self._serve(session, now, seq)
            if not self._goes_on(session):
                return False
            self._ended.wait(TICK)
        return not self._ended.is_set()

    def _serve(self, session: Session, now: datetime, seq: int) -> int:
        """Where state has moved, somebody has asked for something: its jobs, and the turns that they lead to.

        Returns what state was at before: what comes meanwhile is found at the next look, and so is what these jobs have
        moved themselves, once more and for nothing: a turn that decides nothing moves nothing.
        """
        session.wait()
        with self._state.read() as conn:
            latest = feed.latest(conn)
            if latest == seq:
                return seq
            asked = [job.id for job in jobs.jobs(conn, live=True, limit=1000)]
        if asked:
            session.finish(asked)
        session.rest(now)
        with self._state.write() as tx:
            told = [jobs.enqueue(tx, "notify", None, {}, now, by=AGENT)] if outbox.due(tx, now) else []
        session.finish(told)
        return latest

    def _goes_on(self, session: Session) -> bool:
        at = time.monotonic()
        if at < self._looked + LOOK:
            return True
        self._looked = at
        if self._watched.look():
            self.anew = self._watched.problem is None
        problem = self._watched.problem
        note = None if problem is None else kept(problem)
        if note != self._note:
            session.note(note)
            self._note = note
        if self._mode != "auto" or viewers.anybody(self._watched.workspace.spec.root):
            self._alone_since = at
        return not self.anew and at - self._alone_since < ALONE
