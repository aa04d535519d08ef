"""Read-only: state is read, and nothing is written, made or started, whoever asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle_tui.agent import spawn
from lifecycle_tui.domain import read_only
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.state.database import State


def test_what_switches_it_on(monkeypatch: pytest.MonkeyPatch):
    for value, on in (("1", True), ("yes", True), ("", False), ("0", False), (" ", False)):
        assert read_only.on({read_only.VARIABLE: value}) is on
    assert not read_only.on({})
    monkeypatch.delenv(read_only.VARIABLE, raising=False)
    read_only.refuse()


def test_state_takes_no_write_and_is_not_made(
    state: State, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (root / "lifecycle.toml").write_text("")
    with state.write() as tx:
        tx.execute("INSERT INTO models (name) VALUES ('bikes')")
    assert spawn.wanted(root, {}) == "auto" and spawn.wanted(root, {read_only.VARIABLE: "1"}) is None
    monkeypatch.setenv(read_only.VARIABLE, "1")
    with pytest.raises(UsageError, match="read-only"), state.write() as tx:
        tx.execute("DELETE FROM models")
    with pytest.raises(UsageError, match="read-only"):
        State.open(tmp_path / "fresh")
    assert not (tmp_path / "fresh").exists()
    with State.view(root) as seen, seen.read() as conn:
        assert conn.execute("SELECT name FROM models").fetchall() == [("bikes",)]
