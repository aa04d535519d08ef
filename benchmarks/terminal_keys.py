"""What a key costs: until the picture changes, and in bytes; beside the key of a blank app that is pressed in turn.

The two programs run side by side, and after each key of ours the blank app gets one, so that whatever else the machine
does meets both.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from terminal_line import SLOW, Failed, Found, Line
from terminal_live import writer
from terminal_programs import blank, counts, lifecycle, selected, settled
from terminal_seed import Shape, copy, kept
from terminal_table import Value, middle, share

DOWN, UP, ENTER, TAB, BACK, ESCAPE = b"j", b"k", b"\r", b"\t", b"q", b"\x1b"
HOME, PAGE_DOWN, PAGE_UP = b"\x1b[H", b"\x1b[6~", b"\x1b[5~"
QUIET = 0.15
"""Seconds without a byte after which a key has had its effect; with what is read in a thread and shown afterwards."""
NONE = 0.8
"""Seconds after which a key had none."""
HELD, RATE = 60, 30.0
"""Presses of a key that is held, and how many a second."""
SCREENS = b"AJHPW"
PANES = 7


@dataclass(slots=True)
class Series:
    """One kind of key, and the blank app's beside it."""

    ours: list[Found] = field(default_factory=list)
    base: list[Found] = field(default_factory=list)
    silent: int = 0

    def values(self, what: str, times: Sequence[tuple[float, float | None]], most: float | None) -> Iterator[Value]:
        """Quantiles of the time to the changed frame over the blank app's, and what was written."""
        if not self.ours:
            yield Value(f"{what}: nothing changed", float("inf"), "", 0.0)
            return
        ours, base = ([1e3 * f.changed.adjusted for f in some if f.changed] for some in (self.ours, self.base))
        walls = [1e3 * f.changed.at for f in self.ours if f.changed]
        silent = f"; {self.silent} without effect" if self.silent else ""
        for q, budget in times:
            yield Value(f"{what}: p{100 * q:.0f}", share(ours, q) / share(base, q), "x", budget,
                        f"{share(ours, q):.1f} ms ({share(walls, q):.1f} with waits); "
                        f"blank {share(base, q):.1f}{silent}")  # fmt: skip
        sizes = [f.bytes for f in self.ours]
        last = middle(1e3 * f.last.adjusted for f in self.ours if f.last)
        cpu = middle(1e3 * f.cpu for f in self.ours)
        yield Value(f"{what}: bytes, p95", share(sizes, 0.95), "B", most,
                    f"median {middle(sizes):.0f}; picture complete after {last:.1f} ms; {cpu:.1f} ms cpu")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Whether the fleet's cursor stands on another row of the screen than `row`."""

    row: int

    def __call__(self, line: Line) -> bool:
        return selected(line) != self.row


class Pair:
    """The terminal and the blank app, side by side."""

    def __init__(self, ours: Line, base: Line) -> None:
        self.ours, self.base = settled(ours), settled(base, counts, 0.5)

    def press(self, keys: Iterable[bytes], into: Series | None = None) -> Series:
        """Press each key, and one of the blank app's after it."""
        series = Series() if into is None else into
        for key in keys:
            self.ours.listen(0.005, 0.1)
            found = self.ours.listen(QUIET, 5, begun=self.ours.press(key), wait=NONE)
            base = self.base.listen(0.05, 2, begun=self.base.press(b"n"), wait=NONE)
            if found.changed is None or base.changed is None:
                series.silent += 1
                continue
            series.ours.append(found)
            series.base.append(base)
        return series

    def skip(self, keys: Iterable[bytes]) -> None:
        """Press keys that are not measured."""
        for key in keys:
            self.ours.listen(QUIET, 5, begun=self.ours.press(key), wait=NONE)


def keys(folder: Path, rounds: int, models: int) -> Iterator[Value]:
    """Rows, pages, panes and screens, without anything that moves."""
    with lifecycle(kept(Shape(models, 8)), folder) as ours, blank(folder) as base:
        pair = Pair(ours, base)
        yield from pair.press(rounds * [*12 * [DOWN], *12 * [UP]]).values("row down", ((0.5, 2), (0.95, 3)), 400)
        pair.skip(26 * [DOWN])
        yield from pair.press(rounds * 10 * [DOWN]).values("row down, scrolling", ((0.5, 2), (0.95, 3)), 2_000)
        pages = rounds * [*5 * [PAGE_DOWN], *5 * [PAGE_UP]]
        yield from pair.press(pages).values("page down", ((0.5, 4),), 3_000)
        pair.skip([HOME])
        screens, back, escape, first, again = Series(), Series(), Series(), Series(), Series()
        for _ in range(rounds):
            pair.press([ENTER], screens)
            pair.press((PANES - 1) * [TAB], first)
            pair.press(PANES * [TAB], again)
            pair.press([BACK], back)
            for n in range(len(SCREENS)):
                pair.press([SCREENS[n : n + 1]], screens)
                pair.press([BACK], back)
            pair.press([SCREENS[:1]], Series())
            pair.press([ESCAPE], escape)
        panes = Series([*first.ours, *again.ours], [*first.base, *again.base], first.silent + again.silent)
        yield from panes.values("pane (Tab)", ((0.5, 4),), 3_000)
        yield from first.values("  of these: a pane's first time", ((0.5, None),), None)
        yield from again.values("  of these: again", ((0.5, None),), None)
        yield from screens.values("screen (A J H P W Enter)", ((0.5, 4),), 3_000)
        yield from back.values("screen, back (q)", ((0.5, 4),), 3_000)
        yield from escape.values("  by Esc, which may begin a sequence", ((0.5, None),), None)


def busy(folder: Path, rounds: int, models: int) -> Iterator[Value]:
    """A key while a hundred things happen each second: from the press to the frame in which the cursor moved."""
    shape = Shape(models, 8)
    with copy(shape) as root, lifecycle(root, folder) as line:
        settled(line)
        with writer(root, "fleet", 100, shape):
            line.listen(1.0, 2.0)
            found: list[Found] = []
            for n in range(rounds * 24):
                line.listen(0.01, 0.03 + 0.011 * (n % 23))  # at any phase of what the program does by itself
                stood = Elsewhere(selected(line))
                key = DOWN if n % 24 < 12 else UP
                moved = line.listen(0.03, 1.0, begun=line.press(key), wait=NONE, true=stood)
                if moved.seen is not None:
                    found.append(moved)
        adjusted = [1e3 * f.seen.adjusted for f in found if f.seen]
        walls = [1e3 * f.seen.at for f in found if f.seen]
    yield Value("key at 100 events a second: p95", share(adjusted, 0.95), "ms", 16,
                f"with waits {share(walls, 0.95):.1f}; p50 {share(adjusted, 0.5):.1f}; "
                f"{rounds * 24 - len(found)} lost")  # fmt: skip


def held(folder: Path, rounds: int, models: int) -> Iterator[Value]:
    """A key that is held over a slow line: how long after the last press the picture still changes."""
    root = kept(Shape(models, 8))
    for answers in (True, False):
        lags, sizes = [], []
        for _ in range(rounds):
            with lifecycle(root, folder, SLOW, answers=answers) as line:
                lag, size = hold(line)
                lags.append(lag)
                sizes.append(size)
        link = f"{SLOW.rate / 1024:.0f} KiB/s, {1e3 * SLOW.delay:.0f} ms"
        known = "key held 30/s, " + ("slow line" if answers else "slow line, no 2026")
        yield Value(f"{known}: lag after the last", 1e3 * middle(lags), "ms", 500 if answers else None,
                    f"{link}; {middle(sizes):.0f} bytes a press")  # fmt: skip


def hold(line: Line) -> tuple[float, float]:
    """Seconds from the last press of a held key to the last change, and bytes a press.

    Raises:
        Failed: presses were lost.
    """
    settled(line, quiet=2.0)
    begun = time.perf_counter()
    for n in range(HELD):
        time.sleep(max(0.0, begun + n / RATE - time.perf_counter()))
        last = line.press(DOWN)
    found = line.listen(1.0, 60, begun=last)
    if found.last is None or not moved_by(line, HELD):
        raise Failed(f"of {HELD} presses not all arrived; the screen shows:\n{line.text}")
    return found.last.at, found.bytes / HELD


def moved_by(line: Line, rows: int) -> bool:
    """Whether the fleet's title tells that the cursor stands so many rows below the first one."""
    return f"{rows + 1}/" in line.screen.display[0].replace(",", "")
