"""kill -9 at random moments of checks that find new, grown and relabelled windows: nothing is lost or doubled.

In two rounds of three only one model has new data: the other one would cost half of the check, and must stay as it was.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from e2e_tools import DAYS, SPLIT, Run, drop_in, write_data, write_workspace
from kill_rounds import Stage, rounds


@pytest.mark.slow
def test_kills_of_later_checks_lose_and_double_nothing(tmp_path: Path) -> None:
    root, checked, rides = tmp_path / "ws", tmp_path / "checked", tmp_path / "rides.csv"
    drop_in(write_workspace(root, until=SPLIT), "spread")
    run = Run(root)
    run.check()
    run.until_quiet()
    shutil.copytree(root, checked)
    shutil.copy2(root / "rides.csv", rides)
    write_data(root, DAYS)
    rounds(Stage.of(root), 25, 2026)
    shutil.rmtree(root)
    shutil.copytree(checked, root)
    write_data(root, DAYS)
    shutil.copy2(rides, root / "rides.csv")
    rounds(Stage.of(root), 50, 2027)
