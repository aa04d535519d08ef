"""A yardstick for `drift.py`: about the least work that gives KS, PSI and chi-square of two Parquet files.

    python drift_limit.py --data DIR --out OUT.json --mode hist|stream|fit|cached

hist: a column of both files at a time, counted on 65,536 cells; the values in cells where the KS distance can still be
larger are sorted. stream: a row group at a time, counts alone; the distance as an interval. fit: the counts of
`reference.parquet` written to DIR/limit-profile. cached: as stream, with those counts. No command line, no checks of
what is in the files, no kinds, no text, no infinities, no words: what a program adds to this is what it costs.
"""

from __future__ import annotations

import argparse
import json
import math
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

CELLS = 65_536
BLOCK = 32_768


class Column:
    """One column of a file: its arrays, a row group at a time; each thread has its own reader."""

    def __init__(self, path: Path, mapped: bool) -> None:
        self.path, self.mapped, self.local = path, mapped, threading.local()
        schema = pq.read_schema(path)
        self.names = schema.names
        self.text = [f.name for f in schema if pa.types.is_string(f.type)]

    def arrays(self, name: str):
        if not hasattr(self.local, "file"):
            self.local.file = pq.ParquetFile(self.path, read_dictionary=self.text, memory_map=self.mapped)
        file = self.local.file
        for group in range(file.num_row_groups):
            yield from file.read_row_group(group, columns=[name], use_threads=False).column(0).chunks

    def values(self, name: str):
        for array in self.arrays(name):
            found = present(array)
            if found.dtype.kind == "f":
                gaps = np.isnan(found)
                found = found[~gaps] if gaps.any() else found
            yield found


def present(array: pa.Array) -> np.ndarray:
    """What is not null, without pyarrow.compute."""
    bits, values = array.buffers()
    found = np.frombuffer(values, array.type.to_pandas_dtype())[array.offset : array.offset + len(array)]
    if not array.null_count:
        return found
    valid = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")
    return found[valid[array.offset : array.offset + len(array)].view(bool)]


class Grid:
    def __init__(self, values: np.ndarray) -> None:
        low, high = np.quantile(values[:: max(1, len(values) // 8192)].astype(float), [0.002, 0.998])
        margin = (high - low) * 0.05
        self.low, self.scale = low - margin, CELLS / max(high - low + 2 * margin, 1e-300)

    def index(self, values: np.ndarray) -> np.ndarray:
        out, room = np.empty(len(values), np.uint16), np.empty(min(BLOCK, len(values)))
        for start in range(0, len(values), BLOCK):
            block = values[start : start + BLOCK]
            work = room[: len(block)]
            np.subtract(block, self.low, out=work)
            np.multiply(work, self.scale, out=work)
            out[start : start + BLOCK] = np.clip(work, 0, CELLS - 1, out=work)
        return out


def labels(column: Column, name: str) -> dict[str, int]:
    counts: dict[str, int] = {}
    for array in column.arrays(name):
        found = np.bincount(present(array.indices), minlength=len(array.dictionary)).tolist()
        for label, count in zip(array.dictionary.to_pylist(), found, strict=True):
            counts[label] = counts.get(label, 0) + count
    return counts


def bounds(first: np.ndarray, second: np.ndarray):
    n, m = int(first.sum()), int(second.sum())
    f, g = np.cumsum(first) / n, np.cumsum(second) / m
    low = float(np.abs(f - g).max())
    reach = np.maximum(f - np.append(0, g[:-1]), g - np.append(0, f[:-1]))
    reach[(first == 0) | (second == 0)] = 0
    return low, max(low, float(reach.max())), reach > low


def refined(x, y, at_x, at_y, first, second, low, open_cells) -> float:
    u, v = np.sort(x[open_cells[at_x]]), np.sort(y[open_cells[at_y]])
    inside = np.flatnonzero(open_cells)
    best = low
    for own, other, mine, theirs in ((u, v, first, second), (v, u, second, first)):
        skipped = np.repeat(np.cumsum(np.where(open_cells, 0, mine))[inside], mine[inside])
        over = np.repeat(np.cumsum(np.where(open_cells, 0, theirs))[inside], mine[inside])
        most = np.repeat(np.cumsum(theirs[inside]), mine[inside])
        f = (np.searchsorted(own, own, "right") + skipped) / mine.sum()
        g = (np.minimum(np.searchsorted(other, own, "right"), most) + over) / theirs.sum()
        best = max(best, float(np.abs(f - g).max(initial=0)))
    return best


def numbers(mode: str, name: str, before: Column | None, after: Column, known=None) -> dict:
    if mode == "hist":
        assert before is not None
        x, y = (np.concatenate(list(side.values(name))) for side in (before, after))
        grid = Grid(x)
        at_x, at_y = grid.index(x), grid.index(y)
        first, second = np.bincount(at_x, minlength=CELLS), np.bincount(at_y, minlength=CELLS)
        low, high, open_cells = bounds(first, second)
        if high > low:
            low = high = refined(x, y, at_x, at_y, first, second, low, open_cells)
    else:
        grid, first = known or counted(before, name)
        second = counted(after, name, grid)[1]
        low, high, _ = bounds(first, second)
    n, m = int(first.sum()), int(second.sum())
    t = low * math.sqrt(n * m / (n + m))
    p = min(1.0, 2 * sum((-1) ** (k - 1) * math.exp(-2.0 * k * k * t * t) for k in range(1, 101))) if t > 0.2 else 1.0
    through = np.cumsum(first)
    cuts = np.unique(np.append(0, np.searchsorted(through, through[-1] * np.arange(1, 10) / 10) + 1))
    cuts = cuts[cuts < CELLS]
    return {"ks": [low, high], "p": p, "psi": psi(np.add.reduceat(first, cuts), np.add.reduceat(second, cuts))}


def counted(column: Column, name: str, grid: Grid | None = None):
    counts = np.zeros(CELLS, np.int64)
    for values in column.values(name):
        grid = grid or Grid(values)
        counts += np.bincount(grid.index(values), minlength=CELLS)
    return grid, counts


def categories(before: dict[str, int], after: dict[str, int]) -> dict:
    names = list({**before, **after})
    table = np.array([[side.get(k, 0) for k in names] for side in (before, after)], float)
    expected = table.sum(1, keepdims=True) * table.sum(0) / table.sum()
    with np.errstate(invalid="ignore"):
        return {"chi2": float(np.nansum((table - expected) ** 2 / expected)), "psi": psi(*table)}


def psi(first: np.ndarray, second: np.ndarray) -> float:
    p, q = np.maximum(first / first.sum(), 1e-4), np.maximum(second / second.sum(), 1e-4)
    return float(((q - p) * np.log(q / p)).sum())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mode", choices=("hist", "stream", "fit", "cached"), default="hist")
    options = parser.parse_args()
    mode, stored = options.mode, options.data / "limit-profile"
    before, after = (Column(options.data / f"{side}.parquet", mode == "hist") for side in ("reference", "current"))
    known = pickle.loads(stored.read_bytes()) if mode == "cached" else {}  # of our own making

    def one(name: str):
        text = name in after.text
        if mode == "fit":
            return labels(before, name) if text else counted(before, name)
        if text:
            return categories(known[name] if known else labels(before, name), labels(after, name))
        return numbers(mode, name, before, after, known.get(name))

    with ThreadPoolExecutor(2) as pool:
        found = dict(zip(after.names, pool.map(one, after.names), strict=True))
    if mode == "fit":
        stored.write_bytes(pickle.dumps(found))
    else:
        options.out.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
