"""A workspace whose state tells of windows that nobody had to evaluate: days with a drift and an error each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lifecycle_tui.agent.whatif import WhatIf, what_if
from lifecycle_tui.state import jobs
from lifecycle_tui.state.database import State
from lifecycle_tui.state.text import instant
from lifecycle_tui.workspace import open_workspace

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MODEL = """
[models.{name}]
task = "regression"

[models.{name}.data]
table = "rows.csv"
reference = {{ until = 2025-12-31 }}
window = "1d"

[models.{name}.columns]
timestamp = "at"
target = "y"
prediction = "guess"

[models.{name}.rules.drifted]
when = "psi.x > 0.5"
then = ["notify", "retrain"]

[models.{name}.rules.wrong]
when = "mae.lower > 10"
for = 2
severity = "critical"

[models.{name}.training]
cooldown = "3d"
"""


def write(root: Path, names: Sequence[str] = ("rides",)) -> Path:
    """The workspace's files; its `lifecycle.toml`."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "rows.csv").write_text("at,x,y,guess\n2026-01-01 00:00:00,1.0,2.0,2.0\n", "utf-8")
    file = root / "lifecycle.toml"
    file.write_text("".join(MODEL.format(name=name) for name in names).lstrip(), "utf-8")
    return file


def fill(
    root: Path, psi: Sequence[float | None], mae: Sequence[float | None] = (), *, name: str = "rides",
    together: datetime | None = None, served: Mapping[int, int] | None = None,
) -> None:  # fmt: skip
    """A window a day from `START` on, each known at its end (or all `together`), scored by version 1 or as `served`
    says from a day on."""
    served = served or {0: 1}
    with State.open(root) as state, state.write() as tx:
        tx.execute("INSERT INTO models (name, task) VALUES (?, 'regression')", (name,))
        for day, version in served.items():
            tx.execute(
                "INSERT INTO versions (model, number, origin, created_at) VALUES (?, ?, 'trained', ?)",
                (name, version, instant(together or START)),
            )
            tx.execute(
                "INSERT INTO alias_history (model, alias, version, at, by) VALUES (?, 'champion', ?, ?, 'ana')",
                (name, version, instant(together or START + day * DAY)),
            )
        for day, number in enumerate(psi):
            scored = served[max(since for since in served if since <= day)]
            at = together or START + (day + 1) * DAY
            _window(tx, name, day, "", at, {"psi.x": number})
            _window(tx, name, day, str(scored), at, {"mae": mae[day] if day < len(mae) else 5.0})


def _window(tx, name: str, day: int, version: str, at: datetime, numbers: Mapping[str, float | None]) -> None:  # type: ignore[no-untyped-def]
    begin = START + day * DAY
    found = tx.execute(
        'INSERT INTO windows (model, key, version, revision, position, start, "end", rows, labels, mature, complete, '
        "as_of, recorded_at, digest) VALUES (?, ?, ?, 1, ?, ?, ?, 100, 100, 1, 1, ?, '', '')",
        (name, f"{begin:%Y-%m-%d}", version, day, instant(begin), instant(begin + DAY), instant(at)),
    )
    rows = [(found.lastrowid, key, value, value, value, 100, "ok") for key, value in numbers.items()]
    tx.executemany(
        "INSERT INTO signals (window_id, name, value, lower, upper, n, state) VALUES (?, ?, ?, ?, ?, ?, ?)", rows
    )


def trained(root: Path, day: int, version: int, *, name: str = "rides") -> None:
    """The agent trained a version at the end of a day, which was refused at once."""
    at = START + (day + 1) * DAY
    with State.open(root) as state, state.write() as tx:
        id_ = jobs.enqueue(tx, "retrain", name, {}, at, by="agent")
        tx.execute(
            "UPDATE jobs SET state = 'done', live_key = NULL, finished_at = ?, outcome = ? WHERE id = ?",
            (instant(at), f'{{"version": {version}, "verdict": "none", "text": "refused"}}', id_),
        )


def promoted(root: Path, day: int, version: int, *, name: str = "rides") -> None:
    """The agent trained a version at the end of a day; it passed, and serves from then on."""
    at = instant(START + (day + 1) * DAY)
    jobs_ = "INSERT INTO jobs (kind, model, payload, outcome, state, created_by, created_at, finished_at) VALUES "
    with State.open(root) as state, state.write() as tx:
        tx.execute(
            "INSERT INTO versions (model, number, origin, created_at) VALUES (?, ?, 'trained', ?)", (name, version, at)
        )
        done = f'{{"version": {version}, "verdict": "passed"}}'
        made = tx.execute(f"{jobs_} ('retrain', ?, '{{}}', ?, 'done', 'agent', ?, ?)", (name, done, at, at))
        tx.execute(
            "INSERT INTO judgements (model, version, champion, job_id, at, verdict, rows, text) "
            "VALUES (?, ?, 1, ?, ?, 'passed', 100, 'better')",
            (name, version, made.lastrowid, at),
        )
        tx.execute(
            f"{jobs_} ('deploy', ?, ?, '{{}}', 'done', 'agent', ?, ?)", (name, f'{{"version": {version}}}', at, at)
        )
        columns = "model, alias, version, previous, at, by, why"
        moves = f"INSERT INTO alias_history ({columns}) VALUES (?, ?, ?, ?, ?, 'agent', ?)"
        tx.execute(moves, (name, "challenger", version, None, at, "trained"))
        tx.execute(moves, (name, "champion", version, 1, at, "better"))
        tx.execute(moves, (name, "challenger", None, version, at, "it is champion now"))


def asked(file: Path, *changes: tuple[str, str], model: str = "rides", **span: datetime) -> WhatIf:
    """The file's policy against one in which texts are replaced."""
    text = file.read_text("utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    before = open_workspace(file)
    after = open_workspace(file, over={file: text.encode()}) if changes else before
    with State.view(file.parent) as state, state.read() as conn:
        return what_if(conn, before, after, model, **span)
