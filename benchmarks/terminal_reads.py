"""How long a screen's data takes: every query that the terminal makes, on states as large as the budgets ask.

No list of queries stands here. The real app is opened without a terminal and walked through by its keys, every screen
and pane; each question that it asks of its reader is timed where it is answered, in CPU seconds of the reader's thread.
So what a screen comes to ask later is measured from then on. A heartbeat in the event loop tells how long it was held
up meanwhile, by itself or by another thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from terminal_seed import Shape, kept
from terminal_table import Value, middle
from textual.pilot import Pilot

from lifecycle_tui.tui import start
from lifecycle_tui.tui.reader import UNDER_WAY
from lifecycle_tui.tui.source import Source

STATES = {
    "10,000 x 90 days": Shape(10_000, 90, columns=200),
    "100 x a year of hours": Shape(100, 8760, hourly=True, columns=60),
}
BUDGET = 50.0
"""Milliseconds that a screen may wait for its data, and a key for whatever else is done."""
BEAT = 0.01
"""Seconds between two heartbeats."""
LISTED = "down down pagedown end pageup home"
WALK = (
    ("fleet", f"{LISTED} s s s S slash 7 9 enter escape slash exclamation_mark 9 enter escape space escape"),
    ("typed", "slash m o d e l 0 7 enter escape"),
    ("groups", "o o o"),
    ("marks", "asterisk t escape x escape asterisk"),
    ("export", "ctrl+s escape"),
    ("palette", "colon 9 9 escape"),
    ("dialog", "t escape x escape F"),
    *(("model", f"enter {n} {LISTED} v down v down v s o down enter escape F") for n in range(1, 8)),
    ("map", f"enter 2 m {LISTED} right left enter escape F"),
    ("alerts", f"A {LISTED} f f enter escape F"),
    ("jobs", f"J {LISTED} f end f f down enter end escape F"),
    ("history", f"H {LISTED} f end f end f end f down enter escape F"),
    ("audit", f"U {LISTED} enter escape F"),
    ("plugins", f"P {LISTED} enter escape F"),
    ("workspace", f"W {LISTED} F"),
)
"""Where one goes, and the keys; each stretch begins and ends on the fleet."""
ROUNDS = 3


@dataclass(slots=True)
class Stopwatch:
    """What was asked, and how long it took: CPU seconds by question and by the step at which it was asked.

    Attributes:
        held: step → of each walk the longest time between two heartbeats, in CPU seconds of the whole process.
    """

    step: str = ""
    held: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    took: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def timed(self, read: Callable[..., Any], step: str, conn: Connection, *args: Any, **more: Any) -> Any:
        """In the reader's thread: answer, and note what it took."""
        begun = time.thread_time()
        try:
            return read(conn, *args, **more)
        finally:
            self.took[name(read), step].append(time.thread_time() - begun)

    async def beat(self) -> None:
        """In the event loop: note how long it was held up at each step."""
        while True:
            begun, step = time.process_time(), self.step
            await asyncio.sleep(BEAT)
            took = self.held[step]
            took[-1] = max(took[-1], time.process_time() - begun)

    def at(self, step: str) -> None:
        """A step begins."""
        self.step = step
        self.held[step].append(0.0)


def name(read: Callable[..., Any]) -> str:
    """What a question is called: its module without what all have in common, and itself."""
    plain = getattr(read, "func", read)
    return f"{plain.__module__.removeprefix('lifecycle_tui.').removeprefix('tui.')}.{plain.__qualname__}"


def reads() -> Iterator[Value]:
    """The slowest step of every question: the least of three walks, for caches and imports make the first one slow."""
    for words, shape in STATES.items():
        root, watch = kept(shape), Stopwatch()
        for _ in range(ROUNDS):
            asyncio.run(walk(root, watch))
        by_name: dict[str, dict[str, list[float]]] = defaultdict(dict)
        for (asked, step), took in watch.took.items():
            by_name[asked][step] = took
        for asked, steps in sorted(by_name.items()):
            worst = max(steps, key=lambda step: least(steps[step]))
            calls = sum(map(len, steps.values()))
            more = (
                f"after {worst}; usually {1e3 * middle(t for some in steps.values() for t in some):.1f}; {calls} times"
            )
            yield Value(f"{words}: {asked}", 1e3 * least(steps[worst]), "ms", BUDGET, more)
        worst = max(watch.held, key=lambda step: least(watch.held[step]))
        yield Value(f"{words}: keys held up", 1e3 * least(watch.held[worst]), "ms", BUDGET, f"after {worst}")


def least(took: list[float]) -> float:
    """The time of a question without what the machine added; of several in one step that of the slowest."""
    each = len(took) // ROUNDS
    if each < 1 or len(took) % ROUNDS:
        return middle(took)
    return max(min(took[n::each]) for n in range(each))


async def walk(root: Path, watch: Stopwatch) -> None:
    """Open the terminal on a state and press the keys of `WALK`, each once all is read that the last one asked for."""
    os.environ.update(
        TERM="xterm-256color", LIFECYCLE_AGENT="off", LIFECYCLE_FRESH="1", XDG_STATE_HOME=str(root / "home")
    )
    plain = Source.ask

    async def ask(self: Source, read: Callable[..., Any], *args: Any, **more: Any) -> Any:
        return await plain(self, partial(watch.timed, read, watch.step), *args, **more)  # type: ignore[arg-type]

    Source.ask = ask  # type: ignore[method-assign, assignment]
    app = start.build(root)
    try:
        async with app.run_test(size=(80, 24)) as pilot:
            watch.at("opened")
            heart = asyncio.create_task(watch.beat())
            await all_read(pilot)
            for place, keys in WALK:
                for n, key in enumerate(keys.split()):
                    watch.at(f"{place}: {' '.join(keys.split()[max(0, n - 1) : n + 1])}")
                    await pilot.press(key)
                    await all_read(pilot)
                    await asyncio.sleep(2 * BEAT)
            heart.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await heart
    finally:
        Source.ask = plain  # type: ignore[method-assign]
        app.source.close()


async def all_read(pilot: Pilot[None]) -> None:
    """Until nothing is being read any more, and what was read is shown."""
    await pilot.pause()
    while UNDER_WAY:
        await asyncio.wait(set(UNDER_WAY))
        await pilot.pause()
