"""What 50 installed plugins cost at start: CPU time of commands and of the first paint, beside none.

    python benchmarks/plugins.py [--plugins 50] [--rounds 9] [--check]

Three workspaces that differ in their plugins alone: none, 50 drop-ins, 50 installed distributions (dist-info folders
with an entry point each, on the path). Their index is made once before, as by the first command after an installation;
then every command runs in rotation on all three, and the medians of the rounds are compared. A budget holds where
either the ratio or the difference is small. `--check` ends with 1 where one is broken.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from start import LIFECYCLE, cpu, first_paint, seed

RATIO, MILLISECONDS = 1.05, 15.0
"""Budget of each command against the one without plugins: near nothing."""
PLUGIN = '''\
from lifecycle_tui.api import hookimpl


class Detector:
    """Number {n} of those that are installed.

    Args:
        above: how much is too much.
    """

    name, kinds, takes = "bench_{n}", ("numeric",), "profile"

    def __init__(self, *, above: float = 0.1, words: str = "some"):
        self.above = above

    def measure(self, reference, window):
        return 0.0


@hookimpl
def register_detectors(register):
    register(Detector)
'''
COMMANDS = {
    "lifecycle --help": ["--help"],
    "lifecycle status": ["status"],
    "lifecycle config check": ["config", "check"],
}


def main() -> int:
    """Measure, print, and say whether a budget was broken."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--plugins", type=int, default=50)
    words.add_argument("--rounds", type=int, default=9)
    words.add_argument("--check", action="store_true", help="end with 1 where a budget is broken")
    chosen = words.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        spaces = made(Path(folder), chosen.plugins)
        runs: dict[str, Callable[[str], float]] = {}
        for name, command in COMMANDS.items():
            runs[name] = lambda space, c=command: within(space, spaces[space], lambda root: cpu([*LIFECYCLE, *c], root))
        runs["first paint"] = lambda space: within(
            space, spaces[space], lambda root: first_paint(LIFECYCLE, b"help", root)
        )
        over = report(list(spaces), runs, chosen.rounds)
    return int(over and chosen.check)


def made(folder: Path, count: int) -> dict[str, Path]:
    """The workspaces, by what is in them."""
    spaces = {
        "none": folder / "none",
        f"{count} drop-ins": folder / "dropped",
        f"{count} installed": folder / "installed",
    }
    for root in spaces.values():
        (root / "plugins").mkdir(parents=True)
        seed(root, 20)
    for n in range(count):
        (folder / "dropped" / "plugins" / f"bench_{n}.py").write_text(PLUGIN.format(n=n))
        installed(folder / "installed" / "site-packages", n)
    for name, root in spaces.items():
        within(name, root, lambda root: cpu([*LIFECYCLE, "plugins", "list"], root))
        found = within(name, root, listed)
        assert found == (0 if name == "none" else count), f"{name}: {found} plugins are indexed"
    return spaces


def installed(site: Path, n: int) -> None:
    """One distribution: a module, and the metadata that an installer writes."""
    info = site / f"bench_{n}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bench-{n}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[lifecycle_tui]\nbench_{n} = bench_{n}\n")
    (site / f"bench_{n}.py").write_text(PLUGIN.format(n=n))


def listed(root: Path) -> int:
    """How many plugins of others the program knows there."""
    said = subprocess.run(
        [*LIFECYCLE, "plugins", "list", "--no-builtins", "--format", "csv"],
        cwd=root, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return said.stdout.count("detector,bench_")


def within(name: str, root: Path, run: Callable) -> float:
    """Run it with that workspace's packages on the path."""
    before = os.environ.get("PYTHONPATH")
    if name.endswith("installed"):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(root / "site-packages"), before)))
    try:
        return run(root)
    finally:
        if before is None:
            os.environ.pop("PYTHONPATH", None)
        else:
            os.environ["PYTHONPATH"] = before


def report(spaces: list[str], runs: dict[str, Callable[[str], float]], rounds: int) -> bool:
    """Run all in rotation, print what each costs beside none, and say whether a budget was broken."""
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(rounds + 1):
        for name, run in runs.items():
            for space in spaces:
                spent = run(space)
                if number:  # the first round fills caches
                    found.setdefault((name, space), []).append(spent)
    print(
        f"{'':<26}{'plugins':<14}{'cpu ms':>8}{'ratio':>8}{'more ms':>9}  budget {RATIO:.2f} or +{MILLISECONDS:.0f} ms"
    )
    over = False
    for name in runs:
        base = found[name, spaces[0]]
        for space in spaces:
            values = found[name, space]
            ratio = statistics.median(v / b for v, b in zip(values, base, strict=True))
            more = 1000 * statistics.median(v - b for v, b in zip(values, base, strict=True))
            broken = ratio > RATIO and more > MILLISECONDS
            over |= broken
            verdict = "" if space == spaces[0] else "OVER" if broken else "ok"
            print(f"{name:<26}{space:<14}{1000 * statistics.median(values):>8.0f}{ratio:>8.3f}{more:>9.1f}  {verdict}")
    return over


if __name__ == "__main__":
    sys.exit(main())
