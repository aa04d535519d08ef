"""A hundred rounds against agent, workers and two writers on a small disk, which now and then is really full."""

from __future__ import annotations

from pathlib import Path

import pytest
from agent_rounds import many, small_disk


@pytest.mark.slow
def test_hundred_rounds_on_a_small_disk_lose_double_and_hold_up_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    with small_disk(folder) as mounted:
        if not mounted:
            pytest.skip("mounting needs root; the rounds under limits make files too large to write everywhere")
        many(folder, 100, 2027)
