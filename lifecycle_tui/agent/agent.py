"""The agent: the one process that runs the loop for a workspace, until it is stopped (DESIGN §3.1, §8).

    lease (`standby`) → rounds (`rounds`): supervise jobs, follow the file, enqueue what is due, turn the loop

It does no work itself: what it decides becomes jobs, which worker processes do and which go on without it. Each of its
transactions checks the lease's number first, so an agent that was stopped and has been replaced never acts again.
Started by `lifecycle agent`, by a person or, detached, by the terminal (`spawn`).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from lifecycle_tui.agent import accepted, loop, standby
from lifecycle_tui.agent.accepted import Watched
from lifecycle_tui.agent.editors import refresh_schemas
from lifecycle_tui.agent.narrate import Narrator
from lifecycle_tui.agent.pulse import Pulse
from lifecycle_tui.agent.rounds import TICK, Duty, Rounds, Turn
from lifecycle_tui.agent.standby import AgentLock
from lifecycle_tui.agent.workers.supervisor import Supervisor
from lifecycle_tui.domain.clock import Clock, SystemClock
from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.state import jobs, lease
from lifecycle_tui.state.database import State

PATIENCE = 1.0
"""Seconds that a transaction of the agent waits for its turn; then it is the next round's."""

TRIES = 5
"""So many transactions are tried at the end, each of PATIENCE."""

WARM = 30.0
"""Seconds that a worker waits for further jobs."""

Mode = Literal["auto", "stay"]


class Agent:
    """The agent of the workspace of `file`.

    Args:
        mode: "stay", or "auto": it ends when nobody looks and nothing is under way, and does not stand by.
        say: hears what it does, a line each.
        turn: a turn of the loop.
        clock: the machine's.

    Raises:
        ConfigError: if the file has errors, and no agent has accepted it before.
    """

    def __init__(
        self, file: Path, *, mode: Mode = "stay", plugins: bool = True, say: Callable[[str], None] = lambda text: None,
        turn: Turn = loop.turn, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self._watched = Watched(file, plugins=plugins, fall_back=True)
        self._plugins, self._mode, self._say, self._turn = plugins, mode, say, turn
        self._clock = clock or SystemClock()
        self._ended = threading.Event()

    def stop(self) -> None:
        """Let it end in good order; from any thread (a signal is heard by `told`)."""
        self._ended.set()

    def run(self) -> bool:
        """Wait for the lease, then act until stopped. False if another agent runs and this one does not stand by.

        Raises:
            LeaseLost: if another agent has taken over.
            StateError: if the state cannot be opened.
        """
        spec = self._watched.workspace.spec
        with State.open(spec.root, patience=PATIENCE) as state:
            lock = AgentLock(spec.root)
            try:
                number = standby.wait(state, lock, self._mode, self._ended, self._say, patient=self._mode == "stay")
                if number is None:
                    return self._ended.is_set()
                self._watched.look()
                with Pulse(state, number) as pulse:
                    self._serve(Duty(state, number, pulse, lock))
                return True
            finally:
                lock.free()

    def _serve(self, duty: Duty) -> None:
        state = duty.state
        spec = self._watched.workspace.spec
        supervisor = Supervisor(
            state, spec.file, size=spec.jobs, plugins=self._plugins, idle=WARM, say=self._say, clock=self._clock
        )
        with state.read() as conn:
            narrator = Narrator(conn)
        self._say(f"agent {duty.number} runs {spec.root} ({self._mode})")
        rounds = Rounds(self._watched, supervisor, narrator, duty, self._say, self._turn, self._clock)
        self._accept(rounds)
        refresh_schemas(self._watched.workspace)
        while not self._ended.wait(TICK):
            rounds.round()
            if self._mode == "auto" and rounds.idle():
                self._say("nobody looks and nothing is under way: the agent ends")
                break
        supervisor.leave()
        rounds.tell()
        self._give_back(duty)

    def _give_back(self, duty: Duty) -> None:
        """Give the lease back. Where another program writes for long, who comes next sees that this one has died."""
        for _ in range(TRIES):
            with contextlib.suppress(StateError), duty.state.write() as tx:
                live = jobs.live(tx)
                lease.release(tx, duty.number)
                self._say("the agent has ended" + (f"; {live} jobs go on" if live else ""))
                return
        self._say("the agent has ended; state takes no write now")

    def _accept(self, rounds: Rounds) -> None:
        """Have the file as it is now count; what changed in it while no agent ran is written down."""
        texts = accepted.texts_of(self._watched.workspace.spec)
        if texts is not None:
            with contextlib.suppress(StateError):  # said by the first round, which tries the same
                rounds.accept(texts)
