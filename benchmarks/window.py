"""What reading one window costs, as `lifecycle check` reads it: CPU time, memory, and bytes stored for each column.

    python benchmarks/window.py                                # 1,000,000 rows × 20 columns
    python benchmarks/window.py --rows 10000000

Draws a lake of two partitions of so many rows, a reference and a window; profiles the first (which decides the grids),
then the second on those grids. Each is done in a process of its own, whose largest size is what it had before it saw
data and what the data cost. Columns are those of `drift.py`: eight shapes of numbers and labels, four to one.
"""

from __future__ import annotations

import argparse
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLUMNS = 20
SPEC = """
[models.m]
task = "binary"
[models.m.data]
table = {{ path = "lake", partition = "dt" }}
reference = {{ partitions = ["1"] }}
window = "partition"
[models.m.columns]
numeric = {numeric}
categorical = {categorical}
"""


def main() -> None:
    if sys.argv[1:2] == ["--read"]:
        _read(Path(sys.argv[2]), sys.argv[3])
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        drift = Path(__file__).with_name("drift.py")
        subprocess.run([sys.executable, str(drift), "--generate", scratch, str(options.rows), str(COLUMNS)], check=True)
        for partition, side in (("1", "reference"), ("2", "current")):
            (folder / "lake" / f"dt={partition}").mkdir(parents=True)
            (folder / f"{side}.parquet").rename(folder / "lake" / f"dt={partition}" / "a.parquet")
        names = [f"c{i:02d}" for i in range(COLUMNS)]
        numeric = [name for i, name in enumerate(names) if i % 5 != 4]
        spec = SPEC.format(numeric=numeric, categorical=[name for name in names if name not in numeric])
        (folder / "lifecycle.toml").write_text(spec.replace("'", '"'))
        print(f"{options.rows:,} rows × {COLUMNS} columns")
        for part in ("reference", "window"):
            subprocess.run([sys.executable, __file__, "--read", scratch, part], check=True)


def _read(folder: Path, part: str) -> None:
    """Read the reference (and keep its grids) or the window, and say what it cost."""
    from datetime import UTC, datetime

    import pyarrow.parquet  # noqa: F401

    from lifecycle_tui.agent.work.reading import Reader, coding
    from lifecycle_tui.agent.work.sources import open_tables
    from lifecycle_tui.data.model import ModelData
    from lifecycle_tui.monitoring.file_tables import lean_memory
    from lifecycle_tui.profiles.codec import dump
    from lifecycle_tui.profiles.nested import small
    from lifecycle_tui.profiles.numeric import NumericProfile
    from lifecycle_tui.workspace import open_workspace

    lean_memory()
    workspace = open_workspace(folder)
    spec = workspace.spec.models[0]
    data = ModelData(spec, open_tables(spec.data, workspace.plugins, _no_plugins))
    now, kinds = datetime.now(UTC), {name: kind for name, kind in data.kinds().items() if name in data.features}
    before = _peak()
    survey = data.survey({}, now)
    cpu, wall = time.process_time(), time.perf_counter()
    stored = folder / "grids"
    grids = None if part == "reference" else pickle.loads(stored.read_bytes())  # of our own making
    reader = Reader(spec.columns, coding(spec, set()), kinds, grids, outputs={})
    window = survey.reference if part == "reference" else survey.windows[-1].window
    again = (lambda: data.scan(window, now)) if part == "reference" else None
    found = reader.read(data.scan(window, now), again=again).columns
    profiles = [column.profile for column in found.values()]
    if part == "window":  # as it is stored once it is over
        profiles = [small(p) if isinstance(p, NumericProfile) else p for p in profiles]
    sizes = [len(dump(profile)) for profile in profiles]
    print(
        f"{part:10} CPU {time.process_time() - cpu:6.2f} s  wall {time.perf_counter() - wall:6.2f} s  "
        f"largest size {_peak():5.0f} MB ({before:.0f} before)  "
        f"stored a column: median {statistics.median(sizes):,.0f}, most {max(sizes):,} bytes"
    )
    if part == "reference":
        numeric = {n: c.profile.grid for n, c in found.items() if isinstance(c.profile, NumericProfile)}
        stored.write_bytes(pickle.dumps(numeric))


def _no_plugins() -> None:
    raise RuntimeError("no plugin of a team takes part")


def _peak() -> float:
    """The largest resident size of this process so far, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
