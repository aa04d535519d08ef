"""Makes the pictures of the terminal in these docs anew: every screen as text at 80x24 and 200x60, two as SVG.

    python docs/pictures.py                    # lives through the demo in a temporary folder first, half a minute
    python docs/pictures.py --demo FOLDER      # pictures of a demo that is there
    python docs/pictures.py --check            # writes nothing, ends with 1 where a picture is another one by now

The demo's past is the same on every machine, so the pictures are too, but for what `masked` takes out before two are
compared: how long things took, process numbers, sizes. They are real screens: the program is driven by its keys.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from textual.pilot import Pilot

from lifecycle_tui.state import clock, jobs, lease
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.app import LifecycleApp
from lifecycle_tui.tui.source import Source

HERE = Path(__file__).resolve().parent
SIZES = {"80x24": (80, 24), "200x60": (200, 60)}
ROUNDS = 400


@dataclass(frozen=True)
class Picture:
    """A screen.

    Attributes:
        keys: that lead to it from the fleet; "…" waits until the screen says the words after it.
        words: above the picture.
    """

    name: str
    title: str
    keys: tuple[str, ...]
    words: str


def to(model: str, *keys: str) -> tuple[str, ...]:
    """Keys that open a model from the fleet."""
    return (":", *model, "enter", *keys)


HOUSES, SHOP = "house-prices", "shop-recommender"
PICTURES = (
    Picture("fleet", "The fleet", (), "Every model, the worst first."),
    Picture("groups", "The fleet in groups", ("o",), "By owner, the worst group first; `o` again: by tag."),
    Picture("overview", "A model: overview", to(HOUSES), "Why it is in its state, since when, what happens next."),
    Picture("drift", "A model: drift", to(HOUSES, "2"), "Which columns moved, by how much, and since when."),
    Picture("map", "A model: the map", to(HOUSES, "2", "m", "left", "left"), "Every column over every window."),
    Picture("performance", "A model: performance", to(HOUSES, "3"), "Metrics over windows, and the rules' thresholds."),
    Picture("versions", "A model: versions", to(SHOP, "4"), "Where versions come from, and how they compare."),
    Picture("model-alerts", "A model: alerts", to(HOUSES, "5"), "What fires, and what became of what fired before."),
    Picture("policy", "A model: policy", to(HOUSES, "6"), "The file's part, and where each rule stands."),
    Picture("policy-edit", "A policy to be edited", to(HOUSES, "6", "e", "…no problems"), "Rules, lines, problems."),
    Picture("policy-form", "A rule being edited", to(HOUSES, "6", "e", "…no problems", "down", "enter", "…needed",
            "enter", "ctrl+u", *"mae.lower > 15_000", "…1 training → 9"), "Checked and replayed as one types."),
    Picture("model-history", "A model: history", to(SHOP, "7"), "Everything that happened to it."),
    Picture("as-of", "A model as of a moment", to(HOUSES, "7", "d", *"2026-04-21", "enter", "…as of 2026-04-21"),
            "How it stood then, and what had happened until then."),
    Picture("alerts", "Alerts", ("A",), "The inbox over all models."),
    Picture("jobs", "Jobs", ("J",), "What runs, what waits, what has ended."),
    Picture("job", "A job", ("J", "enter"), "Its facts and its log, live while it runs."),
    Picture("history", "History", ("H",), "What happened last night."),
    Picture("audit", "Audit", ("U",), "Who did what, what it changed, what came of it."),
    Picture("plugins", "Plugins", ("P",), "What is plugged in, and what is wrong with it."),
    Picture("workspace", "Workspace", ("W",), "Agent, clock, disk, what waits."),
    Picture("palette", "The palette", (":", "f", "r", "a"), "Go anywhere by name."),
    Picture("actions", "Actions", to(HOUSES, "x", "…» can be done"), "What can be done here, and why not."),
    Picture("retrain", "An action: retrain", to(HOUSES, "t", "…lifecycle retrain"), "Plan and command, first."),
    Picture("rollback", "An action: roll back", to(HOUSES, "b", "…lifecycle rollback"), "What serves changes by y."),
    Picture("help", "Help", ("?",), "The keys that work where you are; Enter does what a line says."),
)  # fmt: skip
DRAWN = (
    "fleet", "groups", "overview", "drift", "map", "performance", "versions", "policy-form", "as-of", "audit",
    "rollback", "help",
)  # fmt: skip
SVG = dict.fromkeys(DRAWN, "80x24")
HOME = "~/lifecycle-demo"
"""Where the demo lies, as the pictures say."""


def main() -> int:
    """Make them; the exit code."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--demo", type=Path, help="a demo that is there")
    words.add_argument("--check", action="store_true", help="write nothing; end with 1 where one differs")
    chosen = words.parse_args()
    os.environ |= {"LIFECYCLE_AGENT": "off", "TERM": "xterm-256color", "COLUMNS": "80"}
    for name in ("NO_COLOR", "LIFECYCLE_ASCII", "SUDO_USER"):
        os.environ.pop(name, None)
    os.environ |= {"LOGNAME": "ana", "USER": "ana", "LNAME": "ana", "USERNAME": "ana"}
    with tempfile.TemporaryDirectory() as folder:
        root = chosen.demo or _lived(Path(folder) / "lifecycle-demo")
        with agent(root):
            files = asyncio.run(_all(root))
    return _written(files, check=chosen.check)


def _lived(root: Path) -> Path:
    command = [sys.executable, "-m", "lifecycle_tui", "demo", "--no-tui", "--dir", str(root)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return root


@contextlib.contextmanager
def agent(root: Path) -> Iterator[None]:
    """An agent on the demo, its clock at the end of its time, so that it stands."""
    with State.open(root) as state, state.write() as tx:
        found = clock.read(tx)
        assert found is not None
        clock.put(tx, replace(found, until=found.at))
    runs = subprocess.Popen(
        [sys.executable, "-m", "lifecycle_tui", "agent"], cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with State.view(root) as state, state.read() as conn:
            while not (lease.held(lease.read(conn)) and jobs.live(conn) == 0):
                time.sleep(0.1)
        yield
    finally:
        runs.terminate()
        runs.wait()


async def _all(root: Path) -> dict[Path, str]:
    """Every file, by its path."""
    files: dict[Path, str] = {}
    for size, cells in SIZES.items():
        lines = [f"# The screens at {size}", "", _about(size), ""]
        for picture in PICTURES:
            text, svg = await _one(root, picture, cells)
            lines += [f"## {picture.title}", "", picture.words, "", "```", *text, "```", ""]
            print(f"{size} {picture.name}")
            if SVG.get(picture.name) == size:
                files[HERE / "pictures" / f"{picture.name}.svg"] = svg
        files[HERE / f"screens-{size}.md"] = "\n".join(lines)
    return files


def _about(size: str) -> str:
    other = next(name for name in SIZES if name != size)
    return (
        "The demo after four months, made by `python docs/pictures.py`. Tones are left out here; every state has its\n"
        f"sign and its word. The same at [{other}](screens-{other}.md); the keys are in [terminal.md](terminal.md)."
    )


async def _one(root: Path, picture: Picture, cells: tuple[int, int]) -> tuple[list[str], str]:
    source = Source(root)
    app = LifecycleApp(source)
    try:
        async with app.run_test(size=cells) as pilot:
            await _rest(pilot)
            for key in picture.keys:
                if key.startswith("…"):
                    await _shows(pilot, key[1:])
                else:
                    await pilot.press({":": "colon", "?": "question_mark", "-": "minus"}.get(key, key))
                    await _rest(pilot)
            lines = [line.replace(str(root), HOME).rstrip() for line in _screen(pilot)]
            while lines and not lines[-1]:
                lines.pop()
            return lines, _light(app.export_screenshot(title="lifecycle"))
    finally:
        source.close()


async def _rest(pilot: Pilot[None]) -> None:
    pilot.app.poll()  # type: ignore[attr-defined]
    await pilot.pause(0.1)


async def _shows(pilot: Pilot[None], words: str) -> None:
    for _ in range(ROUNDS):
        if words in "\n".join(_screen(pilot)):
            await _rest(pilot)
            return
        await pilot.pause(0.02)
    raise SystemExit(f"no screen says {words!r}:\n" + "\n".join(_screen(pilot)))


def _screen(pilot: Pilot[None]) -> list[str]:
    return [strip.text for strip in pilot.app.screen._compositor.render_strips()]


def masked(text: str) -> str:
    """Without what differs from run to run: durations, numbers of processes, jobs and alerts, sizes."""
    text = re.sub(r"\b[\d,.]+ (s|kB|MB|GB|TB|bytes)\b", "…", text)
    text = re.sub(r"\bpid \d+|\b\d+ files?\b|\b3\.\d+\.\d+\b|\b(alert|job) \d+|#\d+", "…", text)
    return re.sub(r" +", " ", text)


def _light(svg: str) -> str:
    """Without fonts from elsewhere, and with names that do not differ from run to run."""
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return re.sub(r"terminal-\d+", "terminal", svg)


def _differs(path: Path, text: str) -> bool:
    # A drawing is of a screen that is compared as text.
    return path.suffix != ".svg" and masked(path.read_text(encoding="utf-8")) != masked(text)


def _written(files: dict[Path, str], *, check: bool) -> int:
    found = [path for path, text in files.items() if not check or not path.exists() or _differs(path, text)]
    for path in found:
        if not check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        print(f"{'differs' if check else 'wrote'}: {path.relative_to(HERE.parent)}")
    return int(check and bool(found))


if __name__ == "__main__":
    sys.exit(main())
