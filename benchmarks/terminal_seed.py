"""Workspaces as large as the budgets ask: fleets to look at, and states whose reads are timed.

What is small is written by the program's own writers; windows, signals, jobs and old alerts, of which there are
millions, by SQL that says what those writers would. A state is kept in a folder of the machine's temporary ones, under
a name that tells its shape and the schema's version, and is made again when either changes.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lifecycle_tui.domain.results import Alert
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.state import alerts, audit, judgements, loop, migrations, models
from lifecycle_tui.state.database import State

SEED = 5
"""Raised when what is written here changes."""
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
DETAILED = 1
"""Models, the first ones, whose windows have every signal of every column; the others have six."""
PLAIN = (
    ("drift.share", None, "share"),
    ("drift.count", None, ""),
    ("drift.max", None, ""),
    ("rows", None, ""),
    ("auc", None, "auc"),
    ("ks.amount", "amount", "ks"),
)
KINDS = ("change", "ks", "missing", "psi")
DETAIL = (
    '{"bars":{"names":["0","10","20","30","40"],"reference":[10,20,40,20,10],"window":[5,10,30,35,20]},'
    '"definition":"as measured","effect":0.01,"p_value":0.3}'
)
MODEL = """\
[models.{name}]
task = "binary"
owner = "team-{team}"
[models.{name}.data]
table = "rows/*.csv"
reference = {{ until = 2025-01-10 }}
window = "1 day"
[models.{name}.columns]
timestamp = "ts"
target = "bought"
score = "p"
[models.{name}.rules.inputs-moved]
when = "drift.share >= 0.2"
for = 2
"""
HEALTH = ("ok", "ok", "ok", "warning", "ok", "unknown")


@dataclass(frozen=True, slots=True)
class Shape:
    """How much there is.

    Attributes:
        windows: of each of the models; hourly: they are hours, else days.
        columns: of the models that have all their signals.
    """

    models: int
    windows: int
    hourly: bool = False
    columns: int = 40

    @property
    def step(self) -> timedelta:
        return timedelta(hours=1) if self.hourly else timedelta(days=1)

    @property
    def now(self) -> datetime:
        """The end of the last window."""
        return BEGIN + self.windows * self.step

    def name(self, n: int) -> str:
        """What a model is called; the first ones have the worst health."""
        return f"model-{n:05d}"

    def key(self, n: int) -> str:
        """The key of a window."""
        return f"{BEGIN + n * self.step:{'%Y-%m-%dT%H' if self.hourly else '%Y-%m-%d'}}"


def kept(shape: Shape) -> Path:
    """The workspace of this shape, made if it is not there yet. It is shared: look, and change nothing."""
    top = Path(tempfile.gettempdir()) / f"lifecycle-terminal-bench-{os.getuid()}"
    name = f"{shape.models}x{shape.windows}{'h' if shape.hourly else 'd'}{shape.columns}"
    root = top / f"{name}-{SEED}-{migrations.LATEST}"
    if (root / "made").exists():
        return root
    for old in top.glob(f"{name}-*"):  # they are large
        shutil.rmtree(old, ignore_errors=True)
    root.mkdir(parents=True)
    begun = time.perf_counter()
    make(root, shape)
    (root / "made").write_text(f"{time.perf_counter() - begun:.0f} s\n", "utf-8")
    return root


@contextlib.contextmanager
def copy(shape: Shape) -> Iterator[Path]:
    """A workspace of this shape to write to."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "fleet"
        shutil.copytree(kept(shape), root)
        yield root


def make(root: Path, shape: Shape) -> None:
    """Write a workspace."""
    toml = (MODEL.format(name=shape.name(n), team=n % 7) for n in range(shape.models))
    (root / "lifecycle.toml").write_text("\n".join(toml), "utf-8")
    with State.open(root) as state, state.write(durable=False) as tx:
        for n in range(shape.models):
            _model(tx, shape, n)
        _triggers(tx, on=False)
        _windows(tx, shape)
        _signals(tx, shape)
        _past(tx, shape)
        (top,) = tx.execute(
            "SELECT max(seq) FROM (SELECT max(seq) AS seq FROM windows UNION ALL SELECT max(seq) FROM signals "
            "UNION ALL SELECT max(seq) FROM jobs UNION ALL SELECT max(seq) FROM alerts UNION ALL SELECT seq FROM feed)"
        ).fetchone()
        tx.execute("UPDATE feed SET seq = ?", (top,))
        _triggers(tx, on=True)
        tx.execute("ANALYZE")
    with contextlib.closing(sqlite3.connect(state.path)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def facts(shape: Shape, n: int, turn: int = 0) -> models.ModelFacts:
    """A model's row; each turn moves its numbers a little, and its health never."""
    last = shape.now - shape.step
    history = tuple(0.9 - 0.001 * ((n + k + turn) % 30) for k in range(12))
    health = "critical" if n < DETAILED else HEALTH[n % len(HEALTH)]
    return models.ModelFacts(
        shape.name(n), health, shape.now, "inputs-moved: drift.share 0.25 >= 0.2 in 2 windows",  # type: ignore[arg-type]
        shape.key(shape.windows - 1), last, shape.now, 20_000 + n + turn, 20_000, 0.1, 2, 20, 0.21 + 0.01 * (turn % 9),
        "amount", history, "auc", 0.91 - 0.001 * (turn % 50), 0.9, 0.92, history,
    )  # fmt: skip


def _model(tx: sqlite3.Connection, shape: Shape, n: int) -> None:
    name, now = shape.name(n), shape.now
    models.declare(tx, [models.Declared(name, "binary", f"team-{n % 7}", ("web",) if n % 3 else ("batch", "eu"))])
    for number in (1, 2, 3):
        versions.register(tx, versions.NewVersion(name, "trained", metrics={"auc": 0.9}, data_rows=9000), now)
        if number < 3:
            aliases.set_alias(tx, name, "champion", number, "agent", "first version", now - timedelta(days=9 - number))
    judgements.put(tx, judgements.Judgement(name, 3, 2, "unknown", 900, "no difference is certain", now, 5000))
    loop.put(tx, name, {"last": "x"}, "retraining by schedule", now + timedelta(hours=n % 40), now)
    models.put_model(tx, facts(shape, n))
    audit.append(tx, "retrain", f"model {name}", now - timedelta(hours=n % 99), model=name, who="ana")
    if n < DETAILED or n % 4 == 3:
        severity = "critical" if n < DETAILED else "warning"
        said = Alert(name, "inputs-moved", severity, "open", shape.key(shape.windows - 2), now, "drift.share 0.25")  # type: ignore[arg-type]
        alerts.store(tx, opened=[said], now=now)


def _triggers(tx: sqlite3.Connection, *, on: bool) -> None:
    """The feed's triggers, away while millions of rows are written and numbered here."""
    for table, key in migrations.FOLLOWED.items():
        if on:
            migrations.follow(tx, table, key)
        else:
            for event in ("insert", "update"):
                tx.execute(f"DROP TRIGGER IF EXISTS [{table}_feed_{event}]")


_AT = "strftime('%Y-%m-%dT%H:%M:%S', {begin} + {step} * ({at}), 'unixepoch') || '.000000Z'"


def _moment(shape: Shape, at: str) -> str:
    """SQL of the instant at the begin of window number `at`."""
    return _AT.format(begin=int(BEGIN.timestamp()), step=int(shape.step.total_seconds()), at=at)


def _numbers(shape: Shape) -> str:
    return (
        f"WITH RECURSIVE m(m) AS (SELECT 0 UNION ALL SELECT m + 1 FROM m WHERE m + 1 < {shape.models}), "
        f"w(w) AS (SELECT 0 UNION ALL SELECT w + 1 FROM w WHERE w + 1 < {shape.windows}) "
    )


def _windows(tx: sqlite3.Connection, shape: Shape) -> None:
    """All windows of all models; a window's id says whose and which: model * windows + window + 1."""
    key = f"substr({_moment(shape, 'w')}, 1, {13 if shape.hourly else 10})"
    end = _moment(shape, "w + 1")
    tx.execute(
        'INSERT INTO windows (id, model, key, version, revision, position, start, "end", rows, labels, mature, '
        f"complete, as_of, recorded_at, digest, seq) {_numbers(shape)}"
        f"SELECT m * {shape.windows} + w + 1, printf('model-%05d', m), {key}, '', 1, w, {_moment(shape, 'w')}, {end}, "
        f"20000 + w, 20000, 1, 1, {end}, {end}, printf('%032x', w), m * {shape.windows} + w + 1000000 "
        "FROM m CROSS JOIN w"
    )


def _signals(tx: sqlite3.Connection, shape: Shape) -> None:
    """Six signals a window, and of the first models four a column and what charts need."""
    many = [(f"{kind}.column_{c:03d}", f"column_{c:03d}", kind) for c in range(shape.columns) for kind in KINDS]
    some = [("estimated.auc", None, "estimate"), ("recall", None, "recall"), ("labels.share", None, "")]
    tx.execute('CREATE TEMP TABLE told (name TEXT, "column" TEXT, source TEXT, plain INTEGER)')
    tx.executemany("INSERT INTO told VALUES (?, ?, ?, ?)", [(*one, 1) for one in PLAIN])
    tx.executemany("INSERT INTO told VALUES (?, ?, ?, ?)", [(*one, 0) for one in (*many, *some)])
    (top,) = tx.execute("SELECT max(seq) FROM windows").fetchone()
    tx.execute(
        'INSERT INTO signals (window_id, name, value, lower, upper, n, state, "column", source, detail, seq) '
        "SELECT w.id, t.name, 0.5 + (w.id % 37) / 100.0, 0.45 + (w.id % 37) / 100.0, 0.55 + (w.id % 37) / 100.0, "
        f"20000, 'ok', t.\"column\", t.source, CASE WHEN t.source = 'ks' THEN '{DETAIL}' END, ? + w.id "
        "FROM windows w CROSS JOIN (SELECT * FROM told ORDER BY name) t "
        f"WHERE t.plain OR w.id <= {DETAILED * shape.windows}",
        (top,),
    )
    tx.execute("DROP TABLE temp.told")


def _past(tx: sqlite3.Connection, shape: Shape) -> None:
    """An evaluation a window, and an alert in every tenth one that has resolved."""
    at, end = _moment(shape, "w"), _moment(shape, "w + 1")
    tx.execute(
        "INSERT INTO jobs (kind, model, state, created_at, started_at, finished_at, attempts, outcome, seq) "
        f"{_numbers(shape)} SELECT 'evaluate', printf('model-%05d', m), 'done', {end}, {end}, {end}, 1, "
        f"'{{\"windows\":1}}', 5000000 + w * {shape.models} + m FROM w CROSS JOIN m"
    )
    tx.execute(
        "INSERT INTO alerts (model, rule, severity, state, since, message, opened_at, resolved_at, seq) "
        f"{_numbers(shape)} SELECT printf('model-%05d', m), 'auc-degraded', 'warning', 'resolved', "
        f"substr({at}, 1, 10), 'auc.upper 0.89 < 0.92', {at}, {end}, 9000000 + w * {shape.models} + m "
        "FROM w CROSS JOIN m WHERE w % 10 = 9"
    )
    for kind, when in (("opened", "opened_at"), ("resolved", "resolved_at")):
        tx.execute(
            "INSERT INTO alert_events (alert_id, model, kind, at, window, text) "
            f"SELECT id, model, '{kind}', {when}, since, message FROM alerts WHERE state = 'resolved'"
        )
