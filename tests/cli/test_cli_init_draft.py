"""The text that `lifecycle init` writes: values read back, and every draft loads without problems."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lifecycle_tui.config import check
from lifecycle_tui.config.draft import comment, draft, inline, key, text, value
from lifecycle_tui.data.guess import Wishes, guess_model
from lifecycle_tui.data.guess_tables import look
from lifecycle_tui.domain.guesses import Ignored, ModelGuess, ReferenceGuess, TableGuess
from lifecycle_tui.domain.protocols import Batch, Fragment
from lifecycle_tui.domain.specs import ColumnsSpec, ModelSpec, TimestampSpec


def loaded(file: Path, name: str) -> ModelSpec:
    """The model, from a file that must be without problems."""
    spec, problems = check(file)
    assert problems == ()
    assert spec is not None
    return spec.model(name)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, TEXT)
def test_strings_and_keys_read_back(name: str, words: str) -> None:
    assert tomllib.loads(f"{key(name)} = {text(words)}") == {name: words}


@given(TEXT)
def test_comments_stay_comments(words: str) -> None:
    assert tomllib.loads(f"a = 1 # {comment(words)}\nb = 2") == {"a": 1, "b": 2}


SCALARS = st.one_of(
    TEXT,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.dates(),
    st.lists(st.integers()),
)


@given(st.dictionaries(TEXT, SCALARS))
def test_values_read_back(pairs: dict[str, Any]) -> None:
    assert tomllib.loads(f"x = {inline(pairs.items())}")["x"] == pairs


def test_instants_are_written_in_utc() -> None:
    at = datetime(2025, 1, 1, 3, tzinfo=UTC)
    assert tomllib.loads(f"x = {value(at)}")["x"] == at
    assert value(datetime(2025, 1, 1, 3)) == "2025-01-01T03:00:00Z"


GUESSES = [
    ModelGuess(
        (TableGuess("table", "/w/a.csv"),), 9, True, "regression", ColumnsSpec(), "file", ReferenceGuess(rows=5)
    ),
    ModelGuess(
        (TableGuess("table", "/w/lake", partition="dt"),),
        9,
        False,
        "multiclass",
        ColumnsSpec(target="y", score={"a b": "p_a", "c": "p_c"}, kinds={f"column_{i}": "numeric" for i in range(60)}),
        "partition",
        ReferenceGuess(partitions=("2025-01-01", "2025-01-02")),
    ),
    ModelGuess(
        (TableGuess("features", "/w/f", on="id"), TableGuess("labels", "/w/l", on="id", absent=False, delay=None)),
        9,
        True,
        "binary",
        ColumnsSpec(id="id", timestamp=TimestampSpec(("ts",), unit="ms"), target="y", positive=True, ignore=("z",)),
        "15 minutes",
        ReferenceGuess(until=datetime(2025, 1, 1, 3)),
        ignored=(Ignored(("z",), "x" * 300),),
        doubts=("look\nhere",),
    ),
    ModelGuess(
        (TableGuess("reference", "/r.csv"), TableGuess("predictions", "/w/p")),
        9,
        True,
        "ranking",
        ColumnsSpec(timestamp=TimestampSpec(("d",), "%d.%m.%Y"), prediction="p", kinds={"t": "text"}),
        "1 quarter",
        ReferenceGuess(),
    ),
]


@pytest.mark.parametrize("guess", GUESSES, ids=range(len(GUESSES)))
@pytest.mark.parametrize("first", [True, False])
def test_every_draft_loads_without_problems(tmp_path: Path, guess: ModelGuess, first: bool) -> None:
    file = tmp_path / "lifecycle.toml"
    file.write_text(draft(guess, "m.1", tmp_path, first=first))
    model = loaded(file, "m.1")
    assert model.task == guess.task
    assert model.columns.kinds == guess.columns.kinds
    assert model.columns.timestamp == guess.columns.timestamp
    assert model.columns.score == guess.columns.score


@pytest.mark.parametrize("guess", GUESSES, ids=range(len(GUESSES)))
def test_the_hints_are_keys_that_exist(tmp_path: Path, guess: ModelGuess) -> None:
    """With every `# key = value` line made a real one, the file still loads: no hint is out of date."""
    lines = draft(guess, "m", tmp_path).splitlines()
    real = [
        line[2:] if line.startswith(("# [", "# ")) and (" = " in line or line.startswith("# [")) else line
        for line in lines
    ]
    kept = [line for line, old in zip(real, lines, strict=True) if line is old or _is_key(line)]
    file = tmp_path / "lifecycle.toml"
    file.write_text("\n".join(kept))
    _, problems = check(file)
    assert [p for p in problems if p.level == "error"] == []


def _is_key(line: str) -> bool:
    return line.startswith("[") or (
        line.split(" ")[0].replace("_", "").isalpha() and line.partition("=")[0].strip().count(" ") == 0
    )


def test_dates_of_the_reference(tmp_path: Path) -> None:
    guess = ModelGuess(
        (TableGuess("table", str(tmp_path / "a.csv")),),
        9,
        True,
        "regression",
        ColumnsSpec(timestamp=TimestampSpec(("ts",))),
        "1d",
        ReferenceGuess(until=date(2025, 2, 28)),
    )
    file = tmp_path / "lifecycle.toml"
    file.write_text(draft(guess, "m", tmp_path))
    assert loaded(file, "m").data.reference.end == datetime(2025, 3, 1, tzinfo=UTC)


# --- any table at all --------------------------------------------------------------------------------------

NAMES = ["id", "ts", "date", "hr", "target", "label", "score", "p_x", "prediction", "pred_a", "model_version", "year"]
NAMES += ["month", "day", "time", "x", "customer_id", "is_new", "", " ", "a.b", "event_ts", "proba_0", "proba_1"]
COLUMNS: list[Callable[[int], list[Any]]] = [
    lambda n: [0.37 * i % 1 for i in range(n)],
    lambda n: [i * 7 % 3 for i in range(n)],
    lambda n: list(range(n)),
    lambda n: [datetime(2024, 1, 1) + timedelta(hours=i) for i in range(n)],
    lambda n: [date(2024, 1, 1) + timedelta(days=i) for i in range(n)],
    lambda n: [f"{i % 12 + 1}/{i % 28 + 1}/2024" for i in range(n)],
    lambda n: [f"s{i}" for i in range(n)],
    lambda n: ["ab"[i % 2] for i in range(n)],
    lambda n: [None] * n,
    lambda n: [i % 3 == 0 for i in range(n)],
    lambda n: [(float("nan"), float("inf"), 1.5)[i % 3] for i in range(n)],
    lambda n: [1] * n,
    lambda n: [1_700_000_000 + i for i in range(n)],
    lambda n: [b"x"] * n,
]


class Memory:
    name, suffixes = "memory", ()

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def fragments(self) -> list[Fragment]:
        return [Fragment("0", "/w/0", 1, 1)]

    def schema(self) -> dict[str, pa.DataType]:
        return {f.name: f.type for f in self.table.schema}

    def read(self, fragment: Fragment, columns: Any = None, kinds: Any = None, time: Any = None) -> Iterator[Batch]:
        for batch in (self.table if columns is None else self.table.select(columns)).to_batches():
            yield Batch(batch, 0)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(COLUMNS), min_size=1, max_size=8),
    st.sampled_from([1, 2, 30, 60, 200]),
)
def test_any_table_gives_a_file_that_loads(tmp_path: Path, columns: dict[str, Any], rows: int) -> None:
    table = pa.table({name: make(rows) for name, make in columns.items()})
    guess = guess_model([look(Memory(table), "/w/t")], Wishes())
    file = tmp_path / "lifecycle.toml"
    file.write_text(draft(guess, "m", tmp_path), encoding="utf-8")
    model = loaded(file, "m")
    said = model.columns.roles() | set(model.columns.kinds) | set(model.columns.ignore)
    assert said == {name for name in columns if name.strip()}
