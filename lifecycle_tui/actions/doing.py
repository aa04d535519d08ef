"""Carries an action out for whoever asks: opens what it needs, plans, applies, and sees to the job that does the rest.

    with Doer(root) as doer:                      # any thread; imports nothing heavy
        found = doer.plan(ACTIONS["retrain"], {"model": "bikes"})
        done = doer.apply(found)                  # its job runs in a worker, which outlives this process

Called by the commands and by the terminal, so that both refuse the same things with the same words.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from lifecycle_tui.actions import base
from lifecycle_tui.actions.base import Action, Ask, Done, Plan
from lifecycle_tui.domain import read_only
from lifecycle_tui.domain.clock import SystemClock
from lifecycle_tui.domain.errors import ConfigError, UsageError
from lifecycle_tui.domain.folder import FILE
from lifecycle_tui.state import audit, clock, folder, jobs, lease
from lifecycle_tui.state.database import State

if TYPE_CHECKING:
    from lifecycle_tui.workspace import Workspace


class Doer:
    """Plans and applies actions on one workspace.

    Args:
        root: the workspace's folder.
        file: its `lifecycle.toml`, where that is another one.
        look: never write: plans alone.

    Attributes:
        problem: why what the agent last accepted counts, and not the file on disk, or that the agent works in another
            environment; None where there is nothing to say.
    """

    def __init__(self, root: Path, file: Path | None = None, *, look: bool = False) -> None:
        self._root, self._file, self._look = root, file or root / FILE, look
        self._workspace: Workspace | None = None
        self._older: Workspace | None = None
        self._wrong: ConfigError | None = None
        self._state: State | None = None
        self.problem: str | None = None

    def __enter__(self) -> Doer:
        return self

    def __exit__(self, kind: type | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        if self._state is not None:
            self._state.close()

    @property
    def state(self) -> State:
        """The workspace's state, opened for writing unless this one only looks."""
        if self._state is None:
            self._state = State.view(self._root) if self._look or read_only.on() else State.open(self._root)
        return self._state

    def workspace(self, action: Action) -> Workspace | None:
        """The workspace, where the action needs the file.

        Raises:
            ConfigError: the file has errors, and the action is none that must be done all the same.
            UsageError: the agent works in another environment.
        """
        if not action.file:
            return None
        if self._workspace is not None:
            return self._workspace
        if action.urgent:
            # What the agent last accepted, if it comes to that, is nothing for what is not urgent.
            if self._older is None:
                self._older = self._opened(urgent=True)
                if self.problem is None and self._elsewhere() is None:
                    self._workspace = self._older
            return self._older
        if self._wrong is not None:
            raise self._wrong
        try:
            self._workspace = self._opened(urgent=False)
        except ConfigError as exc:
            self._wrong = exc
            raise
        return self._workspace

    def _elsewhere(self) -> str | None:
        """That the agent works in another environment: it would carry out by other declarations what was planned."""
        if not folder.database(self._root).exists():
            return None
        with self.state.read() as conn:
            return lease.elsewhere(conn)

    def _opened(self, *, urgent: bool) -> Workspace:
        from lifecycle_tui.workspace import open_workspace

        other = self._elsewhere()
        if not urgent:
            if other is not None:
                raise UsageError(other, hint="give `--env` as the agent has it, or stop the agent first")
            return open_workspace(self._file)
        if other is not None and self._file in (given := folder.accepted(self._root.absolute())):
            self.problem = other
            return open_workspace(self._file, given=given)
        from lifecycle_tui.agent.accepted import Watched

        watched = Watched(self._file, fall_back=True)
        if watched.problem is not None:
            self.problem = watched.problem.message
        return watched.workspace

    def locked(self) -> str | None:
        """Why whoever runs this may look and do nothing; None for who may write to the workspace's state."""
        if read_only.on():
            return read_only.WHY
        path = folder.database(self._root)
        for place in (path, path.parent):
            # Beside the file SQLite makes two more.
            if place.exists() and not os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
                return f"{audit.person()[0]} may only look here: no write access to {place}"
        return None

    def plan(self, action: Action, values: Mapping[str, Any], note: str | None = None) -> Plan:
        """What the action would do, or why it would not.

        Raises:
            LifecycleError: the file or the state cannot be read.
        """
        who, behind = audit.person()
        ask = Ask(values, who, behind, note)
        if self._alone(action):
            return base.plan_alone(action, ask)
        return base.plan(action, self.state, ask, self.workspace(action))

    def apply(self, found: Plan) -> Done:
        """Do it, recorded at the loop's clock.

        Raises:
            LifecycleError: it was refused, what it rests on has moved, or state takes no write.
        """
        if self._alone(found.action):
            return base.apply_alone(found)
        with self.state.read() as conn:
            now = clock.now(conn)
        return base.apply(self.state, found, now, self.workspace(found.action))

    def _alone(self, action: Action) -> bool:
        """Whether there is no state yet, and the action can do without."""
        return action.alone is not None and self._state is None and not folder.database(self._root).exists()

    def adopt(self) -> None:
        """Where no agent does: see to jobs that nobody has in hand, which would stand in everybody's way for ever."""
        if read_only.on():
            return
        with self.state.read() as conn:
            left = [job.id for job in jobs.lost(conn, SystemClock().now())] + [id_ for id_, _ in jobs.queued(conn)]
        if left:
            self.hand_over(left)

    def hand_over(self, ids: list[int]) -> None:
        """Start workers for these jobs, which outlive this process, unless an agent will."""
        with self.state.read() as conn:
            if lease.held(lease.read(conn)):
                return
        from lifecycle_tui.agent.workers.supervisor import Supervisor

        counts = self._workspace or self._older
        size = None if counts is None else counts.spec.jobs
        supervisor = Supervisor(self.state, self._file, size=size)
        supervisor.look()
        supervisor.start(ids)
