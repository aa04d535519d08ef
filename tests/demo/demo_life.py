"""The demo lived through in a test: the real loop and its workers on a simulated clock, and what it did, from state."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from lifecycle_tui import demo
from lifecycle_tui.agent.simulated import simulate
from lifecycle_tui.registry import aliases
from lifecycle_tui.state import clock, timeline
from lifecycle_tui.state.clock import Simulated
from lifecycle_tui.state.database import State
from lifecycle_tui.state.text import instant
from lifecycle_tui.workspace import open_workspace


@dataclass(frozen=True)
class Life:
    """A demo's workspace."""

    root: Path

    @classmethod
    def begin(cls, root: Path, seed: int = demo.SEED) -> Life:
        demo.write(root, seed)
        with State.open(root) as state, state.write() as tx:
            clock.put(tx, Simulated(demo.START, demo.END, demo.DAY_SECONDS))
        return cls(root)

    def live(self, until: datetime) -> Life:
        """Let the loop go on from where the clock stands."""
        spec = open_workspace(self.root / "lifecycle.toml").spec
        with State.open(self.root) as state:
            with state.read() as conn:
                start = clock.now(conn)
            simulate(state, spec, start, until, lambda told: None)
        return self

    def history(self) -> list[tuple[str, ...]]:
        """All that happened, without what real time decides: how long jobs took, and who was first at one instant."""
        with State.view(self.root) as state, state.read() as conn:
            entries = timeline.timeline(conn, None, None, limit=1_000_000)
        return sorted(
            tuple(
                re.sub(r"\((job|alert) \d+\)|after [\d.]+ s", "", str(x))
                for x in (e.at, e.model, e.kind, e.what, e.subject, e.text, e.by)
            )
            for e in entries
        )

    def happened(self, model: str, since: datetime = demo.START, until: datetime = demo.END) -> set[str]:
        """What happened to a model: "drift", "training", "promotion", "rollback", "refusal", "alert RULE"."""
        found = set()
        span = (model, instant(since), instant(until))
        with State.view(self.root) as state, state.read() as conn:
            moves = conn.execute(
                "SELECT version, previous FROM alias_history WHERE model = ? AND at > ? AND at <= ? AND alias = ? "
                "AND previous IS NOT NULL AND version IS NOT NULL AND by = 'agent'",
                (*span, aliases.CHAMPION),
            ).fetchall()
            found |= {"promotion" if version > previous else "rollback" for version, previous in moves}
            for what, sql in {
                "training": "SELECT 1 FROM jobs WHERE model = ? AND finished_at > ? AND finished_at <= ? "
                "AND kind = 'retrain' AND state = 'done'",
                "refusal": "SELECT 1 FROM judgements WHERE model = ? AND at > ? AND at <= ? AND verdict = 'failed'",
                "drift": "SELECT 1 FROM windows w JOIN signals s ON s.window_id = w.id WHERE w.model = ? "
                "AND w.as_of > ? AND w.as_of <= ? AND w.version = '' AND s.name = 'drift.count' AND s.value > 0",
            }.items():
                found |= {what} if conn.execute(sql, span).fetchone() else set()
            opened = conn.execute("SELECT rule FROM alerts WHERE model = ? AND opened_at > ? AND opened_at <= ?", span)
            return found | {f"alert {rule}" for (rule,) in opened.fetchall()}
