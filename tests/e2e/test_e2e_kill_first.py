"""kill -9 at random moments of first checks, which fit versions and profile references: nothing is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e_tools import drop_in, write_workspace
from kill_rounds import Stage, rounds


@pytest.mark.slow
def test_kills_of_first_checks_lose_and_double_nothing(tmp_path: Path) -> None:
    root = write_workspace(tmp_path / "ws")
    drop_in(root, "spread")
    rounds(Stage.of(root), 25, 2025)
