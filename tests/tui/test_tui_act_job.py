"""An action to its very end: in a real terminal, without an agent, its job outlives the program that asked for it."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from tui_pty import Terminal

from lifecycle_tui.state import audit, jobs
from lifecycle_tui.state.database import State

FILE = """\
[models.shop]
task = "regression"
[models.shop.data]
table = "shop.csv"
reference = { rows = 200 }
window = "200 rows"
[models.shop.columns]
target = "y"
[models.shop.training]
"""
ROWS = 1000


@pytest.mark.slow
def test_a_retraining_that_was_asked_for_ends_after_the_terminal_was_left(tmp_path: Path) -> None:
    rng = random.Random(1)
    rows = [(rng.gauss(0, 1), rng.gauss(0, 1)) for _ in range(ROWS)]
    told = "\n".join(f"{a:.4f},{b:.4f},{3 * a - b + rng.gauss(0, 0.1):.4f}" for a, b in rows)
    (tmp_path / "shop.csv").write_text(f"a,b,y\n{told}\n")
    (tmp_path / "lifecycle.toml").write_text(FILE)
    subprocess.run(
        [sys.executable, "-m", "lifecycle_tui", "check", "--act"], cwd=tmp_path, check=False, capture_output=True
    )
    env: dict[str, str | None] = {"LIFECYCLE_AGENT": "off", "LOGNAME": "ana", "SUDO_USER": None}
    with Terminal(tmp_path, env=env) as terminal:
        terminal.shows("shop")
        terminal.type("t")
        terminal.shows("lifecycle retrain shop")
        terminal.shows("Enter do it")
        terminal.type("\r")
        terminal.shows("asked for: job")
        terminal.type("\x11")
        assert terminal.ends() == 0 and terminal.left_on() == []
    with State.view(tmp_path) as state, state.read() as conn:
        (job,) = jobs.jobs(conn, model="shop", kind="retrain", limit=1)
        assert audit.entries(conn)[0].action == "retrain" and audit.entries(conn)[0].who == "ana"
    with Terminal(tmp_path, env=env) as terminal:
        terminal.shows("shop")
        with State.view(tmp_path) as state, state.read() as conn:
            terminal.until(lambda: jobs.job(conn, job.id).ended, "the job ends")  # type: ignore[union-attr]
            found = jobs.job(conn, job.id)
        assert found is not None and found.state == "done" and found.created_by == "ana", found
        terminal.type("q")
        assert terminal.ends() == 0
