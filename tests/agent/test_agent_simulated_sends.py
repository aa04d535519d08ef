"""On a simulated clock notifications go out where it is the workspace's present, and not of a past lived through."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from loop_story import PRODUCTION, TURN, WEEK, Story

from lifecycle_tui.agent import simulated
from lifecycle_tui.state import clock, jobs, outbox
from lifecycle_tui.state.clock import Simulated
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace

NOTIFIED = """\
[notifiers.file]
use = "log"
"""


@pytest.mark.thorough
@pytest.mark.parametrize("present", [True, False])
def test_what_is_due_is_sent_at_its_instant(tmp_path: Path, present: bool) -> None:
    Story(tmp_path).write(NOTIFIED)
    spec = open_workspace(tmp_path / "lifecycle.toml").spec
    until = TURN + WEEK
    with State.open(tmp_path) as state:
        if present:
            with state.write() as tx:
                clock.put(tx, Simulated(PRODUCTION, until, 1.0))
        told: list[str] = []
        simulated.simulate(state, spec, PRODUCTION, until, lambda one: told.append(one.text))
        assert any("alert stale opened" in text for text in told)
        log = tmp_path / ".lifecycle" / "alerts.log"
        with state.read() as conn:
            waiting, notified = outbox.waiting(conn), jobs.jobs(conn, kind="notify")
        if present:
            assert waiting == () and [job.created_at for job in notified] == [until]
            assert [json.loads(line)["rule"] for line in log.read_text("utf-8").splitlines()] == ["stale"]
        else:
            assert len(waiting) == 1 and notified == () and not log.exists()
