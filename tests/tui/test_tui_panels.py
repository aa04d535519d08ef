"""Panels of plugins on the model screen, faults that jobs have noted, and what is shown where plugins are left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from test_tui_model import open_model
from tui_screen import SMALL, app_on, lines, text, until

from lifecycle_tui.domain.showing import Row, Series
from lifecycle_tui.plugin_host import shown
from lifecycle_tui.state import panels, plugin_faults
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.reads.plugins import failures, newest

NOW = datetime.now(UTC)
DRAWING = (
    Row("rows \x1b[31m[bold]", 12345, "a note", "warning"),
    Row("a share", 0.51234, tone="ok"),
    Row("words", "é\x07" * 60),
    Row("nothing"),
    Series("labelled [x]", [0.1, None, 0.9], ["w\x1b1", "w2", "w3"], "share", threshold=0.5),
    Series("empty", []),
)


async def test_panels_are_drawn_safely_and_a_failed_one_has_a_badge(fleet: State) -> None:
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        screen = await open_model(pilot, "card-fraud")
        assert "panels" not in lines(pilot)[1]
        await pilot.press("8")
        await until(pilot, lambda: screen.pane.NAME == "panels", "its key always works")
        assert "No plugin draws a panel" in text(pilot)
        with fleet.write() as tx:
            panels.put(tx, "card-fraud", "mine", NOW, shown.to_json(DRAWING))
        await until(pilot, lambda: "labelled" in text(pilot), "it follows state")
        found = text(pilot)
        assert lines(pilot)[1].rstrip().endswith("8 panels") and len(lines(pilot)[1]) <= 80
        for words in (
            "mine",
            "rows \\x1b[31m[bold]",
            "▲ 12,345",
            "a note",
            "0.5123",
            "é\\x07",
            "labelled [x]",
            "─ 0.5",
        ):
            assert words in found, words
        assert "w\\x1b1" in found and "no number in it" in found and "\x1b" not in found
        with fleet.write() as tx:
            panels.put(tx, "card-fraud", "mine", NOW, error=f"ValueError: no luck ({fleet.root}/plugins/mine.py:7)")
        await until(pilot, lambda: "no luck" in text(pilot), "the error stands there too")
        found = " ".join(text(pilot).split())
        assert "! ValueError: no luck (plugins/mine.py:7)" in found and "What follows is from before" in found
        assert "12,345" in found
        with fleet.write() as tx:
            tx.execute('UPDATE panels SET data = \'[{"is": "row"}]\', error = NULL')
        await until(pilot, lambda: "cannot be read" in text(pilot), "damaged state ends no terminal")


async def test_a_terminal_without_plugins_says_so(fleet: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_NO_PLUGINS", "1")
    async with app_on(fleet).run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "no plugins" in lines(pilot)[0], "in the title")


def test_what_jobs_noted_of_plugins_is_read_until_it_is_settled(fleet: State) -> None:
    with fleet.write() as tx:
        plugin_faults.note(tx, "strategy", "mine", "raised", "ValueError: x", NOW, file="/p/mine.py", line=3, job_id=7)
    with fleet.read() as conn:
        before = newest(conn)
        (found,) = [f for f in failures(conn) if f.plugin == "strategy:mine"]
    assert (found.where, found.message, found.line, found.at) == ("job 7", "ValueError: x", 3, NOW)
    with fleet.write() as tx:
        plugin_faults.clear(tx, "strategy", "mine", NOW + timedelta(seconds=1))
    with fleet.read() as conn:
        assert newest(conn) != before and not [f for f in failures(conn) if f.plugin == "strategy:mine"]
