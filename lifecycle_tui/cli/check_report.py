"""What `check` shows, read back from state once and handed to the three printers as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle_tui.state import alerts, models, outbox, windows
from lifecycle_tui.state.alerts import AlertRow
from lifecycle_tui.state.jobs import Job
from lifecycle_tui.state.models import FleetRow
from lifecycle_tui.state.windows import WindowSignals

if TYPE_CHECKING:
    from lifecycle_tui.domain.signals import Signal
    from lifecycle_tui.domain.specs import ModelSpec
    from lifecycle_tui.plugin_host.info import PluginInfo
    from lifecycle_tui.state.database import State
    from lifecycle_tui.workspace import Workspace

RECENT = 60
"""Windows read for a model; the printers show fewer."""


@dataclass(frozen=True)
class ModelReport:
    """One model.

    Attributes:
        job: how its evaluation ended, with the rules' outcomes and what was done.
        history: recent windows in window order; several entries a window where several versions scored.
        champion: label of the champion as windows name it.
    """

    spec: ModelSpec
    row: FleetRow
    job: Job
    history: tuple[WindowSignals, ...]
    alerts: tuple[AlertRow, ...]
    champion: str

    @property
    def failed(self) -> bool:
        """Whether it could not be evaluated."""
        return self.job.state != "done"

    @property
    def problems(self) -> list[str]:
        """Rules that read what this model does not have."""
        return list(self.job.outcome.get("problems", ()))

    @property
    def newest(self) -> dict[str, Signal]:
        """All signals of the newest window; the champion's metrics where several versions scored."""
        shared = [e for e in self.history if e.window.version == ""]
        if not shared:
            return {}
        found = dict(shared[-1].signals)
        for entry in self.history:
            if entry.window.key == shared[-1].window.key and entry.window.version == self.champion:
                found.update(entry.signals)
        return found

    @property
    def scored(self) -> dict[str, WindowSignals]:
        """For each window the result whose metrics are shown: the champion's, else of the version that scored it."""
        by_key: dict[str, list[WindowSignals]] = {}
        for entry in self.history:
            by_key.setdefault(entry.window.key, []).append(entry)
        return {key: windows.scored_by(by_key[key], self.champion) for key in sorted(by_key)}

    @property
    def baseline(self) -> dict[str, dict[str, Any]]:
        """Metrics on the reference, by name."""
        return {row["name"]: row for row in self.job.outcome.get("reference", ())}


@dataclass(frozen=True, slots=True)
class Acted:
    """What followed from the decisions.

    Attributes:
        would: what a check without --act would set off.
        did: what was set off, and `jobs`, what came of it.
        agent: an agent runs, and does it.
    """

    would: tuple[str, ...] = ()
    did: tuple[str, ...] = ()
    jobs: tuple[Job, ...] = ()
    agent: bool = False

    @property
    def failed(self) -> tuple[Job, ...]:
        """Jobs that did not come to their end."""
        return tuple(job for job in self.jobs if job.state == "failed")


@dataclass(frozen=True)
class Report:
    """The whole check: models worst first, broken plugins, what waits in the outbox, and what was done."""

    models: tuple[ModelReport, ...]
    plugins: tuple[PluginInfo, ...]
    waiting: Mapping[str, int]
    sent: Job | None
    root: str
    acted: Acted

    @property
    def exit_code(self) -> int:
        """DESIGN §9: 3 something broke, 2 a rule reads what is not there, 1 a rule is firing, else 0."""
        unsent = self.sent is not None and self.sent.outcome.get("failed")
        if any(m.failed for m in self.models) or unsent or self.acted.failed:
            return 3
        if any(m.problems for m in self.models):
            return 2
        return 1 if any(m.alerts for m in self.models) else 0


def read(state: State, workspace: Workspace, done: Mapping[str, Job], sent: Job | None, acted: Acted) -> Report:
    """Everything about the models that were checked."""
    with state.read() as conn:
        rows = {row.name: row for row in models.fleet(conn)}
        found = [_model(conn, workspace.spec.model(name), rows[name], job) for name, job in done.items()]
        waiting: dict[str, int] = {}
        for notification in outbox.waiting(conn):
            waiting[notification.notifier] = waiting.get(notification.notifier, 0) + 1
    order = list(rows)
    found.sort(key=lambda m: order.index(m.spec.name))
    broken = tuple(info for info in workspace.plugins.rows if info.fault is not None)
    return Report(tuple(found), broken, waiting, sent, str(workspace.spec.root), acted)


def _model(conn: Any, spec: ModelSpec, row: FleetRow, job: Job) -> ModelReport:
    from lifecycle_tui.registry import aliases

    champion = aliases.champion(conn, spec.name)
    history = windows.history(conn, spec.name, None, RECENT)
    live = alerts.open_alerts(conn, spec.name)
    label = champion.label if champion else ""
    return ModelReport(spec, row, job, history, live, label)
