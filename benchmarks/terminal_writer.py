"""A worker that never rests: it changes what the terminal shows, through the state's own writers.

    python terminal_writer.py FOLDER fleet|windows RATE MODELS WINDOWS

Started by `terminal.py` beside the program that is measured, on a copy of a state of `terminal_seed`. `fleet` writes so
many events a second, each in a transaction of its own: mostly what an evaluation found of some model, every tenth time
an alert that opens or resolves, every twentieth a window. `windows` adds windows to the first model. It runs until it
is ended.
"""

from __future__ import annotations

import random
import sys
import time
from datetime import timedelta
from pathlib import Path
from sqlite3 import Connection

from terminal_seed import BEGIN, Shape, facts

from lifecycle_tui.domain.results import Alert, WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import FragmentPart, Window
from lifecycle_tui.state import alerts, models, record
from lifecycle_tui.state.database import State


def main() -> None:
    """Write at the rate until somebody ends it."""
    folder, mode, rate, count, windows = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), *map(int, sys.argv[4:6])
    shape, chance = Shape(count, windows), random.Random(1)
    with State.open(folder) as state:
        begun, turn = time.perf_counter(), 0
        while True:
            time.sleep(max(0.0, begun + turn / rate - time.perf_counter()))
            with state.write(durable=False) as tx:
                if mode == "windows":
                    window(tx, shape, 0, windows + turn)
                else:
                    event(tx, shape, chance, turn)
            turn += 1


def event(tx: Connection, shape: Shape, chance: random.Random, turn: int) -> None:
    """One of a hundred events a second. No model's health changes, so the fleet's order stays as it is."""
    n = chance.randrange(shape.models)
    if turn % 10 == 5:
        alert(tx, shape, n - n % 6 + 4, turn)
    elif turn % 20 == 0:
        window(tx, shape, n, shape.windows + turn // 20)
    else:
        models.put_model(tx, facts(shape, n, turn))


def alert(tx: Connection, shape: Shape, n: int, turn: int) -> None:
    """An alert of a model without others opens, or resolves where it is open."""
    name, rule = shape.name(n % shape.models), "stale-data"
    open_ = [row.alert for row in alerts.open_alerts(tx, name) if row.alert.rule == rule]
    said = Alert(name, rule, "info", "open", shape.key(shape.windows - 1), shape.now, f"{turn} hours late")
    alerts.store(tx, now=shape.now, opened=() if open_ else [said], resolved=open_)


def window(tx: Connection, shape: Shape, n: int, number: int) -> None:
    """The next window of a model, and its row in the fleet."""
    start = BEGIN + number * shape.step
    key, value = f"{start:%Y-%m-%d}", 0.8 + number % 9 / 100
    made = Window(key, number, start, start + timedelta(days=1), 20_000, (FragmentPart(key, 20_000, f"{number:032x}"),))
    found = (Signal("drift.share", 0.05, n=20), Signal("drift.max", 0.1), Signal("rows", 20_000.0),
             Signal("auc", value, value - 0.05, value + 0.05, 20_000, source="auc"))  # fmt: skip
    record.record(tx, [WindowResult(shape.name(n), made, "", found, shape.now, 20_000, True)])
    models.put_model(tx, facts(shape, n, number))


if __name__ == "__main__":
    main()
