"""Which plugins failed and which worked in one job: the last error of each goes to `plugin_faults` when it ends.

Held by the job's context, told by its `Runner` after each call, stored by `kinds.perform`.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from lifecycle_tui.domain.errors import PluginFault
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.plugin_host.secrets import hidden
from lifecycle_tui.state import plugin_faults


class Ledger:
    """Faults and successes by plugin. One that failed once in a job has failed, whatever its other calls did."""

    def __init__(self) -> None:
        self._faults: dict[tuple[str, str], tuple[PluginInfo, PluginFault]] = {}
        self._worked: set[tuple[str, str]] = set()

    def __bool__(self) -> bool:
        return bool(self._faults or self._worked)

    def note(self, info: PluginInfo, fault: PluginFault | None) -> None:
        """A call of the plugin has ended, with this fault or with none."""
        if fault is None:
            self._worked.add((info.kind, info.name))
        else:
            self._faults[info.kind, info.name] = (info, fault)

    def store(self, tx: sqlite3.Connection, model: str | None, job_id: int | None, now: datetime) -> None:
        """Write it down: `now` is of the machine's clock, as the times of the plugins' files are."""
        for (kind, name), (info, fault) in self._faults.items():
            file, line = (fault.file, fault.line) if fault.file else (info.file, info.line)
            plugin_faults.note(
                tx, kind, name, fault.kind, hidden(fault.message), now, file=file, line=line, model=model, job_id=job_id
            )
        for kind, name in sorted(self._worked - set(self._faults)):
            plugin_faults.clear(tx, kind, name, now)
