"""docs/state.md names every table and column that there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from lifecycle_tui.state.database import State
from lifecycle_tui.state.migrations import FOLLOWED

DOCS = Path(__file__).parents[2] / "docs" / "state.md"


def documented() -> tuple[dict[str, list[tuple[str, str]]], set[str]]:
    tables: dict[str, list[tuple[str, str]]] = {}
    followed = set()
    name = ""
    for line in DOCS.read_text(encoding="utf-8").splitlines():
        if head := re.fullmatch(r"### (\w+)( \(feed\))?", line):
            name = head[1]
            tables[name] = []
            if head[2]:
                followed.add(name)
        elif name and re.match(r"\| \w+ \| [A-Z]+ \| ", line):
            column, kind, meaning = line.strip("| ").split(" | ", 2)
            assert meaning, line
            tables[name].append((column, kind))
    return tables, followed


def test_docs_and_schema_agree_column_by_column(state: State):
    tables, followed = documented()
    with state.read() as conn:
        names = [
            n
            for (n,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite%'")
        ]
        schema = {n: [(r[1], r[2]) for r in conn.execute(f"PRAGMA table_info([{n}])").fetchall()] for n in names}
    assert schema == tables
    assert followed == set(FOLLOWED)
