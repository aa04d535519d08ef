"""What is wrong with file, disk, agent and state is said on every screen in one line: the worst, how many others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import seed_jobs
from tui_screen import SMALL, app_on, lines, text, until
from tui_seed import NOW

from lifecycle_tui.agent import spawn
from lifecycle_tui.state import lease, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.tui import banners
from lifecycle_tui.tui.banners import Looked, Wrong, told
from lifecycle_tui.tui.text import width
from lifecycle_tui.tui.widgets.banner import line

NOTE = (
    'lifecycle.toml:42:5: unknown key "treshold" [b]\x1b[2J (and 2 more); '
    "the agent goes on with the file as it was before"
)


async def test_the_banner_says_where_on_every_screen_and_goes(fleet: State) -> None:
    with fleet.write() as tx:
        number = lease.take(tx, processes.this(), "stay", NOW)
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "agent on" in text(pilot), "the agent")
        plain = lines(pilot)
        with fleet.write() as tx:
            lease.put_note(tx, number, NOTE)
        await until(pilot, lambda: "lifecycle.toml:42:5" in text(pilot), "the banner")
        assert lines(pilot)[1].startswith(' ✗ lifecycle.toml:42:5: unknown key "treshold" [b]\\x1b[2J (and 2 more)')
        assert "unknown key" not in lines(pilot)[2], "one line, however long it is"
        await until(pilot, lambda: "agent on, file has errors" in text(pilot), "the footer")
        for key in ("A", "J", "H", "P", "W", "escape", "enter"):
            await pilot.press(key)
            await until(pilot, lambda: lines(pilot)[1].startswith(" ✗ lifecycle.toml:42:5"), f"after {key}")
            await pilot.pause()
        with fleet.write() as tx:
            lease.put_note(tx, number, None)
        await until(pilot, lambda: "lifecycle.toml:42:5" not in text(pilot), "it is gone")
        while len(pilot.app.screen_stack) > 2:
            await pilot.press("escape")
            await pilot.pause()
        await until(pilot, lambda: lines(pilot)[:3] == plain[:3], "as before")
        with fleet.write() as tx:
            lease.put_note(tx, number, NOTE)
            tx.execute("UPDATE lease SET process = NULL")
        await until(pilot, lambda: "agent off" in text(pilot), "no agent")
        assert "lifecycle.toml:42:5" not in text(pilot), "what an agent said that is not there any more"


GB = 1024**3
USAGE = banners.usage
"""The real one: tests of screens have a disk of their own."""
FINE = Looked(at=100.0, disk_at=100.0, free=100 * GB, total=200 * GB, beaten=100.0, beat=(1, 5), pid=7)


@pytest.mark.parametrize(
    ("looked", "note", "trouble", "keys", "tones", "first"),
    [
        (FINE, "", "", "", [], ""),
        (Looked(), "", "", "", [], ""),
        (FINE, "file:1:2: no", "", "", ["critical"], "file:1:2: no"),
        (FINE, "file:1:2: no", "gone", "[keys] x", ["critical", "critical", "warning"], "state cannot be read: gone"),
        (replace(FINE, free=GB // 2), "note", "", "", ["critical", "critical"], "only 537 MB of 215 GB are free"),
        (replace(FINE, free=8 * GB), "", "", "", ["warning"], "only 8.6 GB of 215 GB are free"),
        (replace(FINE, free=11 * GB), "", "", "", [], ""),
        (replace(FINE, free=60 * GB, total=4000 * GB), "", "", "", [], ""),
        (replace(FINE, free=40 * GB, total=4000 * GB), "", "", "", ["warning"], "only 43 GB"),
        (replace(FINE, free=None), "", "", "", [], ""),
        (replace(FINE, beaten=70.0), "", "", "", ["critical"], "the agent (pid 7) has not moved for 30 s"),
        (replace(FINE, beaten=81.0), "", "", "", [], ""),
        (replace(FINE, absent=99.0, wanted=True), "", "", "", [], ""),
        (replace(FINE, absent=90.0, wanted=True), "", "", "", ["warning"], "no agent runs: nothing is checked"),
        (replace(FINE, absent=90.0, wanted=True, queued=1), "", "", "", ["critical"], "no agent runs, 1 job waits:"),
        (replace(FINE, absent=90.0, wanted=True, queued=3), "", "", "", ["critical"], "no agent runs, 3 jobs wait:"),
        (replace(FINE, absent=90.0, wanted=False), "", "", "", [], ""),
        (replace(FINE, absent=90.0, wanted=True, says="9 errors"), "", "", "", ["warning"], "no agent runs, the last"),
        (replace(FINE, absent=90.0, problem="line 3: x"), "", "", "", ["critical"], "lifecycle.toml cannot be read"),
    ],
)
def test_what_is_wrong_the_worst_first(
    looked: Looked, note: str, trouble: str, keys: str, tones: list[str], first: str
) -> None:
    found = told(looked, note, trouble, keys, 100.0)
    assert [one.tone for one in found] == tones
    assert not tones or found[0].text.startswith(first)


@pytest.mark.parametrize("cells", [20, 60, 80, 200])
@pytest.mark.parametrize("others", [0, 2])
def test_one_line_at_any_width(cells: int, others: int) -> None:
    wrong = [Wrong("critical", "名前 [b]\x1b[2J\u202e " * 20), *[Wrong("warning", "x")] * others]
    spans = line(wrong, cells)
    said = "".join(span.text for span in spans)
    assert width(said) <= cells and "\x1b" not in said and "\u202e" not in said
    assert said.endswith(" +2: W ") or not others


def test_a_look_asks_no_more_often_than_it_must(fleet: State, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, asked = [1000.0], []
    monkeypatch.setattr(banners.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(banners, "usage", lambda root: asked.append(root) or (5, 10))
    env = {"HOME": "/"}
    with fleet.read() as conn:
        seen = banners.look(conn, fleet.root, Looked(), env)
        assert seen.absent == 1000.0 and not seen.wanted and (seen.free, seen.total) == (5, 10)
        assert banners.look(conn, fleet.root, seen, env) is seen, "not again within a second"
        for _ in range(20):
            clock[0] += 1
            seen = banners.look(conn, fleet.root, seen, env)
        assert len(asked) == 1 and seen.wanted and seen.own and seen.absent == 1000.0
        clock[0] += 11
        assert banners.look(conn, fleet.root, seen, env).disk_at == clock[0] and len(asked) == 2
        clock[0] += 2
        assert not banners.look(conn, fleet.root, seen, {"LIFECYCLE_AGENT": "off"}).wanted
        (fleet.root / "lifecycle.toml").write_text('[workspace]\nagent = "off"\n', encoding="utf-8")
        assert not banners.look(conn, fleet.root, seen, env).wanted
        (fleet.root / "lifecycle.toml").write_text("[workspace", encoding="utf-8")
        broken = banners.look(conn, fleet.root, seen, env)
        assert not broken.wanted and "table declaration" in broken.problem
    with fleet.write() as tx:
        lease.take(tx, processes.this(), "stay", NOW)
    clock[0] += 2
    with fleet.read() as conn:
        runs = banners.look(conn, fleet.root, broken, env)
        assert runs.absent is None and runs.problem == "" and runs.pid == processes.this().pid


def test_why_the_last_agent_ended_at_once(tmp_path: Path) -> None:
    log = spawn.log_file(tmp_path)
    assert banners._says(tmp_path, 0.0) == ""
    log.parent.mkdir()
    log.write_text(f"x\n\nerror: {tmp_path}/lifecycle.toml has 9 errors\n  mend them\n", encoding="utf-8")
    assert banners._says(tmp_path, 0.0) == "lifecycle.toml has 9 errors"
    assert banners._says(tmp_path, log.stat().st_mtime + 1) == "", "of an agent of long ago"
    log.write_bytes(b"error: old\n" + b"fine\n" * 10)
    assert banners._says(tmp_path, 0.0) == ""
    log.write_bytes(b"\xff" * 100_000 + b"\nerror: \x1b[2J")
    assert banners._says(tmp_path, 0.0) == "\x1b[2J", "it is made safe where it is drawn"


def test_a_disk_that_cannot_be_asked(tmp_path: Path) -> None:
    assert USAGE(tmp_path / "nowhere") == (None, 0)
    (tmp_path / ".lifecycle").mkdir()
    free, total = USAGE(tmp_path)
    assert free is not None and 0 < free <= total


@pytest.mark.parametrize("size", [(60, 20), SMALL])
async def test_no_agent_and_a_full_disk_in_one_line(
    fleet: State, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    seed_jobs.ended(fleet, "retrain", "churn")
    monkeypatch.setenv("LIFECYCLE_AGENT", "on")
    monkeypatch.setattr(banners, "ABSENT", 0.0)
    monkeypatch.setattr(banners, "LOOK", 0.0)
    async with app_on(fleet).run_test(size=size) as pilot:
        await until(pilot, lambda: "no agent runs" in lines(pilot)[1], "nobody starts one in a test")
        monkeypatch.setattr(banners, "usage", lambda root: (5, 10))
        monkeypatch.setattr(banners, "DISK", 0.0)
        await until(pilot, lambda: "only 5 B of 10 B" in lines(pilot)[1], "the worst first")
        assert "+1: W" in lines(pilot)[1] and lines(pilot)[2].strip()
        with fleet.write() as tx:
            lease.take(tx, processes.this(), "stay", NOW)
        monkeypatch.setattr(banners, "usage", lambda root: (100 * GB, 200 * GB))
        await until(pilot, lambda: "free" not in lines(pilot)[1] and "agent runs" not in lines(pilot)[1], "all is well")
