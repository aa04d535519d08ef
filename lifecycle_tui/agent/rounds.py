"""The rounds of an agent, four a second: what it looks at, and what it enqueues. Made and called by `agent`.

    supervise jobs · file changed? · plugins to tell? · models to evaluate? · something to notify?
        · state moved? → a turn of the loop

Waits are measured on the monotonic clock, so that a machine's clock that is set back stops nothing.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from lifecycle_tui.agent import accepted, policy_changes, viewers
from lifecycle_tui.agent.accepted import Watched
from lifecycle_tui.agent.declaring import declare
from lifecycle_tui.agent.editors import refresh_schemas
from lifecycle_tui.agent.following import Following, Found
from lifecycle_tui.agent.loop import AGENT, Turned
from lifecycle_tui.agent.narrate import Narrator
from lifecycle_tui.agent.pulse import Pulse
from lifecycle_tui.agent.standby import AgentLock
from lifecycle_tui.agent.work import events
from lifecycle_tui.agent.workers.slots import slots
from lifecycle_tui.agent.workers.supervisor import Supervisor, WorkersFail
from lifecycle_tui.domain.clock import Clock
from lifecycle_tui.domain.errors import ConfigError, StateError
from lifecycle_tui.domain.specs import WorkspaceSpec
from lifecycle_tui.state import feed, folder, handling, jobs, lease, outbox
from lifecycle_tui.state import loop as memory
from lifecycle_tui.state.database import State
from lifecycle_tui.state.lease import LeaseLost

TICK = 0.25
"""Seconds between two rounds."""

SECOND = 1.0
"""Seconds between two looks at the file, the outbox and the viewers."""

TURN = 60.0
"""Seconds after which the loop is turned although nothing has moved: no clock that is set back delays it longer."""

RETRY = 30.0
"""Seconds until something that failed by a fault of the program or of its workers is tried again."""

ALONE = 10.0
"""Seconds without a viewer after which an agent in mode "auto" ends."""

GOES_ON = "the agent goes on with the file as it was before"

Turn = Callable[[sqlite3.Connection, WorkspaceSpec, datetime], Turned]


class Duty:
    """What makes this process the agent: its number, its beat, its lock."""

    def __init__(self, state: State, number: int, pulse: Pulse, lock: AgentLock) -> None:
        self.state, self.number, self.pulse, self.lock = state, number, pulse, lock

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction of the agent.

        Raises:
            LeaseLost: if another agent has taken over; nothing is written then.
        """
        with self.state.write() as tx:
            lease.check(tx, self.number)
            yield tx


class Rounds:
    """The rounds of one agent while it holds the lease; keeps what must be remembered between two of them."""

    def __init__(
        self, watched: Watched, supervisor: Supervisor, narrator: Narrator, duty: Duty, say: Callable[[str], None],
        turn: Turn, clock: Clock,
    ) -> None:  # fmt: skip
        self._watched, self._supervisor, self._narrator, self._duty = watched, supervisor, narrator, duty
        self._say, self._turn, self._clock = say, turn, clock
        self._trouble = ""
        self._note: str | None = None
        self._version = self._seq = -1
        self._due: datetime | None = None
        self._alone = 0
        # Monotonic seconds before which something is not looked at again.
        self._look_at = self._evaluate_at = self._notify_at = self._tell_at = self._turn_at = self._start_at = 0.0
        self._turned = time.monotonic()
        self._following = Following(watched, say)
        self._owed: dict[str, None] = {}

    def round(self) -> None:
        """One round. What state or disk refuse now is the next round's; the agent says so once.

        Raises:
            LeaseLost: if another agent has taken over.
        """
        self._duty.pulse.round()
        try:
            with self._duty.state.read() as conn:
                lease.check(conn, self._duty.number)
                self._supervise()
                self._follow_file()
                if (now := time.monotonic()) >= self._look_at:
                    self._look_at = now + SECOND
                    self._duty.lock.try_it()
                    self._tell_plugins(conn)
                    self._evaluate()
                    self._notify(conn)
                self._follow_state(conn)
            self._trouble = ""
        except (StateError, sqlite3.Error, OSError) as exc:
            self._complain(str(exc))

    def tell(self) -> None:
        """Say what has happened since the last round, e.g. jobs that ended; nothing where state cannot be read."""
        with contextlib.suppress(StateError, sqlite3.Error), self._duty.state.read() as conn:
            self._narrate(conn)

    def idle(self) -> bool:
        """Whether nobody has looked for a while and nothing is under way."""
        root = self._watched.workspace.spec.root
        try:
            with self._duty.state.read() as conn:
                busy = jobs.live(conn) > 0 or outbox.coming(conn, self._clock.now())
        except (StateError, sqlite3.Error):
            return False
        self._alone = 0 if busy or viewers.anybody(root) else self._alone + 1
        return self._alone * TICK >= ALONE

    def _complain(self, text: str) -> None:
        if text != self._trouble:
            self._trouble = text
            self._say(text)

    def _supervise(self) -> None:
        self._supervisor.look()
        if time.monotonic() < self._start_at:
            return
        try:
            self._supervisor.start()
        except WorkersFail as exc:
            self._start_at = time.monotonic() + RETRY
            self._supervisor.forgive()
            self._say(f"{exc.message} ({exc.hint})")

    def _follow_file(self) -> None:
        """Take a changed file if it is valid; else keep the last good one, and say so to all viewers."""
        found = self._following.look()
        if found is not None:
            self._take(found)
        problem = self._watched.problem
        note = None if problem is None else kept(problem)
        if note != self._note or (note is None and self._version == -1):
            with self._duty.write() as tx:
                lease.put_note(tx, self._duty.number, note)
            self._note = note
            if note is not None:
                self._say(note)

    def _take(self, found: Found) -> None:
        """Have what was read count from now on: recorded, declared, and what it concerns evaluated."""
        news, digest = found.news, self._watched.workspace.spec.digest
        if not self._watched.take(news):
            return
        spec = self._watched.workspace.spec
        self._say(f"{spec.file.name} has changed: taken" if spec.digest != digest else "plugins have changed")
        if news.texts is not None:
            self.accept(news.texts)
        refresh_schemas(self._watched.workspace)
        self._owed |= dict.fromkeys(found.models)
        self._supervisor.size = slots(spec.jobs)
        self._supervisor.forgive()
        self._evaluate_at = min(self._evaluate_at, time.monotonic() + spec.every.total_seconds())
        self._start_at = 0.0
        self._seq = -1

    def accept(self, texts: Mapping[Path, bytes]) -> None:
        """Write down what changed in the policy, declare its models, and keep its bytes as what counts."""
        spec, now = self._watched.workspace.spec, self._clock.now()
        with self._duty.write() as tx:
            policy_changes.record(tx, spec.file, folder.accepted(spec.root), texts, now)
            declare(tx, spec, now)
        accepted.keep(spec.root, texts)

    def _evaluate(self) -> None:
        """Every `[workspace] every`: look at the data of each model; when something has changed, of those concerned.

        An evaluation that runs may have begun before the change: it is waited for, and followed by another.
        """
        spec, at, now = self._watched.workspace.spec, time.monotonic(), self._clock.now()
        due = at >= self._evaluate_at
        if not due and not self._owed:
            return
        with self._duty.write() as tx:
            running = {job.model for job in jobs.jobs(tx, kind="evaluate", live=True, limit=100_000) if job.started_at}
            wanted = [model.name for model in spec.models if due or model.name in self._owed]
            for name in wanted:
                jobs.enqueue(tx, "evaluate", name, {}, now, by=AGENT)
            if due:
                declare(tx, spec, now)
        self._owed = {name: None for name in self._owed if name in running}
        if due:
            self._evaluate_at = at + spec.every.total_seconds()

    def _notify(self, conn: sqlite3.Connection) -> None:
        """Have sent what is due in the outbox."""
        if (at := time.monotonic()) < self._notify_at or not outbox.due(conn, self._clock.now()):
            return
        last = jobs.jobs(conn, kind="notify", limit=1)
        with self._duty.write() as tx:
            jobs.enqueue(tx, "notify", None, {"wait": True}, self._clock.now(), by=AGENT)
        self._notify_at = at + (RETRY if last and last[0].state == "failed" else SECOND)

    def _tell_plugins(self, conn: sqlite3.Connection) -> None:
        """Have event hooks told what happened; those that are new are told what happens from now on."""
        if (at := time.monotonic()) < self._tell_at:
            return
        found = events.Listeners.of(conn, self._watched.workspace.plugins)
        if not (found.new or found.gone or found.news):
            return
        last = jobs.jobs(conn, kind=events.KIND, limit=1)
        with self._duty.write() as tx:
            found.settle(tx)
            if found.news:
                jobs.enqueue(tx, events.KIND, None, {}, self._clock.now(), by=AGENT)
        self._tell_at = at + (RETRY if last and last[0].state == "failed" else SECOND)

    def _follow_state(self, conn: sqlite3.Connection) -> None:
        """Where state has moved, or the clock alone can change something: a turn of the loop, in one transaction.

        A turn looks at the models that are concerned alone, so that a thousand quiet ones cost nothing; now and then at
        all of them.
        """
        version = feed.data_version(conn)
        if version != self._version:
            self._version = version
            self._narrate(conn)
        at, now = time.monotonic(), self._clock.now()
        moved = feed.latest(conn) != self._seq
        whole = self._seq < 0 or at - self._turned >= TURN
        if at < self._turn_at or not (moved or whole or (self._due is not None and now >= self._due)):
            return
        try:
            with self._duty.write() as tx:
                spec = self._watched.workspace.spec
                turned = self._turn(tx, spec if whole else self._concerned(tx, spec, now), now)
                seq, due = feed.latest(tx), memory.next_due(tx, now)
        except (StateError, sqlite3.Error, LeaseLost):
            raise
        except Exception as exc:
            # A fault of the program: jobs and terminals must not lose their agent to it.
            self._turn_at = at + RETRY
            self._say(f"the loop failed and is turned again in {RETRY:.0f} s: {type(exc).__name__}: {exc}")
            self._say(traceback.format_exc().rstrip())
            return
        dues = [instant for instant in (turned.due, due) if instant is not None]
        self._seq, self._due, self._turn_at = seq, min(dues, default=None), at + TICK
        self._turned = at if whole else self._turned
        for line in turned.said:
            self._say(line)

    def _narrate(self, conn: sqlite3.Connection) -> None:
        for line in self._narrator.news(conn):
            self._say(line)

    def _concerned(self, tx: sqlite3.Connection, spec: WorkspaceSpec, now: datetime) -> WorkspaceSpec:
        asleep = {row.alert.model for row in handling.to_wake(tx, now)}
        names = memory.moved(tx, self._seq) | memory.due(tx, now) | asleep
        return replace(spec, models=tuple(model for model in spec.models if model.name in names))


def kept(problem: ConfigError) -> str:
    """What viewers are told while the file on disk is not what counts: first where it is wrong, and what."""
    errors = [p for p in problem.problems if p.level == "error"]
    if not errors:
        return f"{problem.message}; {GOES_ON}"
    first = errors[0]
    rest = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{first.place or first.key}: {first.message}{rest}; {GOES_ON}"
