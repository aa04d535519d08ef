"""A small workspace for the tests of actions: three versions, the second one challenger, the third only named."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lifecycle_tui.actions import base
from lifecycle_tui.actions.base import Ask, Done, Plan
from lifecycle_tui.actions.registry import ACTIONS
from lifecycle_tui.domain.results import Alert
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import NewVersion
from lifecycle_tui.state import alerts, audit, jobs, judgements, models
from lifecycle_tui.state.database import State
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.workspace import Workspace, open_workspace

T0 = datetime(2025, 6, 1, tzinfo=UTC)
NOW = T0 + timedelta(days=9)
FILE = """\
[workspace]
PICKLE
[models.shop]
task = "regression"
[models.shop.data]
table = "shop.csv"
reference = { rows = 100 }
window = "100 rows"
[models.shop.columns]
target = "y"
prediction = "p"
"""
TRAINING = "[models.shop.training]\n"
APPROVE = '[models.shop.rollout]\napprove = { by = ["ana", "raj"], not = "requester" }\n'
Change = Callable[["Room", Any], None]


class Room:
    """The workspace under test; `write(change)` changes its state."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = State.open(root)
        self._opened: dict[str, Workspace] = {}
        self.declare()

    def seed(self) -> None:
        store = Artifacts(self.root)
        with self.state.write() as tx:
            models.declare(tx, [models.Declared("shop", "regression")])
            for data in (b"one", b"two"):
                new = NewVersion("shop", "trained", artifact=store.put(data), format="skops")
                versions.register(tx, new, T0)
            versions.register(tx, NewVersion("shop", "named", name="prod"), T0)
            aliases.set_alias(tx, "shop", "champion", 1, "lifecycle", "first version", T0)
            aliases.set_alias(tx, "shop", "challenger", 2, "agent", None, T0)
            alert = Alert("shop", "mae-high", "critical", "open", "2025-05", T0, "mae 4 > 3")
            alerts.store(tx, opened=[alert], now=T0)

    def declare(self, more: str = TRAINING, *, pickle: bool = False) -> None:
        text = FILE.replace("PICKLE", f"pickle = {str(pickle).lower()}") + more
        (self.root / "lifecycle.toml").write_text(text)
        if text not in self._opened:
            self._opened[text] = open_workspace(self.root / "lifecycle.toml")
        self.workspace = self._opened[text]

    def plan(self, name: str, /, *, who: str = "ana", note: str | None = None, **values: Any) -> Plan:
        takes_a_model = any(p.name == "model" for p in ACTIONS[name].parameters)
        values = {"model": "shop", **values} if takes_a_model else values
        return base.plan(ACTIONS[name], self.state, Ask(values, who, None, note), self.workspace)

    def apply(self, plan: Plan, now: datetime = NOW) -> Done:
        return base.apply(self.state, plan, now, self.workspace)

    def judge(
        self, verdict: str, version: int = 2, champion: int | None = 1, text: str = "mae is better", at: datetime = T0
    ) -> None:
        with self.state.write() as tx:
            judgements.put(tx, Judgement("shop", version, champion, verdict, 400, text, at))  # type: ignore[arg-type]

    def champion(self, version: int, at: datetime = T0) -> None:
        with self.state.write() as tx:
            aliases.set_alias(tx, "shop", "champion", version, "agent", None, at)

    def enqueue(self, kind: str, **payload: Any) -> int:
        with self.state.write() as tx:
            return jobs.enqueue(tx, kind, "shop", payload, T0)

    def jobs(self) -> list[tuple[str, dict[str, Any]]]:
        with self.state.read() as conn:
            return [(j.kind, dict(j.payload)) for j in jobs.jobs(conn)]

    def audit(self) -> list[tuple[str, str, str]]:
        with self.state.read() as conn:
            assert audit.verify(conn).ok
            return [(row.action, row.who, row.subject) for row in audit.entries(conn)]

    def dump(self) -> list[str]:
        """Everything that is stored, to see that nothing was written."""
        with self.state.read() as conn:
            return [line for line in conn.iterdump() if 'INTO "meta"' not in line]
