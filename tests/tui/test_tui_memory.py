"""What is remembered between two starts: it comes back, whole or not at all, and nothing in its file can do harm."""

from __future__ import annotations

import json
import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle_tui.tui import memory
from lifecycle_tui.tui.memory import NOTHING, Remembered, Spot

DRIFT = Remembered(
    Spot(
        "model",
        model="churn[prod]",
        pane="drift",
        key="2026-03-30",
        filter="amount !hour",
        rows={"windows": "2026-03"},
        focus="windows",
    ),
    {"fleet": {"sort": "owner", "reverse": "1"}, "model.drift": {"view": "quantiles"}},
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "lifecycle-tui"


def test_what_was_stored_comes_back(tmp_path: Path, home: Path) -> None:
    root = tmp_path / "shop [1]"
    root.mkdir()
    assert memory.load(root) == NOTHING
    assert memory.store(root, DRIFT) == ""
    assert memory.load(root) == DRIFT
    assert list(root.iterdir()) == [], "never in the workspace"
    (file,) = home.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(home.stat().st_mode) == 0o700
    assert file.name.startswith("shop--1-")


def test_each_workspace_has_its_own_and_a_link_to_it_is_the_same(tmp_path: Path) -> None:
    one, other, link = tmp_path / "a" / "shop", tmp_path / "b" / "shop", tmp_path / "link"
    one.mkdir(parents=True)
    other.mkdir(parents=True)
    link.symlink_to(one)
    memory.store(one, DRIFT)
    assert memory.load(other) == NOTHING
    assert memory.load(link) == DRIFT


text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.builds(Spot, st.sampled_from(["fleet", "model"]), st.none() | text, st.none() | text,
              st.none() | st.integers(1, 9), st.none() | text, text),
    st.dictionaries(st.text("abc.", min_size=1, max_size=9), st.dictionaries(text, text, max_size=3), max_size=3),
)  # fmt: skip
def test_any_place_comes_back_or_what_of_it_can_be_kept(
    tmp_path: Path, spot: Spot, kept: dict[str, dict[str, str]]
) -> None:
    assert memory.store(tmp_path, Remembered(spot, kept)) == ""
    found = memory.load(tmp_path)
    for name in Spot.__slots__:
        was, now = getattr(spot, name) or "", getattr(found.spot, name) or ""
        assert now == was or ((not was or not was.isprintable()) and now == "")
    for name, values in found.settings.items():
        assert values.items() <= kept[name].items()


@pytest.mark.parametrize(
    "text",
    [
        b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b"\x00" * 100, b"[" * 100_000, b'{"format": 2}',
        b" " * (memory.LARGEST + 1), b'{"format": 1, "place": {"screen": "jobs"}}', b'{"format": 1, "root": 3}',
    ],
)  # fmt: skip
def test_garbage_is_as_nothing(tmp_path: Path, text: bytes) -> None:
    path = memory.path_of(tmp_path)
    assert path is not None
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    assert memory.load(tmp_path) == NOTHING
    assert memory.store(tmp_path, DRIFT) == "" and memory.load(tmp_path) == DRIFT


@pytest.mark.parametrize(
    "place",
    [None, [], "fleet", {"rows": ["x"]},
     {"rows": {"x": 3, "y": "\n"}}, {"screen": 7}, {"screen": "model", "model": ["x"]}, {"screen": "x" * 501},
     {"job": True}, {"key": "a\x1b[2J"}, {"filter": {"a": 1}}, {"job": "7"}],
)  # fmt: skip
def test_values_of_a_wrong_kind_are_left_out(tmp_path: Path, place: object) -> None:
    path = memory.path_of(tmp_path)
    assert path is not None
    path.parent.mkdir(parents=True)
    whole = {"format": 1, "root": str(tmp_path), "place": place, "settings": {"fleet": {"sort": 3, "x": "y"}, "b": []}}
    path.write_text(json.dumps(whole), encoding="utf-8")
    found = memory.load(tmp_path)
    assert found.spot in (Spot(), Spot("model"))
    assert found.settings == {"fleet": {"x": "y"}}


def test_it_stays_small(tmp_path: Path) -> None:
    path = memory.path_of(tmp_path)
    assert path is not None
    many = {f"p{n}": {f"k{m}": "ü" * 400 for m in range(100)} for n in range(300)}
    assert "bytes" in memory.store(tmp_path, Remembered(Spot("jobs"), many)) and not path.exists()
    few = {f"p{n}": {"k": "v"} for n in range(300)}
    assert memory.store(tmp_path, Remembered(Spot("jobs"), few)) == ""
    assert path.stat().st_size <= memory.LARGEST and len(memory.load(tmp_path).settings) == memory.PARTS


def test_a_folder_that_cannot_be_written_is_said_and_stops_nothing(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.parent.mkdir()
    home.write_text("a file in its place", encoding="utf-8")
    assert str(home) in memory.store(tmp_path, DRIFT)
    assert memory.load(tmp_path) == NOTHING and memory.hints_seen() == frozenset()
    assert memory.add_hints_seen({"fleet"}) != ""
    with pytest.raises(OSError):
        memory.write_text("x", "y")
    monkeypatch.setenv("XDG_STATE_HOME", "not/absolute")
    monkeypatch.setenv("HOME", "nor/this")
    assert memory.folder() is None and "home" in memory.store(tmp_path, DRIFT)


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    path = memory.path_of(tmp_path)
    assert path is not None
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert memory.load(tmp_path) == NOTHING


def test_two_terminals_at_once_leave_one_of_both_whole(tmp_path: Path, home: Path) -> None:
    sides = [Remembered(Spot("model", model=name * 100, pane="drift"), {name: {"k": name * 400}}) for name in "ab"]
    wrong: list[Remembered] = []
    memory.store(tmp_path, sides[0])

    def write(side: Remembered) -> None:
        for _ in range(60):
            memory.store(tmp_path, side)
            if (found := memory.load(tmp_path)) not in sides:
                wrong.append(found)

    threads = [threading.Thread(target=write, args=(side,)) for side in sides]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and memory.load(tmp_path) in sides
    assert len(list(home.iterdir())) == 1, "nothing is left beside it"


def test_workspaces_that_were_left_long_ago_are_forgotten(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "WORKSPACES", 3)
    memory.add_hints_seen({"fleet"})
    for n in range(5):
        memory.store(tmp_path / f"w{n}", DRIFT)
        path = memory.path_of(tmp_path / f"w{n}")
        assert path is not None
        os.utime(path, (1000 + n, 1000 + n))
    kept = [n for n in range(5) if memory.load(tmp_path / f"w{n}") == DRIFT]
    assert len(kept) == 3 and 4 in kept and memory.hints_seen() == {"fleet"}


def test_hints_are_added_to_what_another_terminal_has_added(tmp_path: Path) -> None:
    assert memory.add_hints_seen({"fleet"}) == "" and memory.add_hints_seen({"model.drift"}) == ""
    assert memory.hints_seen() == {"fleet", "model.drift"}
