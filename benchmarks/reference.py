"""What measuring the windows of a large reference costs: seconds and memory, beside those of profiling it once.

    python benchmarks/reference.py [--rows 1000000] [--columns 20] [--days 365]

Writes a table of numbers and categories with a score and a label to a temporary folder, reads it as a job would, and
prints one line for each step.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lifecycle_tui.agent.work.reading import coding, output_columns
from lifecycle_tui.agent.work.reference import Reference, labels, profiled
from lifecycle_tui.agent.work.reference_windows import ReferenceMeasurer, Scored
from lifecycle_tui.agent.work.sources import open_tables
from lifecycle_tui.data.model import ModelData
from lifecycle_tui.monitoring.instruments import build
from lifecycle_tui.workspace import open_workspace

TOML = """\
[models.big]
task = "binary"
[models.big.data]
table = "t.parquet"
reference = { until = 2026-12-31 }
window = "1d"
[models.big.columns]
timestamp = "ts"
target = "y"
score = "p"
positive = 1
"""


def write(folder: Path, rows: int, columns: int, days: int) -> None:
    """Rows spread evenly over the days from 2024-01-01 on; a third of the columns are categories."""
    rng = np.random.default_rng(1)
    step = (np.arange(rows) * (days * 86_400e6 / rows)).astype("timedelta64[us]")
    score = rng.normal(size=rows)
    found: dict[str, object] = {"ts": np.datetime64("2024-01-01", "us") + step}
    for n in range(columns):
        labelled = n % 3 == 2
        values = rng.integers(0, 30, rows).astype(str) if labelled else rng.normal(size=rows)
        found[f"f{n}"] = pa.array(values).dictionary_encode() if labelled else values
    p = 1 / (1 + np.exp(-score))
    found |= {"p": p, "y": (rng.random(rows) < p).astype(int)}
    pq.write_table(pa.table(found), folder / "t.parquet", row_group_size=100_000)
    (folder / "lifecycle.toml").write_text(TOML)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rows", 1_000_000), ("columns", 20), ("days", 365)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), asked.rows, asked.columns, asked.days)
        run(Path(folder))


def run(folder: Path) -> None:
    """Profile the reference of the workspace, then measure its windows."""
    workspace = open_workspace(folder / "lifecycle.toml")
    spec, now = workspace.spec.models[0], datetime.now(UTC)

    def no_plugins() -> None:
        raise AssertionError("there is no team plugin")

    data = ModelData(spec, open_tables(spec.data, workspace.plugins, no_plugins))  # type: ignore[arg-type]
    window, kinds = data.survey({}, now).reference, dict(data.kinds())
    outputs = output_columns(spec.columns, spec.task, False)
    begun = time.perf_counter()
    code = coding(spec, labels(data, window, now))
    read = profiled(spec, data, window, now, code, kinds, outputs)
    told(f"profiled {window.rows:,} rows", begun)
    grids = {n: c.profile.grid for n, c in read.columns.items() if getattr(c.profile, "grid", None) is not None}
    reference = Reference("", window.rows, kinds, outputs, read.columns, grids, code)
    tools = build(spec, workspace.plugins, no_plugins)  # type: ignore[arg-type]
    begun = time.perf_counter()
    found = ReferenceMeasurer(workspace.spec, spec, data, window, reference, tools, Scored(), now).measure()
    told(f"measured {len(found.windows)} windows of it", begun)


def told(what: str, begun: float) -> None:
    """One line: what, how long, the most memory so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{what}: {time.perf_counter() - begun:.1f} s, peak {peak} MB")


if __name__ == "__main__":
    main()
