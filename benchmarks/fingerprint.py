"""What the fingerprint of training rows costs: MB/s, and as a ratio to plain SHA-256 over as many bytes.

    python benchmarks/fingerprint.py [--rows 2000000] [--rounds 5] [--check]

Half the columns are numbers with some missing, the rest labels and text. `--check` ends with 1 below 500 MB/s.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from lifecycle_tui.training.fingerprint import fingerprint

LEAST = 500.0


def rows(n: int) -> pa.Table:
    rng = np.random.default_rng(0)
    numbers = {f"x{i}": pa.array(rng.normal(size=n), mask=rng.random(n) < 0.05 * (i % 2)) for i in range(8)}
    labels = {f"c{i}": pa.array(rng.choice(["a", "bb", "ccc"], n)).dictionary_encode() for i in range(4)}
    text = {"note": pa.array(rng.integers(0, 10**9, n).astype(str)).cast(pa.string())}
    whole = {f"k{i}": pa.array(rng.integers(0, 1000, n)) for i in range(4)}
    return pa.table(numbers | labels | text | whole)


def seconds(work: Callable[[], object], rounds: int) -> float:
    spent = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begin)
    return statistics.median(spent)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    table = rows(given.rows)
    target, instants = np.zeros(given.rows), np.arange(given.rows)
    size = (table.nbytes + target.nbytes + instants.nbytes) / 1e6
    flat = bytes(int(size * 1e6))
    ours = seconds(lambda: fingerprint(table, target, instants), given.rounds)
    plain = seconds(lambda: hashlib.sha256(flat).digest(), given.rounds)
    print(f"{size:,.0f} MB: {size / ours:,.0f} MB/s; SHA-256 alone {size / plain:,.0f} MB/s; ratio {ours / plain:.2f}")
    return 1 if given.check and size / ours < LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
