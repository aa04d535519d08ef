"""The terminal opens beside a `lifecycle.toml` that is wrong, and walks over its screens."""

from __future__ import annotations

import pytest
from tui_screen import SMALL, app_on, lines

from lifecycle_tui.state.database import State

BROKEN = (b"[models.m\ntask = ", b"\xff\xfe", b'models = ["a"]\nworkspace = 3\n', b'include = ["nowhere/*"]\n')


@pytest.mark.thorough
@pytest.mark.parametrize("data", BROKEN)
async def test_the_terminal_opens_beside_a_broken_file(fleet: State, data: bytes) -> None:
    (fleet.root / "lifecycle.toml").write_bytes(data)
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        assert "card-fraud" in "\n".join(lines(pilot))
        for key in ("enter", "6", "escape", "W", "P", "A", "F"):
            await pilot.press(key)
            assert pilot.app._exception is None, key
            assert any(line.strip() for line in lines(pilot)), key
