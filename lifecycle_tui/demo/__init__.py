"""The workspace that comes with the program: four simulated models with known stories, and the clock they live on.

`lifecycle demo` writes it, lets the real loop live through the months from `START` to `NOW`, and opens the terminal on
it, where simulated time goes on until `END`. Nothing is staged: the data carries the stories, and every alert, version,
promotion, refusal and rollback is the loop's own doing under the policies of `files/lifecycle.toml`. What lies at the
top of the repository, `lifecycle.toml`, `data/` and `plugins/`, is what `write` gives with the default seed.

Importing this is cheap: the standard library alone, and the generators when they are asked for.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

SEED = 7
"""Seed of the committed data."""

START = datetime(2026, 2, 2, tzinfo=UTC)
"""Where the replay begins: every reference is over."""

NOW = datetime(2026, 5, 31, tzinfo=UTC)
"""Where the replay hands over to the terminal: the next morning the monthly retraining is due."""

END = datetime(2026, 8, 16, tzinfo=UTC)
"""Where the data ends."""

DAY_SECONDS = 4.0
"""Real seconds that a simulated day takes while somebody looks."""


def write(folder: Path, seed: int = SEED) -> tuple[Path, ...]:
    """Write the workspace's files below `folder` and return their paths. The same seed gives the same bytes."""
    from lifecycle_tui.demo.writing import write as write_files

    return write_files(folder, seed)
