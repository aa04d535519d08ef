"""How many alarms real rows raise while nothing is wrong: the whole way from rows to alerts, against the budget.

    python benchmarks/honesty.py --cells rows [--references 60] [--only ties]

`honesty.py` draws sums; here rows are drawn, profiled on the reference's grid, measured by the detectors that ship as
defaults, added to the windows before, judged, and turned into alerts: ties, heavy tails, rare labels, missing values,
windows of unequal sizes, windows that fill, columns that are absent. The budget is 0.05 a window, so that a cell takes
a minute.
Called by `benchmarks.honesty` and a slow test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from lifecycle_tui.builtin.detectors import chi2, ks, missing, psi, unseen
from lifecycle_tui.domain.signals import ColumnKind
from lifecycle_tui.monitoring.adding import Adding
from lifecycle_tui.monitoring.alarms.calibrated import spreads
from lifecycle_tui.monitoring.alarms.yardstick import MOST_SUMMED, Sums, Yardstick
from lifecycle_tui.monitoring.columns import ColumnData, Judging, measure_columns
from lifecycle_tui.monitoring.instruments import Instrument, Instruments
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.policy.budget import FILLING
from lifecycle_tui.profiles.profiler import Profiler

BUDGET = 0.05
"""Alarms a window."""

Draw = Callable[[np.random.Generator, int, float], np.ndarray]
"""(generator, rows, the window's own shift) → values; NaN and None are missing."""


@dataclass(frozen=True)
class RowWorld:
    """One cell.

    Attributes:
        columns: what each is drawn from.
        rows: of a window; `unequal`: windows have this many, or ten times fewer by half.
        reference: how many windows it has.
        days: standard deviation of the windows' own shift, handed to `Draw`; in standard errors of a mean.
        looks: how often a window is looked at while it fills, before it is complete.
        absent: chance that a column is absent from a window.
        growth: windows have so many times more rows than those of the reference.
    """

    columns: tuple[Draw, ...]
    rows: int
    reference: int
    days: float = 0.0
    unequal: bool = False
    looks: int = 0
    absent: float = 0.0
    growth: float = 1.0


def _instrument(built_in: Any) -> Instrument:
    found: list[Any] = []
    built_in.register_detectors(found.append)
    (cls,) = found
    return Instrument(PluginInfo("detector", cls.name, "builtin", "", kinds=cls.kinds, takes=cls.takes), {"": cls()})


DEFAULTS = Instruments(tuple(_instrument(of) for of in (psi, ks, chi2, missing, unseen)), ())


def row_alarms(world: RowWorld, windows: int, rng: np.random.Generator) -> int:
    """Alerts that open over so many windows against one reference."""
    parts = [_rows(world, rng, 1.0) for _ in range(world.reference)]
    whole = [np.concatenate([p[i] for p in parts]) for i in range(len(world.columns))]
    reference = {f"c{i}": _profile(values, None) for i, values in enumerate(whole)}
    grids = {name: getattr(column.profile, "grid", None) for name, column in reference.items()}
    profiles = {name: column.profile for name, column in reference.items()}
    plain = Yardstick.of(profiles)
    sums = [plain.sums({n: c.profile for n, c in _profiled(p, grids).items()}) for p in parts]
    yardstick = Yardstick.of(profiles, spreads(plain, sums, neighbours=True))
    past: list[Sums] = []
    count, clear, is_open = 0, 0, False
    for _ in range(windows):
        rows = _rows(world, rng, world.growth)
        raised = False
        for look in range(1, world.looks + 1):
            first = [values[: len(values) * look // (world.looks + 1)] for values in rows]
            if len(first[0]):
                raised |= _judged(_profiled(first, grids), reference, yardstick, past, BUDGET / FILLING)[0]
        absent = {f"c{i}" for i in range(len(rows)) if rng.random() < world.absent}
        found, own = _judged(_profiled(rows, grids, absent), reference, yardstick, past, BUDGET * (1 - 1 / FILLING))
        raised |= found
        past = [own, *past][:MOST_SUMMED]
        clear = 0 if raised else clear + 1
        if raised and not is_open:
            count, is_open = count + 1, True
        elif is_open and clear >= 3:
            is_open = False
    return count


def _judged(
    window: dict[str, ColumnData],
    reference: dict[str, ColumnData],
    yardstick: Yardstick,
    past: list[Sums],
    alpha: float,
) -> tuple[bool, Sums]:
    compared = {name: column for name, column in reference.items() if name in window}
    adding = Adding(yardstick, tuple(past))
    found = measure_columns(compared, window, DEFAULTS, Judging(alpha), adding=adding)
    return any(v.state == "drifted" for v in found.verdicts.values()), found.sums


def _rows(world: RowWorld, rng: np.random.Generator, growth: float) -> list[np.ndarray]:
    rows = int(world.rows * growth)
    if world.unequal and rng.random() < 0.5:
        rows //= 10
    shift = world.days * rng.standard_normal() / np.sqrt(world.rows)
    return [draw(rng, rows, shift) for draw in world.columns]


def _profile(values: np.ndarray, grid: Any) -> ColumnData:
    kind: ColumnKind = "numeric" if values.dtype == np.float64 else "categorical"
    profiler = Profiler(kind, grid) if kind == "numeric" else Profiler(kind)
    profiler.update(pa.array(values) if kind == "numeric" else pa.array(values.astype(str)))
    return ColumnData(kind, profiler.result())


def _profiled(rows: list[np.ndarray], grids: dict[str, Any], absent: set[str] | None = None) -> dict[str, ColumnData]:
    found = {f"c{i}": _profile(values, grids[f"c{i}"]) for i, values in enumerate(rows)}
    return {name: column for name, column in found.items() if name not in (absent or set())}


# ---- what columns are drawn from


def normal(rng: np.random.Generator, n: int, shift: float) -> np.ndarray:
    return rng.standard_normal(n) + shift


def heavy(rng: np.random.Generator, n: int, shift: float) -> np.ndarray:
    return rng.standard_t(1.5, n) + shift


def lognormal(rng: np.random.Generator, n: int, shift: float) -> np.ndarray:
    return np.exp(rng.standard_normal(n) + shift)


def integers(rng: np.random.Generator, n: int, shift: float) -> np.ndarray:
    return np.clip(np.floor(6 * rng.random(n) + shift), 0, 5)


def zeros(rng: np.random.Generator, n: int, shift: float) -> np.ndarray:
    return np.where(rng.random(n) < 0.9 - 0.3 * shift, 0.0, rng.exponential(size=n))


def rounded(rng: np.random.Generator, n: int, shift: float) -> np.ndarray:
    return np.round(2 * (rng.standard_normal(n) + shift)) / 2


def constant(rng: np.random.Generator, n: int, shift: float) -> np.ndarray:
    """A flag that one row in a thousand has."""
    return (rng.random(n) < 0.001 * np.exp(shift)).astype(np.float64)


def lacking(share: float) -> Draw:
    def draw(rng: np.random.Generator, n: int, shift: float) -> np.ndarray:
        return np.where(rng.random(n) < share * np.exp(shift), np.nan, rng.standard_normal(n))

    return draw


def zipf(kinds: int, power: float = 1.0) -> Draw:
    """Labels; a shift turns the frequent half against the rare one."""
    law = 1 / np.arange(1, kinds + 1) ** power
    tilt = np.where(np.arange(kinds) % 2, 1.0, -1.0)

    def draw(rng: np.random.Generator, n: int, shift: float) -> np.ndarray:
        own = law * np.exp(shift * tilt)
        return rng.choice(kinds, n, p=own / own.sum())

    return draw


def one_of(kinds: int) -> Draw:
    """Equally frequent labels, of which days move one against all others."""

    def draw(rng: np.random.Generator, n: int, shift: float) -> np.ndarray:
        own = np.ones(kinds)
        own[0] = np.exp(shift * np.sqrt(kinds))
        return rng.choice(kinds, n, p=own / own.sum())

    return draw


CONTINUOUS, TIED = (normal, heavy, lognormal), (integers, zeros, rounded, constant)
LABELS = (zipf(2), zipf(30), zipf(1000))


def row_cells() -> Iterator[tuple[str, RowWorld]]:
    """(name, world)."""
    kinds = {
        "continuous": CONTINUOUS, "ties": TIED, "missing": (lacking(0.001), lacking(0.01), lacking(0.3)),
        "labels": LABELS, "two labels": (zipf(2),), "1,000 labels": (zipf(1000),),
    }  # fmt: skip
    for kind, columns in kinds.items():
        for rows in (30, 100, 1000):
            for reference in (3, 10, 25):
                yield f"{kind}, {rows:,} rows, {reference} windows", RowWorld(columns, rows, reference)
    mixed = (normal, integers, zeros, lacking(0.01), zipf(2), zipf(30))
    yield "reference smaller than a window", RowWorld(mixed, 300, 3, growth=10.0)
    yield "windows that fill", RowWorld(mixed, 500, 10, looks=12)
    yield "absent columns", RowWorld(mixed, 200, 10, absent=0.3)
    yield "unequal windows", RowWorld(mixed, 500, 25, unequal=True)
    yield "few unequal windows", RowWorld(mixed, 500, 10, unequal=True)
    for days in (1.0, 3.0):
        yield f"days {days:g}, continuous", RowWorld((normal,), 300, 25, days=days)
        yield f"days {days:g}, ties", RowWorld((integers, zeros), 300, 25, days=days)
        yield f"days {days:g}, two labels", RowWorld((zipf(2),), 300, 25, days=days)
        yield f"days {days:g}, 30 labels", RowWorld((zipf(30),), 300, 25, days=days)
        yield f"days {days:g}, one of 30 labels", RowWorld((one_of(30),), 300, 25, days=days)
        yield f"days {days:g}, missing", RowWorld((lacking(0.3),), 300, 25, days=days)
        yield f"days {days:g}, unequal", RowWorld((normal, zipf(5)), 300, 25, days=days, unequal=True)
        yield f"days {days:g}, five times the rows", RowWorld((normal, zipf(5)), 300, 25, days=days, growth=5.0)
