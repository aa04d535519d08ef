"""The schema, as named and ordered migrations, and the version number that everyone compares (DESIGN §8).

`migrate` runs the steps in a child; everybody else reads `LATEST` from here and `PRAGMA user_version` from the file.
Nothing here imports sqlite_utils before `build()` is called, because that import costs more than most commands. To
change the schema append a function decorated with `@step` (never edit one that was released), and describe the columns
in docs/state.md; tests/state/test_state_open.py upgrades every version before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from lifecycle_tui.state import first_schema, fleet_schema

if TYPE_CHECKING:
    from sqlite_utils import Database, Migrations

Step = Callable[[Any], None]
STEPS: list[tuple[str, Step]] = []
"""(name, function) in order; the state's version is how many of them were applied."""


def step(function: Step) -> Step:
    """Register a migration under its function's name, after those above it."""
    STEPS.append((function.__name__, function))
    return function


def build() -> Migrations:
    """The steps as a `sqlite_utils.Migrations`; each sets `user_version` inside its own transaction."""
    from sqlite_utils import Migrations

    found = Migrations("lifecycle_tui")
    for number, (name, function) in enumerate(STEPS, start=1):
        found(name=name)(_numbered(number, function))
    return found


def _numbered(number: int, function: Step) -> Callable[[Database], None]:
    def run(db: Database) -> None:
        function(db)
        db.execute(f"PRAGMA user_version = {number}")

    return run


def follow(db: Any, table: str, key: Iterable[str]) -> None:
    """Give `table` its feed triggers: `seq` is raised from the one counter on insert and on update.

    They name every column but `seq`, so writing `seq` itself does not fire them again; call this anew after a
    migration that adds columns. The index leaves out rows without a number, which exist only inside the insert.
    """
    columns = [row[1] for row in db.execute(f"PRAGMA table_info([{table}])").fetchall()]
    others = ", ".join(f"[{c}]" for c in columns if c != "seq")
    same = " AND ".join(f"[{c}] = NEW.[{c}]" for c in key)
    raise_seq = (
        f"BEGIN UPDATE feed SET seq = seq + 1; UPDATE [{table}] SET seq = (SELECT seq FROM feed) WHERE {same}; END"
    )
    for event, when in (("insert", "AFTER INSERT"), ("update", f"AFTER UPDATE OF {others}")):
        db.execute(f"DROP TRIGGER IF EXISTS [{table}_feed_{event}]")
        db.execute(f"CREATE TRIGGER [{table}_feed_{event}] {when} ON [{table}] {raise_seq}")
    db.execute(f"CREATE INDEX IF NOT EXISTS [{table}_seq] ON [{table}](seq) WHERE seq IS NOT NULL")


_FOLLOWED_FIRST: dict[str, tuple[str, ...]] = {
    "models": ("name",),
    "windows": ("id",),
    "signals": ("window_id", "name"),
    "alerts": ("id",),
    "notifications": ("id",),
    "versions": ("model", "number"),
    "aliases": ("model", "alias"),
    "jobs": ("id",),
}
_FOLLOWED_SECOND: dict[str, tuple[str, ...]] = {"loop": ("model",), "judgements": ("id",), "approvals": ("id",)}
_FOLLOWED_THIRD: dict[str, tuple[str, ...]] = {"plugin_faults": ("kind", "name"), "panels": ("model", "name")}
FOLLOWED: dict[str, tuple[str, ...]] = {**_FOLLOWED_FIRST, **_FOLLOWED_SECOND, **_FOLLOWED_THIRD}
"""Tables in the change feed → their key."""


@step
def m001_first(db: Any) -> None:
    """Everything that slice 1 stores."""
    for statement in first_schema.STATEMENTS:
        db.execute(statement)
    for table, key in _FOLLOWED_FIRST.items():
        follow(db, table, key)


_SECOND = (
    "ALTER TABLE versions ADD COLUMN strategy TEXT",
    "ALTER TABLE versions ADD COLUMN why TEXT",
    "ALTER TABLE versions ADD COLUMN code TEXT",
    "ALTER TABLE versions ADD COLUMN parameters TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE versions ADD COLUMN libraries TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE versions ADD COLUMN schema TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE versions ADD COLUMN importance TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE jobs ADD COLUMN time_limit REAL",
    "ALTER TABLE jobs ADD COLUMN cancelled_by TEXT",
    "CREATE INDEX jobs_model_kind ON jobs(model, kind, id)",
    "ALTER TABLE jobs ADD COLUMN progress_left REAL",
    """CREATE TABLE loop (
        model TEXT PRIMARY KEY REFERENCES models(name), state TEXT NOT NULL, next TEXT, due_at TEXT,
        stepped_at TEXT NOT NULL, seq INTEGER) WITHOUT ROWID""",
    """CREATE TABLE judgements (
        id INTEGER PRIMARY KEY, model TEXT NOT NULL REFERENCES models(name), version INTEGER NOT NULL,
        champion INTEGER, job_id INTEGER, at TEXT NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('passed', 'failed', 'unknown')), rows INTEGER NOT NULL,
        wanted INTEGER, start TEXT, "end" TEXT, gates TEXT NOT NULL DEFAULT '[]', text TEXT NOT NULL, seq INTEGER,
        FOREIGN KEY (model, version) REFERENCES versions(model, number))""",
    "CREATE INDEX judgements_model ON judgements(model, id)",
    "CREATE INDEX judgements_version ON judgements(model, version)",
    "CREATE INDEX judgements_at ON judgements(at)",
    "CREATE INDEX judgements_model_at ON judgements(model, at)",
    """CREATE TABLE approvals (
        id INTEGER PRIMARY KEY, model TEXT NOT NULL REFERENCES models(name), version INTEGER NOT NULL,
        state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'declined', 'withdrawn')),
        requested_by TEXT NOT NULL, requested_at TEXT NOT NULL, why TEXT, decided_by TEXT, decided_at TEXT, note TEXT,
        seq INTEGER, FOREIGN KEY (model, version) REFERENCES versions(model, number))""",
    "CREATE UNIQUE INDEX approvals_pending ON approvals(model) WHERE state = 'pending'",
    "CREATE INDEX approvals_model ON approvals(model, id)",
    "CREATE INDEX approvals_requested ON approvals(requested_at)",
    "CREATE INDEX approvals_model_requested ON approvals(model, requested_at)",
    "CREATE INDEX approvals_decided ON approvals(decided_at)",
    "CREATE INDEX approvals_model_decided ON approvals(model, decided_at)",
    """CREATE TABLE lease (
        id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, process TEXT, mode TEXT, since TEXT,
        beat INTEGER NOT NULL DEFAULT 0)""",
    "INSERT INTO lease (id, number) VALUES (1, 0)",
)


@step
def m002_act(db: Any) -> None:
    """What the loop needs: its memory, judgements, approvals, the agent's lease; more about versions and jobs."""
    for statement in _SECOND:
        db.execute(statement)
    for table, key in {**_FOLLOWED_FIRST, **_FOLLOWED_SECOND}.items():
        follow(db, table, key)


_THIRD = (
    "ALTER TABLE alerts ADD COLUMN snoozed_until TEXT",
    "ALTER TABLE alerts ADD COLUMN snoozed_by TEXT",
    "ALTER TABLE alerts ADD COLUMN assigned_to TEXT",
    "ALTER TABLE alerts ADD COLUMN assigned_by TEXT",
    "CREATE INDEX alerts_snoozed ON alerts(snoozed_until) WHERE snoozed_until IS NOT NULL",
    # SQLite changes no CHECK in place: these two are made anew around their rows. Nothing refers to them.
    """CREATE TABLE alert_events_new (
        id INTEGER PRIMARY KEY, alert_id INTEGER NOT NULL REFERENCES alerts(id), model TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN
            ('opened', 'continued', 'resolved', 'acknowledged', 'snoozed', 'woken', 'assigned')),
        at TEXT NOT NULL, window TEXT, by TEXT, text TEXT)""",
    "INSERT INTO alert_events_new SELECT id, alert_id, model, kind, at, window, by, text FROM alert_events",
    "DROP TABLE alert_events",
    "ALTER TABLE alert_events_new RENAME TO alert_events",
    "CREATE INDEX alert_events_alert ON alert_events(alert_id)",
    "CREATE INDEX alert_events_at ON alert_events(at)",
    "CREATE INDEX alert_events_model ON alert_events(model, at)",
    """CREATE TABLE notifications_new (
        id INTEGER PRIMARY KEY, alert_id INTEGER NOT NULL REFERENCES alerts(id), notifier TEXT NOT NULL,
        kind TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending'
            CHECK (state IN ('pending', 'sending', 'sent', 'failed', 'dropped')),
        due_at TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT, created_at TEXT NOT NULL,
        sent_at TEXT, process TEXT, seq INTEGER, UNIQUE (alert_id, notifier, kind))""",
    "INSERT INTO notifications_new SELECT id, alert_id, notifier, kind, state, due_at, attempts, last_error, "
    "created_at, sent_at, process, seq FROM notifications",
    "DROP TABLE notifications",
    "ALTER TABLE notifications_new RENAME TO notifications",
    "CREATE INDEX notifications_due ON notifications(due_at) WHERE state IN ('pending', 'sending')",
    "CREATE INDEX notifications_failed ON notifications(id) WHERE state = 'failed'",
    "CREATE INDEX jobs_failed ON jobs(finished_at) WHERE state = 'failed'",
    "CREATE INDEX signals_error ON signals(window_id) WHERE state = 'error'",
    "ALTER TABLE models ADD COLUMN snoozed INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE models ADD COLUMN awake TEXT",
    "UPDATE models SET awake = severity WHERE severity IS NOT NULL",
    """CREATE TABLE plugin_faults (
        kind TEXT NOT NULL, name TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, file TEXT, line INTEGER,
        model TEXT, job_id INTEGER, first_at TEXT NOT NULL, at TEXT NOT NULL, times INTEGER NOT NULL DEFAULT 1,
        seq INTEGER, PRIMARY KEY (kind, name))""",
    """CREATE TABLE event_cursors (
        hook TEXT NOT NULL, plugin TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (hook, plugin)) WITHOUT ROWID""",
    """CREATE TABLE panels (
        model TEXT NOT NULL, name TEXT NOT NULL, at TEXT NOT NULL, data TEXT, error TEXT, seq INTEGER,
        PRIMARY KEY (model, name))""",
    """CREATE TABLE reference_signals (
        reference_id INTEGER NOT NULL REFERENCES reference(id) ON DELETE CASCADE, window TEXT NOT NULL,
        name TEXT NOT NULL, value REAL, lower REAL, upper REAL, n INTEGER, state TEXT NOT NULL,
        PRIMARY KEY (reference_id, window, name)) WITHOUT ROWID""",
)


@step
def m003_trust(db: Any) -> None:
    """What a team needs: snoozed and assigned alerts, faults of plugins, panels, rules read over the reference."""
    for statement in _THIRD:
        db.execute(statement)
    for table, key in {"models": ("name",), "alerts": ("id",), "notifications": ("id",), **_FOLLOWED_THIRD}.items():
        follow(db, table, key)


_FOURTH = (
    """CREATE TABLE window_sums (
        window_id INTEGER PRIMARY KEY REFERENCES windows(id), data BLOB NOT NULL)""",
)


@step
def m004_sums(db: Any) -> None:
    """What adds up over windows: a few sums a column, so that small and lasting shifts are found."""
    for statement in _FOURTH:
        db.execute(statement)


_FIFTH = (
    """CREATE TABLE periods (
        id INTEGER PRIMARY KEY, model TEXT NOT NULL REFERENCES models(name),
        unit TEXT NOT NULL CHECK (unit IN ('day', 'month')), start TEXT NOT NULL, "end" TEXT NOT NULL,
        rows INTEGER NOT NULL, windows INTEGER NOT NULL, UNIQUE (model, unit, start))""",
    """CREATE TABLE period_profiles (
        period_id INTEGER NOT NULL REFERENCES periods(id) ON DELETE CASCADE, "column" TEXT NOT NULL,
        kind TEXT NOT NULL, grid TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (period_id, "column"))""",
    """CREATE TABLE period_windows (
        model TEXT NOT NULL, key TEXT NOT NULL, period_id INTEGER NOT NULL REFERENCES periods(id) ON DELETE CASCADE,
        PRIMARY KEY (model, key)) WITHOUT ROWID""",
    "CREATE INDEX period_windows_period ON period_windows(period_id)",
)


@step
def m005_periods(db: Any) -> None:
    """Profiles of old windows merged upward, by the day and by the month."""
    for statement in _FIFTH:
        db.execute(statement)


_SIXTH = (
    "ALTER TABLE models ADD COLUMN paused_at TEXT",
    "ALTER TABLE models ADD COLUMN paused_until TEXT",
    "ALTER TABLE models ADD COLUMN paused_by TEXT",
    "ALTER TABLE models ADD COLUMN paused_why TEXT",
    # SQLite changes no CHECK in place: it is made anew around its rows. Nothing refers to them.
    """CREATE TABLE alert_events_new (
        id INTEGER PRIMARY KEY, alert_id INTEGER NOT NULL REFERENCES alerts(id), model TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN
            ('opened', 'continued', 'resolved', 'acknowledged', 'unacknowledged', 'snoozed', 'woken', 'assigned')),
        at TEXT NOT NULL, window TEXT, by TEXT, text TEXT)""",
    "INSERT INTO alert_events_new SELECT id, alert_id, model, kind, at, window, by, text FROM alert_events",
    "DROP TABLE alert_events",
    "ALTER TABLE alert_events_new RENAME TO alert_events",
    "CREATE INDEX alert_events_alert ON alert_events(alert_id)",
    "CREATE INDEX alert_events_at ON alert_events(at)",
    "CREATE INDEX alert_events_model ON alert_events(model, at)",
    "CREATE INDEX audit_who ON audit(who, id)",
)


@step
def m006_pauses(db: Any) -> None:
    """Models that are paused, and acknowledgements that are taken back."""
    for statement in _SIXTH:
        db.execute(statement)
    follow(db, "models", ("name",))


@step
def m007_fleet(db: Any) -> None:
    """What the fleet is ordered, filtered and counted by, beside the wide rows; the estimate of the key metric."""
    for statement in fleet_schema.STATEMENTS:
        db.execute(statement)
    follow(db, "models", ("name",))


@step
def m008_verdicts(db: Any) -> None:
    """The columns' verdicts of a window side by side, without their details: what the map of a year of hours reads."""
    db.execute("CREATE INDEX signals_verdicts ON signals(window_id, name, state, value) WHERE name GLOB 'change.*'")


LATEST = len(STEPS)
"""The state version that this program reads and writes."""
