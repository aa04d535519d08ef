"""Puts the demo's files into a folder: config and plugins as they lie in `files/`, data from its generators.

Called by `lifecycle demo`, by tests, and by whoever has changed a story:

    python -m lifecycle_tui.demo.writing FOLDER
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from lifecycle_tui.demo import SEED, fraud, houses, loans, shop
from lifecycle_tui.demo.drawing import Row

FILES = Path(__file__).parent / "files"


def write(folder: Path, seed: int = SEED) -> tuple[Path, ...]:
    """Write lifecycle.toml, plugins/ and data/ below `folder`; returns what was written, sorted."""
    texts = {
        path.relative_to(FILES): path.read_text(encoding="utf-8")
        for path in (FILES / "lifecycle.toml", *FILES.glob("plugins/*.py"))
    }
    payments, chargebacks = fraud.tables(seed)
    data = Path("data")
    texts[data / "houses.csv"] = _csv(houses.HEADER, houses.rows(seed))
    texts[data / "impressions.csv"] = _csv(shop.HEADER, shop.rows(seed))
    texts[data / "payments.csv"] = _csv(fraud.HEADER, payments)
    texts[data / "chargebacks.logfmt"] = "".join(f"{line}\n" for line in chargebacks)
    texts[data / "applications.csv"] = _csv(loans.HEADER, loans.rows(seed))
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    return tuple(sorted(folder / name for name in texts))


def _csv(header: Row, rows: Iterable[Row]) -> str:
    return "".join(",".join(row) + "\n" for row in (header, *rows))


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
