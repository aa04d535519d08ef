"""A paused model in the loop itself: its alert is there, its turn sets nothing off, and after the pause it does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from lifecycle_tui.agent import loop
from lifecycle_tui.domain.results import Alert
from lifecycle_tui.state import alerts, jobs, pauses
from lifecycle_tui.state import loop as memory
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace
from tests.actions.actions_room import NOW, T0, TRAINING, Room

RULE = '[models.shop.rules.worse]\nwhen = "mae > 3"\nthen = ["retrain"]\n'


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    room = Room(tmp_path_factory.mktemp("paused"))
    room.seed()
    room.declare(TRAINING + RULE)
    with room.state.write() as tx:
        alert = Alert("shop", "worse", "warning", "open", "2025-05", T0, "mae 4 > 3")
        alerts.store(tx, opened=[alert], now=T0)
    room.state.close()
    return room.root


@pytest.fixture
def state(seeded: Path, tmp_path: Path) -> Iterator[State]:
    shutil.copytree(seeded, tmp_path / "ws")
    with State.open(tmp_path / "ws") as found:
        yield found


def test_a_paused_model_is_watched_and_nothing_of_it_is_set_off(state: State) -> None:
    spec = open_workspace(state.root / "lifecycle.toml").spec
    with state.write() as tx:
        pauses.pause(tx, "shop", NOW + timedelta(days=2), "ana", "the schema moves", NOW)
        turned = loop.turn(tx, spec, NOW)
        assert turned.jobs == () and turned.said == () and turned.due == NOW + timedelta(days=2)
        said = memory.get(tx, "shop")
        assert said is not None and said.next == "paused by ana until 2025-06-12 00:00 UTC: the schema moves"
    with state.read() as conn:
        assert loop.preview(conn, spec, NOW, ["shop"]) == (f"shop: nothing, it is {said.next}",)
        later = NOW + timedelta(days=2)
        assert memory.due(conn, later) == {"shop"}, "the agent looks again when it ends"
    with state.write() as tx:
        turned = loop.turn(tx, spec, later)
        assert len(turned.jobs) == 1 and "rule worse" in turned.said[0]
        (job,) = jobs.jobs(tx, kind="retrain", live=True)
        assert job.created_by == loop.AGENT


def test_a_resumed_model_goes_on_at_once(state: State) -> None:
    spec = open_workspace(state.root / "lifecycle.toml").spec
    with state.write() as tx:
        pauses.pause(tx, "shop", None, "ana", None, NOW)
        assert loop.turn(tx, spec, NOW).jobs == ()
        pauses.resume(tx, "shop", NOW + timedelta(hours=1))
        assert len(loop.turn(tx, spec, NOW + timedelta(hours=1)).jobs) == 1
