"""What `lifecycle drift` costs: CPU time and memory of whole processes, as ratios to a yardstick on the same files.

    python benchmarks/drift.py                                  # 100k × 20, five rounds
    python benchmarks/drift.py --rows 1000000 --columns 50
    python benchmarks/drift.py --rows 10000000 --rounds 3       # the streaming yardstick is the one to look at
    python benchmarks/drift.py --peer evidently=ENV/bin/python --peer frouros=ENV/bin/python
    python benchmarks/drift.py --limit limit.py                 # also another yardstick
    python benchmarks/drift.py --data DIR                       # files that are there already

Programs take turns, so that a busy machine burdens all of them alike. CPU is user + system time with bytecode compiled:
the median and the spread of the rounds; memory is the largest resident size, mapped pages included. Ratios are taken
round by round, and the median is shown. The yardstick is `drift_limit.py`, the peers `drift_peers.py`; a peer needs an
interpreter that has it. Another yardstick is called as `python PATH --data DIR --out FILE --mode MODE [--profile DIR]`
on a folder with `reference.parquet` and `current.parquet`, in the modes hist, stream, fit and cached1.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

HERE = Path(__file__).resolve().parent
ROW_GROUP = 262_144
LIFECYCLE = [sys.executable, "-m", "lifecycle_tui"]
IMPORTS = """
import resource, numpy, pyarrow.parquet
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@dataclass(frozen=True)
class Run:
    """CPU seconds, wall seconds, and the largest resident size in MB of one process."""

    cpu: float
    wall: float
    memory: float


def main() -> None:
    if sys.argv[1:2] == ["--generate"]:
        _generate(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
        return
    options = _options()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.data or Path(scratch)
        if options.data is None:  # in a process of its own: children would inherit this one's largest size
            size = [str(options.rows), str(options.columns)]
            subprocess.run([sys.executable, __file__, "--generate", str(folder), *size], check=True)
        programs = _programs(folder, Path(scratch), options)
        imports = float(subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, check=True).stdout)
        _report(_measure(programs, options.rounds), imports)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, help="folder with reference.parquet and current.parquet")
    parser.add_argument("--limit", type=Path, help="another yardstick to compare with")
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PYTHON", help="a peer and its interpreter")
    return parser.parse_args()


def _programs(folder: Path, scratch: Path, options: argparse.Namespace) -> dict[str, list[str]]:
    """What is run, by name. Stored profiles are made first and are not measured."""
    before, after = (str(folder / f"{side}.parquet") for side in ("reference", "current"))
    profile, out = str(scratch / "reference.profile"), str(scratch / "out.json")
    subprocess.run([*LIFECYCLE, "profile", before, "-o", profile], check=True, capture_output=True)
    programs = {
        "lifecycle drift": [*LIFECYCLE, "drift", before, after, "--format", "json"],
        "lifecycle drift --fast": [*LIFECYCLE, "drift", before, after, "--format", "json", "--fast"],
        "lifecycle drift PROFILE": [*LIFECYCLE, "drift", profile, after, "--format", "json"],
    }
    for path, stored in ((HERE / "drift_limit.py", "cached"), (options.limit, "cached1")):
        if path is None:
            continue
        call = [sys.executable, str(path), "--data", str(folder), "--out", out]
        more = [] if stored == "cached" else ["--profile", str(scratch / "limit")]
        (scratch / "limit").mkdir(exist_ok=True)
        subprocess.run([*call, "--mode", "fit", *more], check=True, capture_output=True)
        for mode in ("hist", "stream", stored):
            programs[f"{path.stem} {mode}"] = [*call, "--mode", mode, *(more if mode == stored else [])]
    for peer in options.peer:
        name, python = peer.split("=", 1)
        programs[name] = [python, str(HERE / "drift_peers.py"), name, str(folder), out]
    return programs


def _generate(folder: Path, rows: int, columns: int) -> None:
    """Numbers of eight shapes and categories of 5 to 5,000 labels, four to one; every second column drifts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for side, name in enumerate(("reference", "current")):
        writer = None
        for group, start in enumerate(range(0, rows, ROW_GROUP)):
            n = min(ROW_GROUP, rows - start)
            table = pa.table({f"c{i:02d}": _column(i, side, group, n) for i in range(columns)})
            writer = writer or pq.ParquetWriter(folder / f"{name}.parquet", table.schema)
            writer.write_table(table, row_group_size=ROW_GROUP)
        if writer is not None:
            writer.close()


def _column(i: int, side: int, group: int, n: int) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    rng = np.random.default_rng([i, side, group])
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


def _measure(programs: dict[str, list[str]], rounds: int) -> dict[str, list[Run]]:
    """The runs of each program; the first round of each warms up and is not counted."""
    found: dict[str, list[Run]] = {name: [] for name in programs}
    for turn in range(rounds + 1):
        for name, command in list(programs.items()):
            run = _time(command)
            if run is None:
                print(f"{name}: failed, left out", file=sys.stderr)
                del programs[name], found[name]
            elif turn:
                found[name].append(run)
    return found


def _time(command: list[str]) -> Run | None:
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)  # of this process alone, with its largest size
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode not in (0, 1):  # 1: drift was found
        print(said.decode(errors="replace")[-500:], file=sys.stderr)
        return None
    return Run(used.ru_utime + used.ru_stime, time.perf_counter() - begin, used.ru_maxrss / 1024)


def _report(found: dict[str, list[Run]], imports: float) -> None:
    yardsticks = [name for name in found if name.endswith(("hist", "stream", "cached", "cached1"))]
    print(f"memory beyond numpy and pyarrow.parquet ({imports:.0f} MB); CPU / yardstick: median of the rounds' ratios")
    header = "".join(f"{'/ ' + name.replace('drift_limit', 'limit'):>16}" for name in yardsticks)
    print(f"{'program':26} {'CPU s':>7} {'spread':>13} {'wall s':>7} {'MB':>6}{header}")
    for name, runs in found.items():
        cpu = sorted(run.cpu for run in runs)
        line = f"{name:26} {statistics.median(cpu):7.2f} {f'{cpu[0]:.2f}-{cpu[-1]:.2f}':>13}"
        line += f" {statistics.median(run.wall for run in runs):7.2f} {max(run.memory for run in runs) - imports:6.0f}"
        for other in yardsticks:
            ratio = statistics.median(a.cpu / b.cpu for a, b in zip(runs, found[other], strict=True))
            line += f"{ratio:16.2f}"
        print(line)


if __name__ == "__main__":
    main()
