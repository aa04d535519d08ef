"""Workspaces for the tests of `check`: a good model, and one beside it for each way in which data can be bad."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

HOSTILE_COLUMN = "a\x1b[31m[bold]b\u202e\x07"
HOSTILE_LABEL = 'x\x1b]0;owned\x07 [link=http://nowhere]y[/] \r\n,";'
LONG = "long" * 2500

RULES = """
[models.{name}.rules.moved]
when = "drift.max >= 0.2"
severity = "critical"
[models.{name}.rules.calm]
when = "mae.lower > 1e9"
"""


def model(name: str, *, until: str = "2025-03-31", extra: str = "", columns: str = "", window: str = "1 month") -> str:
    """A model of `data/NAME.csv` with predictions in the data."""
    return f"""
[models.{name}]
task = "regression"
[models.{name}.data]
table = "data/{name}.csv"
reference = {{ until = {until} }}
window = "{window}"
[models.{name}.columns]
timestamp = "day"
target = "y"
prediction = "p"
{columns}
{extra}
"""


def rows(days: int = 150, per_day: int = 4, *, seed: int = 1, moves_at: int = 9999) -> list[dict[str, object]]:
    """Days from 2025-01-01 with a number, a label, a prediction and the truth."""
    rng = random.Random(seed)
    found: list[dict[str, object]] = []
    for n in range(days):
        day = date(2025, 1, 1) + timedelta(days=n)
        for _ in range(per_day):
            x = rng.gauss(0 if n < moves_at else 3, 1)
            p = 10 + x + rng.gauss(0, 0.1)
            found.append(
                {
                    "day": day,
                    "x": f"{x:.3f}",
                    "c": rng.choice("abc"),
                    "p": f"{p:.3f}",
                    "y": f"{p + rng.gauss(0, 1):.3f}",
                }
            )
    return found


def save(path: Path, table: Sequence[Mapping[str, object]]) -> None:
    """Write rows as CSV, quoted as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, list(table[0]))
        writer.writeheader()
        writer.writerows(table)


def set_each(table: list[dict[str, object]], name: str, values: Iterable[object]) -> list[dict[str, object]]:
    """The rows with a column set."""
    return [{**row, name: value} for row, value in zip(table, values, strict=True)]


def good(root: Path) -> str:
    """`steady`, where nothing happens, and `moving`, whose x moves in May: one rule fires."""
    save(root / "data" / "steady.csv", rows(seed=1))
    save(root / "data" / "moving.csv", rows(seed=2, moves_at=120))
    return model("steady", extra=RULES.format(name="steady")) + model("moving", extra=RULES.format(name="moving"))


def bad(root: Path) -> str:
    """One model for each way in which a table is not what was declared."""
    data = root / "data"
    text = model("nofile")
    (data / "emptyfile.csv").write_text("")
    text += model("emptyfile")
    (data / "headeronly.csv").write_text("day,x,c,p,y\n")
    text += model("headeronly")
    save(data / "noreference.csv", rows())
    text += model("noreference", until="2024-12-31")
    save(data / "nowindows.csv", rows())
    text += model("nowindows", until="2025-12-31")
    save(data / "notarget.csv", [{k: v for k, v in row.items() if k != "y"} for row in rows()])
    text += model("notarget")
    return text


def odd(root: Path) -> str:
    """One model for each kind of odd values that must not stop anything."""
    data = root / "data"
    table = rows(seed=5)
    n = len(table)
    nulls = set_each(table, "nothing", [""] * n)
    nulls = set_each(nulls, "stops", ["" if i >= n * 2 // 3 else str(i % 7) for i in range(n)])
    save(data / "nulls.csv", nulls)
    text = model("nulls", columns='numeric = ["nothing", "stops"]')
    save(data / "onerow.csv", rows(days=96, per_day=1))
    text += model("onerow", window="1d")
    specials = ["nan", "inf", "-inf", "1e308", "-1e308", "5e-324", "0"]
    infinite = set_each(table, "x", [specials[i % 11] if i % 11 < 7 else f"{i % 5}" for i in range(n)])
    infinite = set_each(infinite, "y", ["inf" if i % 50 == 7 else r["y"] for i, r in enumerate(table)])
    save(data / "infinite.csv", infinite)
    text += model("infinite", columns='numeric = ["x"]')
    hostile = set_each(table, HOSTILE_COLUMN, [i % 9 + (i > n * 0.8) * 20 for i in range(n)])
    hostile = set_each(hostile, "c", [HOSTILE_LABEL if i % 3 else LONG for i in range(n)])
    hostile = set_each(hostile, LONG, [i % 4 if i < n * 0.8 else 9 for i in range(n)])
    save(data / "hostile.csv", hostile)
    return text + model("hostile", columns='categorical = ["c"]')
