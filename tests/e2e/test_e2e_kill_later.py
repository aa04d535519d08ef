"""kill -9 at random moments of checks that find new, grown and relabelled windows: nothing is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e_tools import DAYS, SPLIT, Run, drop_in, write_data, write_workspace
from kill_rounds import Stage, rounds


@pytest.mark.slow
def test_kills_of_later_checks_lose_and_double_nothing(tmp_path: Path) -> None:
    root = write_workspace(tmp_path / "ws", until=SPLIT)
    drop_in(root, "spread")
    run = Run(root)
    run.check()
    run.until_quiet()
    write_data(root, DAYS)
    rounds(Stage.of(root), 75, 2026)
