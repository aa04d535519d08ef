"""Any key, anywhere, at any size, while state moves: nothing breaks, and nothing is done without a yes."""

from __future__ import annotations

from pathlib import Path

import pytest
import seed_walk
from tui_screen import SMALL, app_on
from tui_walk import Walk

from lifecycle_tui.state.database import State

SCREENS = {"FleetScreen", "ModelScreen", "ActScreen", "JobsScreen", "HistoryScreen", "AlertsScreen", "PluginsScreen",
           "WorkspaceScreen", "PaletteScreen", "HelpScreen", "ActionsScreen"}  # fmt: skip
DONE = "SELECT (SELECT count(*) FROM audit), (SELECT count(*) FROM versions), (SELECT count(*) FROM aliases)"


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("walk") / "shop"
    root.mkdir()
    seed_walk.seed(root)
    return root


async def walk(root: Path, seed: int, keys: int, *, confirms: bool = False, ahead: int = 1) -> set[str]:
    """Press so many keys on a copy; the screens that were seen."""
    with State.open(root) as state:
        before = done(state)
        async with app_on(state).run_test(size=SMALL) as pilot:
            walk = Walk(pilot, seed, confirms=confirms, ahead=ahead)
            await walk.go(keys, seed_walk.Changes(state))
        if not confirms:
            assert done(state) == before, f"something was done without a yes: {walk.pressed}"
    return walk.seen


def done(state: State) -> tuple[int, ...]:
    with state.read() as conn:
        return tuple(conn.execute(DONE).fetchone())


async def test_no_key_breaks_it(walked: Path, tmp_path: Path) -> None:
    assert len(await walk(seed_walk.copy(walked, tmp_path / "shop"), 2, 60)) > 1


async def test_keys_typed_ahead_in_one_burst(walked: Path, tmp_path: Path) -> None:
    await walk(seed_walk.copy(walked, tmp_path / "shop"), 3, 200, ahead=20)


@pytest.mark.slow
@pytest.mark.parametrize("confirms", [False, True], ids=["never-yes", "yes"])
async def test_three_thousand_keys(walked: Path, tmp_path: Path, confirms: bool) -> None:
    seen: set[str] = set()
    for seed in range(10):
        root = seed_walk.copy(walked, tmp_path / f"shop-{seed}")
        seen |= await walk(root, 100 + seed, 300, confirms=confirms, ahead=1 if seed % 2 else 8)
    assert seen >= SCREENS
