"""The versions pane: lineage, what serves, two versions side by side, and all that is known of one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import seed_life
from seed_life import MODEL
from textual.pilot import Pilot
from tui_screen import LARGE, SMALL, app_on, cursor, least, lines, text, until

from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.differences import Sides
from lifecycle_tui.registry.versions import NewVersion, Version
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.panes import version_beside
from lifecycle_tui.tui.panes.versions import VersionsPane
from lifecycle_tui.tui.reads import versions as read
from lifecycle_tui.tui.screens.model import ModelScreen
from lifecycle_tui.tui.screens.page import PageScreen
from lifecycle_tui.tui.subject import Subject, Where


@pytest.fixture
def life(workspace: Callable[[], State]) -> State:
    state = workspace()
    seed_life.life(state)
    return state


async def open_pane(pilot: Pilot, where: Where | None = None, model: str = MODEL) -> VersionsPane:
    """The model's versions."""
    await pilot.pause()
    pilot.app.push_screen(ModelScreen(pilot.app.source, model, where or Where("versions")))  # type: ignore[attr-defined]
    await until(pilot, lambda: isinstance(getattr(pilot.app.screen, "pane", None), VersionsPane), "the pane")
    await pilot.pause()
    return pilot.app.screen.pane  # type: ignore[attr-defined, no-any-return]


def row(pilot: Pilot, start: str) -> str:
    """The line of the list that begins so, without the cursor's cell."""
    return next(line[1:] for line in lines(pilot) if line[1:].startswith(start))


async def test_the_list_at_80_by_24(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        await open_pane(pilot)
        assert row(pilot, "○  6").split() == [
            "○", "6", "challenger", "waits", "2026-03-26", "00:00", "refit", "4", "✓", "passed",
        ]  # fmt: skip
        assert row(pilot, "│○ 5").split()[-4:] == ["4", "~", "cannot", "tell"], "a second line of descent"
        assert row(pilot, "●╯ 4").split()[:3] == ["●╯", "4", "champion"]
        assert row(pilot, "│○ 3").split()[-3:] == ["2", "✗", "failed"]
        assert row(pilot, "○╯ 2").split()[-3:] == ["1", "✓", "passed"]
        assert row(pilot, "○  1").split()[-1] == "-", "never judged"
        assert row(pilot, "○  1").split()[2:4] == ["was", "champion"]
        assert lines(pilot)[0].endswith("1/6")
        assert "waits for an approval that agent asked for" in lines(pilot)[-2]


async def test_beside_the_champion(life: State) -> None:
    async with app_on(life).run_test(size=(100, 40)) as pilot:
        await open_pane(pilot)
        shown = text(pilot)
        assert "version 6 beside version 4 (champion)" in shown
        assert "✓ passed  gain(auc) 0.03 (0.01 to 0.05) > 0 on 900 rows" in shown
        assert "on the same 900 later rows of 2026-03-17 to 2026-03-26" in " ".join(shown.split())
        auc = next(line for line in lines(pilot) if line.startswith("   auc when made"))
        assert auc.split()[3:5] == ["0.900", "(0.880"]
        measured = next(line for line in lines(pilot) if line.startswith("   auc in windows"))
        assert "-" in measured.split() and "0.890" in measured, "6 has scored nothing, 4 has"
        assert next(line for line in lines(pilot) if "parameters.max_depth" in line).split()[1:] == ["7", "5"]
        # The champion itself is beside what it was made from, and both scored the same windows.
        await pilot.press("down", "down")
        await pilot.pause()
        assert "version 4 beside version 2 (parent)" in text(pilot)
        measured = next(line for line in lines(pilot) if line.startswith("   auc in windows"))
        assert measured.count("2026-03-23") == 2 and "0.890" in measured and "0.880" in measured


async def test_a_narrow_screen_says_how_each_was_judged(life: State) -> None:
    async with app_on(life).run_test(size=(60, 20)) as pilot:
        await open_pane(pilot)
        assert row(pilot, "○  6").split()[-5:] == ["waits", "2026-03-26", "4", "✓", "passed"]
        assert row(pilot, "│○ 5").split()[-2:] == ["cannot", "tell"]
        assert any(line.startswith("   recall when made") for line in lines(pilot))


async def test_a_wide_screen_has_the_windows_beside(life: State) -> None:
    async with app_on(life).run_test(size=LARGE) as pilot:
        await open_pane(pilot, Where("versions", version=4))
        shown = [line[100:].strip() for line in lines(pilot)]
        assert "auc in windows  version 4 dotted version 2" in shown
        newest = next(line for line in shown if line.startswith("2026-03-23  "))
        assert newest.split() == ["2026-03-23", "0.890", "0.880", "+0.010"]
        assert next(line for line in shown if line.startswith("amount")).split() == ["amount", "0.200", "0.200"]
        assert any(line.startswith("   parameters.max_depth") for line in lines(pilot)), "what differs is on the left"


def test_a_comparison_with_nothing_in_it_and_with_odd_numbers() -> None:
    assert version_beside.panel(None, 80) == []
    version = Version(1, seed_life.NOW, NewVersion("m", "named"), 1)
    line = read.VersionLine(version, (), None, "")
    odd = read.Recent("auc", ("a", "b"), (None, float("nan")), (float("inf"), 0.5))
    importance = (Sides("x", float("nan"), None), Sides("y", 0.1, -0.5), Sides("z", "text", 0.2))
    for cells in (1, 20, 60, 80, 150, 200):
        for recent in ((), (odd,)):
            found = read.Comparison(line, version, "marked", recent=recent, importance=importance)
            said = ["".join(span.text for span in line) for line in version_beside.panel(found, cells)]
            assert said[0].strip() == "version 1 beside version 1 (marked)"
    assert [sides.name for sides in version_beside.ranked(importance)] == ["y", "z", "x"]


async def test_a_judgement_that_could_not_tell(life: State) -> None:
    async with app_on(life).run_test(size=(100, 40)) as pilot:
        await open_pane(pilot, Where("versions", version=5))
        assert "5" in cursor(pilot)
        assert "about 5,000 rows would settle it" in text(pilot)
        assert "✓ passed       challenger.recall 0.7 >= 0.6" in text(pilot), "each gate, where not all passed"
        await pilot.press("v", "up")
        await pilot.pause()
        assert "version 6 beside version 5 (marked)" in text(pilot)
        assert "neither was judged against the other" in text(pilot)
        assert any("5 *" in line for line in lines(pilot))
        await pilot.press("down", "v", "up")
        await pilot.pause()
        assert "version 6 beside version 4 (champion)" in text(pilot), "marked again: unmarked"


async def test_what_an_action_is_about(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        pane = await open_pane(pilot)
        assert pane.subject() == Subject(model=MODEL, version=6)
        assert "p promote" in lines(pilot)[-1]
        await pilot.press("down", "down")
        assert pane.subject() == Subject(model=MODEL), "on the champion: promote the challenger, roll back to before"


async def test_all_of_a_version(life: State) -> None:
    async with app_on(life).run_test(size=LARGE) as pilot:
        await open_pane(pilot, Where("versions", version=3))
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, PageScreen)
        shown = text(pilot)
        assert "trained at 2026-02-14 00:00 by agent" in shown
        assert "rule auc-low (alert 1) 名前é [/x] \\x1b[31mred" in shown, "as it is, and harmless"
        assert "judged against version 2" in shown and "failed  gain(auc) -0.01" in shown
        assert "2026-03-27 00:00  named it by raj" in shown
        assert "1,800 rows · 2025-11-16 to 2026-02-13" in shown
        assert "max_depth  5" in shown and "scikit-learn  1.5" in shown
        with life.write() as tx:
            aliases.set_alias(tx, MODEL, "shadow", 6, "raj", None, seed_life.NOW)
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.pause()
        assert "2026-04-01 06:00  went on to version 6 by raj" in text(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ModelScreen)


async def test_a_new_version_comes_in_above(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        pane = await open_pane(pilot, Where("versions", version=5))
        with life.write() as tx:
            seed_life.version(tx, 86, 4, "schedule")
            aliases.set_alias(tx, MODEL, "champion", 6, "ana", "approved", seed_life.day(86))
        pilot.app.poll()  # type: ignore[attr-defined]
        await pilot.pause()
        assert pane.grid.row is not None and pane.grid.row.number == 5
        assert "○" in row(pilot, "○   7")
        assert row(pilot, "│●  6").split()[2] == "champion", text(pilot)
        assert "version 5 beside version 6 (champion)" in text(pilot)


async def test_a_version_that_was_rolled_back(life: State) -> None:
    with life.write() as tx:
        for number, at in ((6, 83), (4, 84)):
            aliases.set_alias(tx, MODEL, "champion", number, "ana", None, seed_life.day(at))
        aliases.remove_alias(tx, MODEL, "challenger", "agent", None, seed_life.day(83))
        tx.execute("UPDATE approvals SET state = 'approved'")
    async with app_on(life).run_test(size=SMALL) as pilot:
        await open_pane(pilot)
        assert row(pilot, "○  6").split()[2:4] == ["rolled", "back"]
        assert row(pilot, "●╯ 4").split()[2] == "champion"
        assert row(pilot, "○╯ 2").split()[2:4] == ["was", "champion"]


async def test_state_that_cannot_be_read_now(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        pane = await open_pane(pilot)
        pilot.app.poll()  # type: ignore[attr-defined]  # the first one always reads; the later ones where state moved
        await pilot.pause()
        with seed_life.torn(life, "judgements"):
            await pilot.press("down", "v", "enter")
            await until(pilot, lambda: "no such table: judgements" in lines(pilot)[0], "the title says so")
            await pilot.press("escape")
            await pilot.pause()
            assert pane.grid.row is not None and pane.grid.row.number == 5, "what was read stays, and can be moved in"
        pilot.app.poll()  # type: ignore[attr-defined]
        await until(pilot, lambda: "no such table" not in lines(pilot)[0], "it can be read again")
        assert "version 5 beside version 4" in text(pilot)


async def test_a_model_without_versions(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        pane = await open_pane(pilot, model="demand")
        assert "There is no version yet" in text(pilot)
        assert pane.subject() == Subject(model="demand")
        await pilot.press("v", "enter", "down")
        await pilot.pause()
        assert isinstance(pilot.app.screen, ModelScreen)


async def test_only_named_by_the_data_and_nothing_to_compare_with(workspace: Callable[[], State]) -> None:
    state = workspace()
    seed_life.life(state)
    with state.write() as tx:
        versions.register(tx, NewVersion("demand", "named", name=seed_life.WIDE, by="data"), seed_life.NOW)
    async with app_on(state).run_test(size=SMALL) as pilot:
        await open_pane(pilot, model="demand")
        assert "nothing to compare it with yet" in text(pilot)
        assert row(pilot, "○ 1").split()[1] == "1"
        await pilot.press("enter")
        await pilot.pause()
        assert "none: it is only named by the data" in text(pilot)


async def test_filter(life: State) -> None:
    async with app_on(life).run_test(size=SMALL) as pilot:
        pane = await open_pane(pilot)
        await pilot.press("slash", *"failed", "enter")
        await pilot.pause()
        assert [line.number for line in pane.grid.rows] == [3]
        assert "│" not in "".join(lines(pilot)[2:5]), "no lines to what is hidden"
        await pilot.press("escape")
        await pilot.pause()
        assert len(pane.grid.rows) == 6


async def test_older_pages_come_as_the_cursor_nears_them(workspace: Callable[[], State]) -> None:
    state = workspace()
    seed_life.life(state)
    with state.write() as tx:
        for n in range(7, 260):
            seed_life.version(tx, 100 + n, n - 1, "schedule")
    async with app_on(state).run_test(size=SMALL) as pilot:
        pane = await open_pane(pilot)
        assert len(pane.grid.rows) == read.PAGE
        for _ in range(8):
            await pilot.press("G")
            await pilot.pause()
        assert len(pane.grid.rows) == 259 and pane.grid.row is not None and pane.grid.row.number == 1
        assert await least(pane.load) < 0.5


async def test_ascii(life: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_ASCII", "1")
    async with app_on(life).run_test(size=(120, 40)) as pilot:
        await open_pane(pilot)
        assert row(pilot, "*/ 4") and row(pilot, "|o 3") and row(pilot, "o/ 2")
        assert "+ passed" in text(pilot)


def drawn(parents: dict[int, int | None], champion: int | None = None) -> list[str]:
    """Lanes of versions, newest first."""
    from lifecycle_tui.registry.versions import Version

    found = [
        read.VersionLine(
            Version(number, seed_life.T0, NewVersion(MODEL, "trained", parent=parents[number]), 1),
            ("champion",) if number == champion else (), None, "",
        )
        for number in sorted(parents, reverse=True)
    ]  # fmt: skip
    return list(read.lanes(found).values())


@pytest.mark.parametrize(
    ("parents", "lanes"),
    [
        ({1: None}, ["○"]),
        ({1: None, 2: 1, 3: 2}, ["○", "○", "○"]),
        ({1: None, 2: 1, 3: 1}, ["○", "│○", "○╯"]),
        ({1: None, 2: None, 3: 1}, ["○", "│○", "○"]),
        ({1: None, 2: 1, 3: 1, 4: 1}, ["○", "│○", "││○", "○─╯"]),
        ({1: None, 2: 1, 3: 2, 4: 1}, ["○", "│○", "│○", "○╯"]),
        ({1: None, 2: None, 3: 1, 4: 2, 5: 1}, ["○", "│○", "││○", "│○│", "○─╯"]),
    ],
)
def test_lanes(parents: dict[int, int | None], lanes: list[str]) -> None:
    assert drawn(parents) == lanes


def test_lanes_cross_what_goes_on() -> None:
    assert drawn({1: None, 2: None, 3: 2, 4: 1, 5: 2})[-2] == "○┼╯"
    assert drawn({1: None, 2: 1}, champion=2) == ["●", "○"]
