"""A file that is wrong is said on every screen, with the place, for as long as the agent keeps the one before."""

from __future__ import annotations

from tui_screen import SMALL, app_on, lines, text, until
from tui_seed import NOW

from lifecycle_tui.state import lease, processes
from lifecycle_tui.state.database import State

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
        assert lines(pilot)[1].startswith(' lifecycle.toml:42:5: unknown key "treshold" [b]\\x1b[2J (and 2 more)')
        assert "goes on with the file as it was before" in lines(pilot)[2]
        await until(pilot, lambda: "agent on, file has errors" in text(pilot), "the footer")
        for key in ("A", "J", "H", "P", "W", "escape", "enter"):
            await pilot.press(key)
            await until(pilot, lambda: lines(pilot)[1].startswith(" lifecycle.toml:42:5"), f"after {key}")
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
