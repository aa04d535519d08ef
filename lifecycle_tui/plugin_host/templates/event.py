"""Keeps a CSV of every change of the champion, for those who ask in a year what served when.

Events are told by the agent and by `lifecycle check --act`. Also there: `on_alert(event)` and `on_version(event)`.
"""

from __future__ import annotations

import csv
from pathlib import Path

from lifecycle_tui.api import RolloutEvent, hookimpl

FILE = Path("template.csv")  # in the workspace's folder
HEAD = ("id", "at", "model", "kind", "version", "previous", "by", "why")


@hookimpl
def on_rollout(event: RolloutEvent) -> None:
    row = [str(getattr(event, name) if getattr(event, name) is not None else "") for name in HEAD]
    known = []
    if FILE.exists():
        with FILE.open(encoding="utf-8", newline="") as before:
            known = [line[0] for line in csv.reader(before) if line]
    if row[0] in known:
        return  # after a kill an event is told again, with the same id
    with FILE.open("a", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([row] if known else [HEAD, row])
