"""`lifecycle audit` and `history --as-of`: who did what, on which day, and how a model stood; as people type it."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lifecycle_tui.state import audit, clock, models
from lifecycle_tui.state.database import State
from tests.cli.conftest import Here

NOW = datetime(2026, 3, 31, 14, 30, tzinfo=UTC)
EVIL = "\x1b[31mred\x07[b]"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six rows over some days, by several people, on a simulated clock; nobody writes to it."""
    tmp_path = tmp_path_factory.mktemp("log")
    (tmp_path / "lifecycle.toml").write_text("", encoding="utf-8")
    with State.open(tmp_path) as state, state.write() as tx:
        models.declare(tx, [models.Declared("steady", "binary"), models.Declared("other", "binary")])
        clock.put(tx, clock.Simulated(NOW, NOW + timedelta(days=9), 1.0))
        for days, who, behind, action, subject, model, detail in (
            (20, "anna", None, "promote", "steady/2", "steady", {"version": 2, "note": "mae is better"}),
            (4, "raj", "root", "acknowledge", "alert 1", "steady", {"note": EVIL}),
            (1.7, "anna", None, "retrain", "other", "other", {"job": 7}),
            (
                1,
                "anna",
                None,
                "configure",
                "models.steady.owner",
                "steady",
                {"key": "models.steady.owner", "old": '"a"', "new": None, "note": None},
            ),
            (
                0.9,
                "file",
                None,
                "configure",
                "2 files",
                None,
                {"changes": [{"key": "defaults.x", "old": None, "new": "1"}], "keys": 1},
            ),
            (0, "rule auc-low", None, "retrain", "steady", "steady", {}),
        ):
            audit.append(tx, action, subject, NOW - timedelta(days=days), model=model, detail=detail, who=who,
                         behind=behind)  # fmt: skip
    return tmp_path


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        ([], [6, 5, 4, 3, 2, 1]),
        (["--limit", "2"], [6, 5]),
        (["steady"], [6, 4, 2, 1]),
        (["--on", "yesterday"], [5, 4]),
        (["--on", "2026-03-30", "--by", "anna"], [4]),
        (["--on", "this month"], [6, 5, 4, 3, 2, 1]),
        (["--on", "last month"], []),
        (["--by", "root"], [2]),
        (["--action", "retrain"], [6, 3]),
        (["--since", "2 days ago", "--until", "yesterday 10:00"], [3]),
        (["--since", "yesterday"], [6, 5, 4]),
        (["steady", "--by", "anna", "--until", "last week"], [1]),
    ],
)
def test_who_did_what(log: Path, here: Here, words: list[str], ids: list[int]) -> None:
    done = here(log, "audit", *words, "--format", "json")
    assert done.code == 0, done.err
    assert [row["id"] for row in json.loads(done.out)] == ids
    if not ids:
        assert "nobody has done anything like that" in done.err


def test_a_row_says_everything_and_nothing_is_raw(log: Path, here: Here) -> None:
    rows = {row["id"]: row for row in json.loads(here(log, "audit", "--format", "json").out)}
    assert rows[4]["changes"] == [{"key": "models.steady.owner", "old": '"a"', "new": None}]
    assert rows[2]["behind"] == "root" and rows[2]["note"] == EVIL and rows[2]["at"] == "2026-03-27T14:30:00Z"
    table = here(log, "audit")
    assert "\x1b" not in table.out and "\\x1b[31mred\\x07[b]" in table.out
    assert 'models.steady.owner: "a" → not set' in table.out
    assert (
        here(log, "audit", "--format", "csv").out.splitlines()[0]
        == "id,at,who,behind,action,subject,model,note,changes"
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--on", "3 days ago"], "is no day"),
        (["--since", "soon"], "is no instant"),
        (["--on", "yesterday", "--since", "yesterday"], "says both ends"),
        (["stedy"], 'did you mean "steady"?'),
        (["--limit", "0"], "limit"),
    ],
)
def test_usage(log: Path, here: Here, words: list[str], says: str) -> None:
    done = here(log, "audit", *words)
    assert done.code == 2 and says in done.err and "Traceback" not in done.err


def test_the_chain_holds_or_says_where_it_does_not(log: Path, here: Here, tmp_path: Path) -> None:
    log = Path(shutil.copytree(log, tmp_path / "own"))
    done = here(log, "audit", "--verify")
    assert done.code == 0 and done.out.startswith("the chain is whole: 6 rows, the last one's hash ")
    with State.open(log) as state, state.write() as tx:
        tx.execute("DROP TRIGGER audit_keeps_values")
        tx.execute("UPDATE audit SET who = 'nobody' WHERE id = 3")
    broken = here(log, "audit", "--verify", "--format", "json")
    assert broken.code == 1
    assert json.loads(broken.out)["bad"] == 3 and "not what was written" in json.loads(broken.out)["message"]


def test_before_anything_was_done(tmp_path: Path, here: Here) -> None:
    (tmp_path / "lifecycle.toml").write_text("", encoding="utf-8")
    assert "nobody has done anything here yet" in here(tmp_path, "audit").err
    assert here(tmp_path, "audit", "--format", "json").out.strip() == "[]"
    assert here(tmp_path, "audit", "--verify").code == 0


def test_how_a_model_stood_then(log: Path, here: Here) -> None:
    done = here(log, "history", "steady", "--as-of", "yesterday", "--format", "json")
    found = json.loads(done.out)
    assert done.code == 0 and found["at"] == "2026-03-30T23:59:59.999999Z"
    then = found["model"]
    assert then["name"] == "steady" and then["recorded_since"] is None and then["window"] is None
    assert then["policy"]["edits"] == 2 and then["policy"]["edits_since"] == 0
    assert then["policy"]["last"]["changes"] == [{"key": "defaults.x", "old": None, "new": "1"}]
    text = here(log, "history", "steady", "--as-of", "3 days ago")
    assert "at 2026-03-28 14:30:00 UTC" in text.err and "nothing of steady had been recorded by then" in text.out
    wrong = here(log, "history", "--as-of", "the other day")
    assert wrong.code == 2 and "last friday" in wrong.err
