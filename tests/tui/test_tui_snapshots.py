"""Every screen and pane at three sizes as stored text; in sixteen colours, without colour and in ASCII by its rules.

SNAPSHOTS=update stores what shows now. Each screen is opened at 80x24 and resized while it is open.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from tempfile import TemporaryDirectory
from unicodedata import category

import pytest
import snapshot_scenes
from rich.color import ANSI_COLOR_NAMES
from snapshot_scenes import SCENES, Scene, walk
from snapshots import STORED, Shot, compare, difference, shot
from textual.containers import Vertical
from textual.pilot import Pilot
from textual.screen import Screen
from tui_screen import app_on

from lifecycle_tui.state.database import State
from lifecycle_tui.tui import screens
from lifecycle_tui.tui.grid import Grid
from lifecycle_tui.tui.panes.listing import LOGS, PANELS, PANES
from lifecycle_tui.tui.text import width
from lifecycle_tui.tui.widgets.log import Log
from lifecycle_tui.tui.widgets.pager import Pager

SIZES = ((80, 24), (60, 20), (200, 60))
SMALL = SIZES[:2]
"""What the quick tests look at: a large screen costs three times as much."""

QUICK = tuple(scene for scene in SCENES if not scene.slow)
FEW = tuple(s for s in SCENES if s.name in ("fleet", "overview", "drift-columns", "performance", "jobs"))
"""Where glyphs, plots, bars and states of all kinds show."""

SIXTEEN = frozenset(name for name, number in ANSI_COLOR_NAMES.items() if number < 16)
UNSURE = ("black", "white", "bright_black", "bright_white", "color(0)", "color(7)", "color(8)", "color(15)")
"""Colours that vanish on a dark or on a light background."""


@pytest.fixture(scope="module")
def folder(template: Path) -> Iterator[Path]:
    """Where the workspace `shop` lies; a short path, which no screen has to cut. The tests only look at it."""
    with TemporaryDirectory(prefix="lc-") as made:
        snapshot_scenes.seed(template, Path(made) / "shop")
        yield Path(made)


@pytest.fixture
def scenes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[State]:
    """The workspace under a relative path, so that messages name its files alike on every machine."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LOGNAME", "ana")
    with State.open(Path("shop")) as state:
        yield state


def flaws(found: Shot, scene: Scene) -> list[str]:
    """What no screen may do, whatever its mode."""
    said = [f"line {n} takes {width(row)} of {found.size[0]} cells" for n, row in enumerate(found.rows())
            if width(row) != found.size[0] or not row.isprintable()]  # fmt: skip
    if len(found.lines) != found.size[1]:
        said.append(f"{len(found.lines)} lines of {found.size[1]}")
    text = "\n".join(found.rows())
    said += [f"{word!r} is not said" for word in scene.words if word not in text and found.size[0] >= 80]
    for line in found.lines:
        for cells in line:
            colours = {word.removeprefix("on-") for word in cells.words} - ATTRIBUTES_ONLY
            if colours - SIXTEEN:
                said.append(f"{colours} are not of the sixteen: {cells.text!r}")
            if colours & set(UNSURE):
                said.append(f"{colours} suit one scheme only: {cells.text!r}")
            if colours and not cells.text.strip() and ({"reverse", "underline"} & set(cells.words)):
                said.append(f"colour alone says something: {cells.words}")
    return [f"{scene.name} at {found.size[0]}x{found.size[1]}: {text}" for text in said]


def astray(pilot: Pilot, found: Shot, scene: Scene) -> list[str]:
    """Whether the terminal's own cursor, which screen readers follow, stands elsewhere than what is chosen."""
    x, y = pilot.app.cursor_position
    where = f"{scene.name} at {found.size[0]}x{found.size[1]}: the cursor at {x},{y}"
    focused = pilot.app.focused or pilot.app.screen.children[0]
    if not focused.region.contains(x, y):
        return [f"{where} is not in {focused} at {focused.region}"]
    if isinstance(focused, Pager | Log | Vertical) or (isinstance(focused, Grid) and focused.row is None):
        return []  # nothing is chosen there
    under = found.at(x, y)
    return [] if "reverse" in under.words or under.text.startswith(">") else [f"{where} is on {under} of {focused}"]


ATTRIBUTES_ONLY = {"bold", "dim", "italic", "underline", "reverse", "strike"}


async def shots(
    pilot: Pilot, which: Iterable[Scene], sizes: Sequence[tuple[int, int]]
) -> tuple[dict[tuple[str, int], Shot], list[str]]:
    """Each of these screens at each of these sizes, and what is wrong with them."""
    found: dict[tuple[str, int], Shot] = {}
    wrong: list[str] = []
    async for scene in walk(pilot, which):
        for size in sizes:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            now = found[scene.name, size[0]] = shot(pilot)
            wrong += flaws(now, scene) + astray(pilot, now, scene)
        await pilot.resize_terminal(*sizes[0])
        await pilot.pause()
        if scene.slow:
            continue  # its lists have scrolled
        if again := difference("opened", found[scene.name, sizes[0][0]].text(), "resized and back", shot(pilot).text()):
            wrong.append(f"{scene.name}: {again}")
    return found, wrong


def hidden(state: State) -> dict[str, str]:
    """What differs from run to run: where the folder is, numbers of processes, how full the disk is."""
    disk = r"[\d.]+ [KMGT]?B of [\d.]+ [KMGT]?B \(\d+%\)"
    return {
        re.escape(str(state.root.resolve().parent)): "FOLDER",
        r"pid \d+": "pid 12345",
        disk: "64 GB of 128 GB (50%)",
    }


async def stored(state: State, which: Iterable[Scene], sizes: Sequence[tuple[int, int]] = SIZES) -> None:
    """Walk, and compare with what is stored."""
    async with app_on(state).run_test(size=SIZES[0]) as pilot:
        found, wrong = await shots(pilot, which, sizes)
    wrong += [said for (name, _), now in found.items() if (said := compare(name, now, hidden(state)))]
    assert not wrong, "\n".join(wrong)


async def test_every_screen_on_small_terminals(scenes: State) -> None:
    await stored(scenes, QUICK, SMALL)


@pytest.mark.slow
async def test_every_screen_at_every_size(scenes: State) -> None:
    await stored(scenes, SCENES)


async def plain(
    state: State, which: Iterable[Scene], sizes: Sequence[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Walk in ASCII without colour; both have rules, and a few screens are stored."""
    monkeypatch.setenv("LIFECYCLE_ASCII", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    async with app_on(state).run_test(size=SIZES[0]) as pilot:
        found, wrong = await shots(pilot, which, sizes)
    names = {scene.name for scene in FEW}
    for (name, cells), now in found.items():
        if now.words() - ATTRIBUTES_ONLY:
            wrong.append(f"{name}: {now.words()}")
        # Letters, and what combines with them, come from the data: names are shown as they are.
        ours = {char for row in now.rows() for char in row if not char.isascii() and category(char)[0] not in "LM"}
        if ours:
            wrong.append(f"{name} at {cells}: not ASCII: {sorted(ours)}")
        if name in names:
            wrong.append(compare(f"{name}.plain", now, hidden(state)))
    assert not any(wrong), "\n".join(filter(None, wrong))


async def test_some_screens_in_ascii_without_colour(scenes: State, monkeypatch: pytest.MonkeyPatch) -> None:
    await plain(scenes, FEW, SMALL, monkeypatch)


@pytest.mark.slow
async def test_every_screen_in_ascii_without_colour(scenes: State, monkeypatch: pytest.MonkeyPatch) -> None:
    await plain(scenes, SCENES, SIZES, monkeypatch)


def test_every_screen_and_pane_has_a_scene() -> None:
    shown = {scene.screen for scene in SCENES}
    panes = {f"ModelScreen:{name}" for name in (*PANES, PANELS.name, LOGS.name)}
    classes = set()
    for module in iter_modules(screens.__path__):
        found = import_module(f"{screens.__name__}.{module.name}")
        classes |= {name for name, value in vars(found).items() if isinstance(value, type)
                    and issubclass(value, Screen) and value.__module__ == found.__name__}  # fmt: skip
    assert panes <= shown
    assert classes - {screen.partition(":")[0] for screen in shown} == {"View"}, "the base of screens alone"


def test_nothing_else_is_stored() -> None:
    if os.environ.get("SNAPSHOTS") == "update":
        pytest.skip("they are being stored")
    names = {f"{scene.name}{mode}" for scene in SCENES for mode in (("", ".plain") if scene in FEW else ("",))}
    wanted = {f"{name}.{columns}x{lines}.txt" for name in names for columns, lines in SIZES}
    assert {path.name for path in STORED.iterdir()} == wanted
