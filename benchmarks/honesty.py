"""How many alarms the honest verdicts raise while nothing is wrong, against the budget; and how soon they see a shift.

    python benchmarks/honesty.py [--cells null,power,labels,rows] [--references 200] [--columns 1000] [--check]

Worlds are drawn, not read: what the verdicts rest on are sums of scores of a window's rows (docs/statistics.md),
and for a continuous column those are sums of uniform ranks, drawn as such (as normal ones from 400 rows on, where
that is equal to the eye of any test). Windows are exchangeable with the reference's. An alarm is a model's drift
alert that opens; it closes after three clear windows. Printed are the alarms of the mean reference and of the 90th
percentile of references, as shares of the budget. `--check` ends with 1 where a mean is above 1.2, or below 0.4
where it must not be.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from benchmarks import honesty_rows
from lifecycle_tui.monitoring.alarms.labels import Labels, label_evidence
from lifecycle_tui.monitoring.alarms.parts import judge_parts
from lifecycle_tui.monitoring.alarms.yardstick import ENOUGH, LABELS, PARTS, SCALES, WEIGHT, Table, moderated

SCORED = len(PARTS) - 1
CLEAR = 3
CELLS = 400_000


@dataclass(frozen=True)
class World:
    """One cell of the simulation.

    Attributes:
        columns, rows: of each window. reference: how many windows it has.
        days: variance of the windows' location beside sampling, as a multiple of the sampling error's.
        together: share of that which all columns have in common, and of the sampling error.
        a_year: windows of a year. budget: alarms a window.
        shift: of one column from the first window on, in standard deviations of a normal column.
    """

    columns: int
    rows: int
    reference: int
    a_year: int
    budget: float
    days: float = 0.0
    together: float = 0.0
    shift: float = 0.0


def draw(world: World, windows: int, rng: np.random.Generator) -> np.ndarray:
    """Mean scores of windows: (windows, columns, scores)."""
    shape = (windows, world.columns, SCORED)
    if world.rows < 400:
        found = np.empty(shape)
        for i in range(windows):
            ranks = rng.random((world.columns, world.rows))
            for j in range(SCORED):
                found[i, :, j] = ranks.mean(axis=1)
                ranks = 1 - np.abs(1 - 2 * ranks)
    else:
        noise = rng.standard_normal(shape)
        if world.together:
            common = rng.standard_normal((windows, 1, SCORED))
            noise = np.sqrt(world.together) * common + np.sqrt(1 - world.together) * noise
        found = 0.5 + noise / np.sqrt(12 * world.rows)
    if world.days:
        own = rng.standard_normal((windows, world.columns))
        common = rng.standard_normal((windows, 1))
        day = np.sqrt(world.together) * common + np.sqrt(1 - world.together) * own
        found[:, :, 0] += day * np.sqrt(world.days / (12 * world.rows))
    return found


def table_of(world: World, means: np.ndarray) -> Table:
    """What the reference's windows say."""
    shape = (world.columns, len(PARTS))
    padded = np.full((len(means), *shape), np.nan)
    padded[:, :, :SCORED] = means
    total = world.rows * world.reference
    exact = np.where(np.isfinite(padded[0]), 1 / 12, np.nan)
    varied = world.reference >= ENOUGH
    between = padded.var(axis=0, ddof=1) if varied else np.full(shape, np.nan)
    windows = np.full(world.columns, float(world.reference if varied else 0))
    between, df = moderated(between, exact / world.rows, windows)
    return Table(
        names=tuple(f"c{i}" for i in range(world.columns)),
        n=np.full(shape, float(total)),
        mean=padded.mean(axis=0),
        variance=exact,
        skew=np.zeros(shape),
        kurtosis=np.full(shape, -1.2),
        lumpy=np.zeros(shape, bool),
        windows=windows,
        between=between,
        between_rows=np.full(shape, float(world.rows)),
        together=np.ones((world.columns, len(SCALES))),
        df=df,
        uneven=np.ones(shape),
    )


def alarms(world: World, windows: int, rng: np.random.Generator) -> tuple[int, np.ndarray]:
    """(how many alerts open, whether each window raises one) over so many windows against one reference."""
    table = table_of(world, draw(world, world.reference, rng))
    means = draw(world, windows, rng)
    if world.shift:
        means[:, 0, 0] += world.shift / (2 * np.sqrt(np.pi))
    scales = tuple(k for k in SCALES if k == 1 or k <= world.reference)
    share = world.budget / (world.columns * WEIGHT.sum() * len(scales))
    sums = np.full((windows, world.columns, len(PARTS)), np.nan)
    sums[:, :, :SCORED] = means * world.rows
    total = np.concatenate([np.zeros((1, *sums.shape[1:])), np.cumsum(sums, axis=0)])
    rolled = np.full((*sums.shape, len(scales)), np.nan)
    for at, k in enumerate(scales):
        rolled[k - 1 :, ..., at] = total[k:] - total[:-k]
    n = np.where(np.isfinite(rolled), world.rows * np.asarray(scales, float), np.nan)
    raised = np.zeros(windows, bool)
    some = max(1, CELLS // (world.columns * len(PARTS) * len(scales)))  # windows beside each other as columns are
    for first in range(0, windows, some):
        part, size = slice(first, first + some), len(rolled[first : first + some])
        many, shape = _beside(table, size), (size * world.columns, len(PARTS), len(scales))
        found = judge_parts(many, rolled[part].reshape(shape), n[part].reshape(shape), scales, 30)
        raised[part] = (np.nan_to_num(found.p, nan=1.0) <= share).any(axis=(1, 2)).reshape(size, -1).any(axis=1)
    return opened(raised), raised


def _beside(table: Table, times: int) -> Table:
    """A table that many times below itself."""
    values = {f.name: getattr(table, f.name) for f in fields(table)}
    tiled = {name: np.concatenate([v] * times) for name, v in values.items() if isinstance(v, np.ndarray)}
    return Table(**{**values, **tiled, "names": table.names * times})


def opened(raised: np.ndarray) -> int:
    """Alerts that open; one closes after `CLEAR` windows that raise nothing."""
    count, clear, is_open = 0, 0, False
    for one in raised.tolist():
        clear = 0 if one else clear + 1
        if one and not is_open:
            count, is_open = count + 1, True
        elif is_open and clear >= CLEAR:
            is_open = False
    return count


def label_alarms(kinds: int, rows: int, reference: int, budget: float, windows: int, rng: np.random.Generator) -> int:
    """The same for one column of `kinds` labels, drawn as counts."""
    law = 1 / np.arange(1, kinds + 1) ** 0.8
    law /= law.sum()
    base = rng.multinomial(rows * reference, law)
    top = np.argsort(-base, kind="stable")[:30]

    def pooled(counts: np.ndarray) -> np.ndarray:
        kept = counts[..., top]
        return np.concatenate([kept, counts.sum(-1, keepdims=True) - kept.sum(-1, keepdims=True)], -1)

    seen, of_reference = np.cumsum(pooled(rng.multinomial(rows, law, size=windows)), axis=0), pooled(base)
    scales = tuple(k for k in SCALES if k == 1 or k <= reference)
    share = budget / ((1 + WEIGHT[-1] / LABELS) * len(scales))
    raised = np.zeros(windows, bool)
    for t in range(windows):
        for k in scales:
            if k > t + 1:
                break
            counts = seen[t] - (seen[t - k] if t >= k else 0)
            found = label_evidence(Labels(of_reference, counts))
            raised[t] |= found is not None and found.p_value <= share
    return opened(raised)


DAILY, HOURLY = (365, 1 / 90), (8760, 1 / 2160)


def null_cells(columns: int) -> Iterator[tuple[str, World, bool]]:
    """(name, world, whether too few alarms count as well)."""
    for name, (a_year, budget) in (("daily", DAILY), ("hourly", HOURLY)):
        for rows in (30, 100, 5000, 1_000_000):
            for count in (1, 10, 100, columns):
                for reference in (10, 30, 240):
                    for days, together in ((0.0, 0.0), (1.0, 0.0), (1.0, 0.7)):
                        if (
                            (rows < 400 and count > 10)
                            or (reference < 30 and days)
                            or (name == "hourly" and count > 10)
                        ):
                            continue
                        world = World(count, rows, reference, a_year, budget, days, together)
                        low = rows >= 100 and reference >= 30 and not together
                        yield (
                            f"{name:6} {count:5} columns {rows:8,} rows {reference:4} windows, "
                            f"day {days:g}/{together:g}",
                            world,
                            low,
                        )


def main() -> int:
    """Simulate, print, and say whether a target was missed."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--cells", default="null,labels,power")
    words.add_argument("--references", type=int, default=200)
    words.add_argument("--expected", type=int, default=300, help="alarms that the budget allows a cell, at least")
    words.add_argument("--columns", type=int, default=1000, help="the widest cell")
    words.add_argument("--only", default="", help="cells whose name has this")
    words.add_argument("--check", action="store_true", help="end with 1 where a target is missed")
    chosen = words.parse_args()
    missed = False
    wanted = chosen.cells.split(",")
    if "null" in wanted:
        for name, world, low in null_cells(chosen.columns):
            if chosen.only in name:
                missed |= _null(name, world, low, chosen.references, chosen.expected)
    if "labels" in wanted:
        missed |= _labels(chosen.references, chosen.expected)
    if "rows" in wanted:
        for name, rows in honesty_rows.row_cells():
            if chosen.only in name:
                missed |= _rows(name, rows, chosen.references)
    if "power" in wanted:
        missed |= _power(chosen.references)
    return 1 if missed and chosen.check else 0


def _null(name: str, world: World, low: bool, references: int, expected: int) -> bool:
    begun, rng = time.process_time(), np.random.default_rng(1)
    windows = max(60, int(np.ceil(expected / references / world.budget)))
    counts = np.array([alarms(world, windows, rng)[0] for _ in range(references)])
    ratio, tall = counts.mean() / (windows * world.budget), np.percentile(counts, 90) / (windows * world.budget)
    bad = ratio > 1.2 or (low and ratio < 0.4)
    took = time.process_time() - begun
    print(
        f"{name:62} mean {ratio:5.2f}  90th {tall:5.2f}  {counts.sum():5} alarms  {took:6.1f} s "
        f"{'MISSED' if bad else ''}",
        flush=True,
    )
    return bad


def _rows(name: str, world: honesty_rows.RowWorld, references: int, windows: int = 40) -> bool:
    rng, allowed = np.random.default_rng(5), references * windows * honesty_rows.BUDGET
    counts = np.array([honesty_rows.row_alarms(world, windows, rng) for _ in range(references)])
    ratio, error = counts.sum() / allowed, np.sqrt(max(1, counts.sum())) / allowed
    bad = bool(ratio - 2 * error > 1.2)
    print(f"{name:45} mean {ratio:5.2f} ± {error:.2f}  {counts.sum()} alarms {'MISSED' if bad else ''}", flush=True)
    return bad


def _labels(references: int, expected: int) -> bool:
    missed = False
    for kinds in (2, 5, 30, 200, 1000):
        for rows in (30, 300, 5000):
            rng, (_, budget) = np.random.default_rng(2), DAILY
            windows = int(np.ceil(expected / references / budget))
            total = sum(label_alarms(kinds, rows, 10, budget, windows, rng) for _ in range(references))
            ratio = total / (references * windows * budget)
            missed |= ratio > 1.2
            print(
                f"{kinds:5} labels {rows:6,} rows: mean {ratio:5.2f}  {total} alarms {'MISSED' if ratio > 1.2 else ''}",
                flush=True,
            )
    return missed


def _power(references: int) -> bool:
    missed = False
    cases = [
        ("0.2 σ, 100 columns daily, next window", World(100, 5000, 10, *DAILY, shift=0.2), 1, 0.99),
        ("0.05 σ, 100 columns daily, within 7 days", World(100, 5000, 10, *DAILY, shift=0.05), 7, 0.85),
        ("0.05 σ, 100 columns daily, within 14 days", World(100, 5000, 10, *DAILY, shift=0.05), 14, 0.98),
        ("0.2 σ, 1,000 columns hourly, within 24 h", World(1000, 208, 240, *HOURLY, shift=0.2), 24, 0.99),
    ]
    for name, world, windows, least in cases:
        rng = np.random.default_rng(3)
        seen = np.mean([alarms(world, windows, rng)[1].any() for _ in range(references)])
        missed |= bool(seen < least)
        print(f"{name:44} seen {seen:6.1%}  wanted {least:.0%} {'MISSED' if seen < least else ''}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
