"""What `lifecycle drift` costs: CPU time of whole processes, as a ratio to decoding the same files and doing nothing.

    python benchmarks/drift.py                                  # 100k × 20, five rounds
    python benchmarks/drift.py --rows 1000000 --columns 50
    python benchmarks/drift.py --limit limit.py                 # also against another program
    python benchmarks/drift.py --data DIR                       # files that are there already

Programs take turns, so that a busy machine burdens all of them alike; figures are medians of user + system time with
bytecode compiled. The other program is called as `python PATH --data DIR --out FILE --mode hist` on a folder with
`reference.parquet` and `current.parquet`.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 262_144

READ = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
import numpy
import pyarrow.parquet as pq
paths, local = sys.argv[1:3], threading.local()
text = [f.name for f in pq.read_schema(paths[0]) if str(f.type) == "string"]
def read(name):
    if not hasattr(local, "files"):
        local.files = [pq.ParquetFile(p, read_dictionary=text, memory_map=True) for p in paths]
    for file in local.files:
        file.read(columns=[name], use_threads=False)
with ThreadPoolExecutor(2) as pool:
    list(pool.map(read, pq.read_schema(paths[0]).names))
"""

ENGINE = """
import json, sys
from pathlib import Path
from lifecycle_tui.monitoring.files import as_json, compare_files
drift = compare_files(Path(sys.argv[1]), Path(sys.argv[2]))
Path(sys.argv[3]).write_text(json.dumps(as_json(drift)))
"""


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.data or Path(scratch)
        if options.data is None:
            _generate(folder, options.rows, options.columns)
        files = [str(folder / f"{side}.parquet") for side in ("reference", "current")]
        out = str(Path(scratch) / "out.json")
        programs = {
            "read and decode only": [sys.executable, "-c", READ, *files],
            "engine (compare_files)": [sys.executable, "-c", ENGINE, *files, out],
            "lifecycle drift": [sys.executable, "-m", "lifecycle_tui", "drift", *files, "--format", "json"],
        }
        if options.limit:
            programs[options.limit.name] = [
                sys.executable, str(options.limit), "--data", str(folder), "--out", out, "--mode", "hist",
            ]  # fmt: skip
        _report(_measure(programs, options.rounds))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, help="folder with reference.parquet and current.parquet")
    parser.add_argument("--limit", type=Path, help="another program to compare with")
    return parser.parse_args()


def _generate(folder: Path, rows: int, columns: int) -> None:
    """Numbers of eight shapes and categories of 5 to 5,000 labels, four to one; every second column drifts."""
    for side, name in enumerate(("reference", "current")):
        table = {f"c{i:02d}": _column(i, side, rows) for i in range(columns)}
        pq.write_table(pa.table(table), folder / f"{name}.parquet", row_group_size=ROW_GROUP)


def _column(i: int, side: int, n: int) -> pa.Array:
    rng = np.random.default_rng([i, side])
    moved = 0.1 if side and i % 2 else 0.0
    if i % 5 == 4:
        labels = (5, 50, 500, 5_000)[i // 5 % 4]
        weights = 1 / np.arange(1, labels + 1) ** (0.9 + moved)
        codes = rng.choice(labels, n, p=weights / weights.sum()).astype(np.int32)
        return pa.DictionaryArray.from_arrays(codes, [f"label {k}" for k in range(labels)]).dictionary_decode()
    draw = (
        lambda: rng.normal(10 + moved, 3, n),
        lambda: rng.lognormal(3 + moved, 0.8, n),
        lambda: rng.standard_t(3, n) + moved,
        lambda: rng.poisson(20 + 5 * moved, n),
        lambda: rng.random(n) * (100 + moved),
        lambda: rng.standard_t(1.5, n) * (5 + moved),
        lambda: np.round(rng.normal(50 + moved, 10, n), 2),
        lambda: rng.binomial(11, 0.5 + moved / 10, n),
    )[(i - i // 5) % 8]
    values = draw()
    return pa.array(values, mask=rng.random(n) < 0.02 if values.dtype.kind == "f" else None)


def _measure(programs: dict[str, list[str]], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """(CPU seconds, wall seconds) of each round; the first round of each warms up and is not counted."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for turn in range(rounds + 1):
        for name, command in list(programs.items()):
            timed = _time(command)
            if timed is None:
                print(f"{name}: failed, left out", file=sys.stderr)
                del programs[name], found[name]
            elif turn:
                found[name].append(timed)
    return found


def _time(command: list[str]) -> tuple[float, float] | None:
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):  # 1: drift was found
        print(done.stderr.decode(errors="replace")[-500:], file=sys.stderr)
        return None
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def _report(found: dict[str, list[tuple[float, float]]]) -> None:
    base = statistics.median(cpu for cpu, _ in found["read and decode only"])
    other = next((name for name in found if name.endswith(".py")), None)
    limit = statistics.median(cpu for cpu, _ in found[other]) if other else None
    print(f"{'program':26} {'CPU s':>7} {'wall s':>7} {'/ read':>7}" + (f" {'/ ' + other:>12}" if other else ""))
    for name, times in found.items():
        cpu, wall = (statistics.median(t[k] for t in times) for k in (0, 1))
        line = f"{name:26} {cpu:7.3f} {wall:7.3f} {cpu / base:7.2f}"
        print(line + (f" {cpu / limit:12.2f}" if limit else ""))


if __name__ == "__main__":
    main()
