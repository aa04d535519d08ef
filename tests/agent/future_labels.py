"""Data with labels from the future planted in it, and a search for them in everything that a workspace keeps.

A shop of numbers around 0. At each instant of a simulated clock `write` lays out the files as they could be found then:
every label that has not arrived is `PLANT`, and so are label and features of every row after the clock. Whatever
used one of them shows a number of that size: `absurd` looks for it in every table of state, in stored profiles, and in
what the versions say.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from lifecycle_tui.profiles.codec import load as load_profile
from lifecycle_tui.profiles.codec import load_grid
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.state.database import State
from lifecycle_tui.training.artefact import load
from tests.agent.conftest import Space

PLANT = 1e9
BEGIN = datetime(2025, 1, 6, tzinfo=UTC)
REFERENCE = timedelta(weeks=8)
WINDOW = timedelta(weeks=1)
DELAY = 2 * WINDOW
EARLY = timedelta(days=4)
DAYS, PER_DAY = 150, 4

TOML = """\
[models.shop]
task = "regression"
[models.shop.data]
table = "rows.csv"
reference = {{ until = {until:%Y-%m-%d} }}
window = "1 week"
{labels}
[models.shop.columns]
id = "id"
timestamp = "ts"
target = "y"
numeric = ["x"]
categorical = ["c"]
[models.shop.monitor]
metrics = ["mae", "rmse"]
{more}
"""

_NOT_NUMBERS = {"pid", "started", "process_started", "size", "seq", "parent_pid"}
"""Columns of whole numbers that may be large for their own reasons."""


@dataclass(frozen=True)
class Labels:
    """How labels get to the model.

    Attributes:
        table: they have a table of their own; else they are a column beside the features.
        dated: "arrived" (a column says when), "delay" (two windows after the row), "both" (a column says when, and only
            after the delay are all there), or "" (nothing says; with the row).
    """

    table: bool
    dated: str

    @property
    def delay(self) -> timedelta:
        """From a row to its label, where that is the same for every row; for `arrived` the longest."""
        return DELAY if self.dated else timedelta(0)

    @property
    def least(self) -> timedelta:
        """From a row to the instant from which it may be learned from."""
        return self.delay - (EARLY if self.dated == "arrived" else timedelta(0))

    @property
    def says(self) -> bool:
        """Whether a column says when each label arrived."""
        return self.dated in ("arrived", "both")

    def __str__(self) -> str:
        return f"{'table' if self.table else 'column'}-{self.dated or 'undated'}"

    def declared(self) -> str:
        """The line of the file."""
        keys = ['path = "labels.csv", on = "id"'] if self.table else []
        keys += ['arrived = "known_at"'] if self.says else []
        keys += ['delay = "14d"'] if self.dated in ("delay", "both") else []
        return f"labels = {{ {', '.join(keys)} }}" if keys else ""

    def arrival(self, day: int, i: int) -> datetime:
        """When the label of a row arrives; of `arrived` labels some are early."""
        early = (day + i) % 5 * EARLY / 4 if self.says else timedelta(0)
        return time_of(day, i) + self.delay - early


EVERY = tuple(Labels(table, dated) for table in (False, True) for dated in ("arrived", "delay", "both", ""))


def time_of(day: int, i: int) -> datetime:
    """The instant of a row."""
    return BEGIN + timedelta(days=day, hours=24 / PER_DAY * i)


def write(space: Space, labels: Labels, clock: datetime, more: str = "", plant: float = PLANT) -> None:
    """The files as of an instant, with plants wherever nobody can know yet; the clock is set to it."""
    space.clock.instant = clock
    until = BEGIN + REFERENCE - timedelta(days=1)
    space.write("lifecycle.toml", TOML.format(until=until, labels=labels.declared(), more=more))
    rng = random.Random(7)
    rows, told = [], []
    for day in range(DAYS):
        for i in range(PER_DAY):
            x, c, noise = rng.gauss(0, 1), rng.choice("ab"), rng.gauss(0, 0.3)
            at, arrival, id_ = time_of(day, i), labels.arrival(day, i), f"r{day:03d}{i}"
            slope = 1 if day < 90 else 2  # so that there is something to retrain for
            y = slope * x + (c == "b") + noise if arrival <= clock else plant
            row = [id_, f"{at:%Y-%m-%d %H:%M:%S}", f"{x if at <= clock else plant:.4f}", c]
            known = f"{arrival:%Y-%m-%d %H:%M:%S}"
            if not labels.table:
                row += [f"{y:.4f}", *([known] if labels.says else [])]
            elif arrival <= clock or not labels.dated:
                told.append(f"{id_},{y:.4f},{known}")
            if labels.table and labels.dated:
                # Also of rows that have their label: corrections that will arrive in a minute, or any time.
                later = max(arrival, clock + timedelta(minutes=1 + i))
                if labels.says or arrival > clock:
                    told.append(f"{id_},{plant:.4f},{later:%Y-%m-%d %H:%M:%S}")
            rows.append(",".join(row))
    own = "" if labels.table else ",y,known_at" if labels.says else ",y"
    space.write("rows.csv", "\n".join([f"id,ts,x,c{own}", *rows]) + "\n")
    if labels.table:
        space.write("labels.csv", "\n".join(["id,y,known_at", *told]) + "\n")


def absurd(space: Space) -> list[str]:
    """Everything in the workspace's state that shows a planted label: where, and what."""
    found = []
    with State.open(space.root) as state, state.read() as conn:
        tables = [n for (n,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            if table == "fragments":
                continue  # what the files are like (times of rows, digests), not what anybody concluded
            columns = [c[1] for c in conn.execute(f'PRAGMA table_info("{table}")')]
            for row in conn.execute(f'SELECT * FROM "{table}"'):
                for column, value in zip(columns, row, strict=True):
                    found += [f"{table}.{column}: {said}" for said in _large(column, value)]
        grids = {name: load_grid(data) for name, data in conn.execute("SELECT grid, data FROM grids")}
        for table in ("profiles", "reference_profiles"):
            for column, grid, data in conn.execute(f'SELECT "column", grid, data FROM {table}'):
                profile = load_profile(data, grids.get(grid))
                reach = getattr(profile, "maximum", 0.0)
                if reach > PLANT / 1000:
                    found.append(f"{table}: {column} reaches {reach}")
        artifacts = [d for (d,) in conn.execute("SELECT artifact FROM versions WHERE artifact IS NOT NULL")]
    table = pa.table({"x": np.linspace(-3, 3, 61), "c": pa.array(["a"] * 61).dictionary_encode()})
    for digest in artifacts:
        said = np.abs(load(Artifacts(space.root).get(digest)).predict(table).prediction).max()
        if said > 1000:
            found.append(f"artefact {digest[:12]}: it predicts {said}")
    return found


def _large(column: str, value: Any) -> Iterator[str]:
    """Numbers of a planted label's size in a cell."""
    if isinstance(value, str):
        if re.search(r"(?<![\w.])1(,?0{3}){2,3}\b|(?<![\w.])\d[\d.]*e\+?0?[789]\b", value):
            yield value[:200]
        if value.startswith(("[", "{")):
            yield from _inside(json.loads(value))
    elif isinstance(value, int | float) and column not in _NOT_NUMBERS and abs(value) > PLANT / 1000:
        yield str(value)


def _inside(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "errors" and isinstance(inner, list) and list(map(type, inner)) == [list, list]:
                yield from _inside(inner[1])  # times in microseconds, then what was wrong at them
            elif name not in _NOT_NUMBERS:
                yield from _inside(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _inside(inner)
    elif isinstance(value, int | float) and abs(value) > PLANT / 1000:
        yield str(value)


def trained_on(space: Space) -> list[tuple[datetime, datetime | None]]:
    """(made at, end of the rows it was trained on) of every version."""
    with State.open(space.root) as state, state.read() as conn:
        found = conn.execute("SELECT created_at, data_end FROM versions ORDER BY number").fetchall()
    return [(_instant(made), None if end is None else _instant(end)) for made, end in found]


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
