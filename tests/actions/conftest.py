"""A seeded workspace, made once and copied for every test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from actions_room import Room


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("seeded")
    room = Room(root)
    room.seed()
    room.state.close()
    return root


@pytest.fixture
def room(seeded: Path, tmp_path: Path) -> Iterator[Room]:
    shutil.copytree(seeded, tmp_path / "ws")
    found = Room(tmp_path / "ws")
    yield found
    found.state.close()
