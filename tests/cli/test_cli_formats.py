"""One table in many formats: `drift` gives the same numbers to the last bit, and `init` the same file."""

from __future__ import annotations

import json
import math
import os
import sqlite3
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle_tui.cli.main import main

SUFFIXES = ("csv", "jsonl", "db", "parquet")


def cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else repr(value)


def save(folder: Path, name: str, columns: dict[str, list[Any]]) -> None:
    """The table in each format. Numbers as their shortest text: the same 64 bits."""
    names, rows = list(columns), list(zip(*columns.values(), strict=True))
    lines = [",".join(map(cell, row)) for row in rows]
    (folder / f"{name}.csv").write_text("\n".join([",".join(names), *lines]) + "\n", "utf-8")
    records = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
    (folder / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in records), "utf-8")
    pq.write_table(pa.table(columns), folder / f"{name}.parquet")
    (folder / f"{name}.db").unlink(missing_ok=True)
    with closing(sqlite3.connect(folder / f"{name}.db")) as connection, connection:
        connection.execute(f"CREATE TABLE {name} ({', '.join(names)})")
        connection.executemany(f"INSERT INTO {name} VALUES ({', '.join('?' * len(names))})", rows)


def lifecycle(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["lifecycle", *words])
    code = main()
    return code, *capsys.readouterr()


NUMBER = st.one_of(
    st.none(), st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([0.0, -0.0, 0.1, 1e300])
)
SIDE = st.lists(st.tuples(NUMBER, st.sampled_from(["a", "b", "ü", None])), min_size=1, max_size=60)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=SIDE, after=SIDE)
def test_drift_is_the_same_from_every_format(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    before: list[tuple],
    after: list[tuple],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, side in (("ref", before), ("cur", after)):
        # One number at least, and a fraction: a column of nothing is of no type in some formats.
        rows = [*side, (0.5, "a")]
        save(tmp_path, name, {"x": [x for x, _ in rows], "c": [c for _, c in rows]})
    found = {}
    for suffix in SUFFIXES:
        words = ["drift", f"ref.{suffix}", f"cur.{suffix}", "--format", "json"]
        code, out, err = lifecycle(capsys, monkeypatch, *words)
        assert code in (0, 1), err
        found[suffix] = (code, json.dumps(json.loads(out)["columns"], sort_keys=True))
    assert set(found.values()) == {found["parquet"]}, found


def test_drift_between_formats(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(1)
    for name, by in (("ref", 0.0), ("cur", 1.0)):
        save(tmp_path, name, {"x": (random.normal(by, 1, 500)).tolist(), "c": ["ab"[i % 2] for i in range(500)]})
    code, out, _ = lifecycle(capsys, monkeypatch, "drift", "ref.jsonl", "cur.db", "--format", "json")
    columns = json.loads(out)["columns"]
    assert code == 1 and columns["x"]["state"] == "drifted" and columns["c"]["state"] == "ok"


def test_init_reads_json_lines_and_sqlite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    start = datetime(2025, 1, 1)
    random = np.random.default_rng(1)
    x = random.normal(0, 1, 900).tolist()
    columns = {
        "paid_at": [str(start + timedelta(hours=i)) for i in range(900)],
        "amount": x,
        "shop": ["books" if i % 3 else "food" for i in range(900)],
        "is_fraud": [int(v > 1 and not math.isnan(v)) for v in x],
    }
    save(tmp_path, "payments", columns)
    texts = {}
    for suffix in ("csv", "jsonl", "db"):
        code, out, err = lifecycle(capsys, monkeypatch, "init", f"payments.{suffix}", "--dry-run")
        assert code == 0, err
        texts[suffix] = out.replace(f"payments.{suffix}", "payments")
    assert texts["jsonl"] == texts["csv"] == texts["db"]
    code, out, err = lifecycle(capsys, monkeypatch, "init", (tmp_path / "payments.csv").as_uri(), "--dry-run")
    assert code == 0 and f'"file://{os.path.realpath(tmp_path)}/payments.csv"' in out, err
