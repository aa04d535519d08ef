"""Evaluations read a model's log: only what is new, whatever rotation does, and windows get its signals."""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui.agent.work import log_store
from lifecycle_tui.agent.work.log_store import LogStore
from lifecycle_tui.cli import check_report, check_text
from lifecycle_tui.domain.specs import LogSpec
from lifecycle_tui.state import jobs
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace
from tests.agent.conftest import LABELS, PREDICTIONS, SCORED, Space, scored_rows

HEAD = 'window = "1 week"\nlogs = { path = "logs/*.jsonl*", timestamp = "ts", latency = "ms", id = "request" }'
TOML = SCORED.replace('window = "1 week"', HEAD).replace(
    'version = "version"', 'version = "version"\nsegments = ["city"]'
)


def lines(rows: list[str], broken_from: int = 999) -> list[str]:
    """A line for each prediction: 1 % errors, from a day on 15 % of another kind."""
    rng = random.Random(4)
    out = []
    for row in rows:
        id_, ts, *_ = row.split(",")
        late = int(id_[1:4]) >= broken_from
        bad = rng.random() < (0.15 if late else 0.01)
        said = f"store refused user {rng.randint(1, 9999)}" if late else f"timeout after {rng.randint(1, 900)} ms"
        fields = {"ts": ts, "level": "ERROR" if bad else "INFO", "message": said if bad else "answered"}
        out.append(json.dumps({**fields, "ms": rng.lognormvariate(3, 0.5), "request": id_}))
    return out


@pytest.fixture
def logged(space: Space) -> Callable[..., list[str]]:
    """Writes the shop with a log; gives the log's lines."""

    def make(days: range = range(51), broken_from: int = 999) -> list[str]:
        space.write("lifecycle.toml", TOML)
        predictions, labels = scored_rows(days)
        space.write("scored/0.csv", "\n".join([PREDICTIONS, *predictions]) + "\n")
        space.write("labels/all.csv", "\n".join([LABELS, *labels]) + "\n")
        found = lines(predictions, broken_from)
        space.write("logs/a.jsonl", "\n".join(found) + "\n")
        return found

    return make


def logs(space: Space) -> dict[str, dict[str, Any]]:
    return {
        e.window.key[:10]: {n: s for n, s in e.signals.items() if n.startswith("log.")}
        for e in space.history(version="")
    }


def printed(space: Space, capsys: pytest.CaptureFixture[str]) -> str:
    """What `check` prints of the shop, from state."""
    workspace = open_workspace(space.root / "lifecycle.toml")
    with State.open(space.root) as state:
        with state.read() as conn:
            (last, *_) = jobs.jobs(conn, model="shop", kind="evaluate", limit=1)
        report = check_report.read(state, workspace, {"shop": last}, None, check_report.Acted())
    check_text.show(report, 8)
    return capsys.readouterr().out


@pytest.mark.slow
def test_windows_get_signals_of_the_log(
    space: Space, logged: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    logged(broken_from=44)
    space.run()
    found = logs(space)
    quiet, loud = found["2025-02-03"], found["2025-02-17"]
    assert not [s for s in quiet.values() if s.state == "drifted"]
    assert (quiet["log.lines"].value, quiet["log.bad_lines"].value) == (420, 0)
    assert loud["log.errors.share"].state == loud["log.patterns.new"].state == "drifted"
    assert loud["log.patterns.new"].detail["patterns"][0]["template"] == "store refused user <number>"
    assert 0 < loud["log.errors.share.city=Gent"].value < 0.4
    assert loud["log.latency.p95.city=Ulm"].detail["segment"] == {"column": "city", "value": "Ulm"}
    said = printed(space, capsys)
    assert "  log: 240 lines, errors " in said and "(reference 1." in said and "0 could not be read" not in said
    assert " new: " in said and "store refused user <number>" in said
    first = found["2025-01-27"]["log.lines"].value
    assert first == 3 * 60, "the lines of the days that belong to the reference are not the window's"


@pytest.mark.slow
def test_only_new_lines_are_read_and_late_ones_change_their_window(
    space: Space, logged: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = logged()
    cut = 30 * 60 + 900
    space.write("logs/a.jsonl", "\n".join(everything[:cut]) + "\n" + everything[cut][:25])
    space.run()
    before = logs(space)
    starts: list[int] = []
    real = log_store.read_lines

    def seen(path: Path, start: int, *rest: Any) -> Any:
        starts.append(start)
        return real(path, start, *rest)

    monkeypatch.setattr(log_store, "read_lines", seen)
    space.write("logs/a.jsonl", "\n".join(everything) + "\n")
    space.run()
    assert starts == [len("\n".join(everything[:cut]) + "\n")]
    after = logs(space)
    assert after["2025-02-03"] == before["2025-02-03"]
    assert before["2025-02-17"]["log.lines"].value == 0
    assert after["2025-02-17"]["log.lines"].value == 240
    windows = [(e.window.key, e.window.revision) for e in space.history(version="")]
    assert all(revision == 1 for _, revision in windows), "lines of logs are no revision of the data"

    again = Space(space.root / "again", space.clock)
    for name in ("lifecycle.toml", "scored/0.csv", "labels/all.csv", "logs/a.jsonl"):
        again.write(name, (space.root / name).read_text())
    again.run()
    assert logs(again) == after, "the same numbers as when all of it is read at once"


@pytest.mark.slow
def test_windows_measured_anew_keep_their_log(space: Space, logged: Callable[..., list[str]]) -> None:
    logged()
    space.clock.instant = datetime(2025, 2, 10, tzinfo=UTC)
    space.run()
    before = logs(space)["2025-02-03"]
    assert before["log.lines"].value == 420
    space.clock.instant = datetime(2025, 6, 1, tzinfo=UTC)
    space.run()  # its labels are in by now
    assert logs(space)["2025-02-03"] == before


def store(root: Path, name: str = "*.log") -> tuple[LogStore, LogSpec]:
    spec = LogSpec(str(root / "logs" / name))
    return LogStore.open(root, "shop", spec, "UTC"), spec


def count(root: Path) -> int:
    found, spec = store(root)
    found.take_in(spec, "UTC", None, lambda lines: None)
    again, _ = store(root)
    assert again.parts == found.parts and again.files == found.files
    return len(again.between(0, 2**62))


def entry(number: int) -> str:
    return json.dumps({"timestamp": 1_735_689_600 + number, "level": "info", "message": str(number)}) + "\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    (tmp_path / ".lifecycle").mkdir()
    return tmp_path


def test_rotation_loses_and_doubles_nothing(root: Path) -> None:
    file, old = root / "logs/app.log", root / "logs/app.1.log"
    file.write_text("".join(map(entry, range(50))))
    assert count(root) == 50
    assert count(root) == 50
    with file.open("a") as more:
        more.write("".join(map(entry, range(50, 60))))
    file.rename(old)
    file.write_text("".join(map(entry, range(60, 70))))
    assert count(root) == 70, "renamed: goes on where it was; the new one from its beginning"
    old.unlink()
    assert count(root) == 70, "what is gone was read"
    file.write_text("".join(map(entry, range(70, 75))))
    assert count(root) == 75, "cut short and written anew"


def test_a_stop_before_the_state_is_saved_loses_and_doubles_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = root / "logs/app.log"
    file.write_text("".join(map(entry, range(50))))
    assert count(root) == 50
    with file.open("a") as more:
        more.write("".join(map(entry, range(50, 60))))
    found, spec = store(root)
    with monkeypatch.context() as killed:
        killed.setattr(LogStore, "_save", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            found.take_in(spec, "UTC", None, lambda lines: None)
    assert count(root) == 60
    (place,) = (root / ".lifecycle/logs").iterdir()
    kept = {f"lines-{number}.arrow" for number, *_ in store(root)[0].parts}
    assert {file.name for file in place.glob("lines-*.arrow")} == kept, "what nobody names is tidied away"


def test_parts_are_merged_and_a_damaged_state_is_read_anew(root: Path) -> None:
    file = root / "logs/app.log"
    for i in range(20):
        with file.open("a") as more:
            more.write("".join(map(entry, range(10 * i, 10 * i + 10))))
        assert count(root) == 10 * i + 10
    found, _ = store(root)
    assert len(found.parts) <= 3
    (place,) = (root / ".lifecycle/logs").iterdir()
    (place / "state.json").write_text("{")
    assert count(root) == 200
    (root / "logs/none.log").mkdir()
    (root / "logs/app.log.gz").write_bytes(b"\x1f\x8b\n")
    assert count(root) == 200


def test_a_long_log_is_stored_in_parts(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_store, "MERGED", 100)
    monkeypatch.setattr("lifecycle_tui.data.logs.AT_ONCE", 30)
    (root / "logs/app.log").write_text("".join(map(entry, range(1000))))
    assert count(root) == 1000
    found, _ = store(root)
    assert len(found.parts) >= 8 and max(part[1] for part in found.parts) <= 200
    time = found.between(0, 2**62).time
    assert sorted(time.tolist()) == [(1_735_689_600 + i) * 1_000_000 for i in range(1000)]


def test_a_log_that_is_declared_in_another_way_is_read_again(root: Path) -> None:
    (root / "logs/app.log").write_text("".join(map(entry, range(10))))
    assert count(root) == 10
    spec = LogSpec(str(root / "logs/*.log"), errors=("info",))
    found = LogStore.open(root, "shop", spec, "UTC")
    assert not found.parts
    found.take_in(spec, "UTC", None, lambda lines: None)
    assert len(list((root / ".lifecycle/logs").iterdir())) == 1
    lines_ = found.between(0, 2**62)
    assert (lines_.state == 1).all()


@pytest.mark.slow
def test_without_the_miner_all_else_works(
    space: Space, logged: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    logged(days=range(40))
    monkeypatch.setitem(sys.modules, "drain3.drain", None)
    space.run()
    found = logs(space)["2025-02-03"]
    assert found["log.patterns.new"].state == "error"
    assert "lifecycle-tui[logs]" in found["log.patterns.new"].message
    assert found["log.errors.share"].state == "ok" and found["log.lines"].value == 420


@pytest.mark.slow
def test_a_log_that_is_not_there_is_said_and_stops_nothing(space: Space, logged: Callable[..., list[str]]) -> None:
    logged(days=range(40))
    (space.root / "logs/a.jsonl").unlink()
    space.run()
    assert logs(space)["2025-02-03"]["log.errors.share"].message == "no line"
