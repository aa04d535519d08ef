"""A hundred rounds against agent, workers and two writers: nothing lost, doubled or stuck, and never two agents act.

A full disk is a limit on the size of files here. Another hundred on a disk that is full: test_e2e_agent_kill_disk.py; a
file of its own runs beside this one.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from agent_rounds import many, rounds


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Where the workspaces go."""
    folder = tmp_path / "disk"
    folder.mkdir()
    return folder


@pytest.mark.slow
def test_a_few_rounds_lose_double_and_hold_up_nothing(disk: Path) -> None:
    kills, failures = rounds(disk, 4, 7, ["kill all", "disk", "kill worker", "pause agent"])
    assert failures == [] and kills.total() >= 3


@pytest.mark.slow
def test_hundred_rounds_lose_double_and_hold_up_nothing(disk: Path) -> None:
    many(disk, 100, 2026)
