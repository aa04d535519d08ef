"""The table `fleet`: what models are ordered, filtered, grouped and counted by, beside the wide rows of `models`.

A row of `models` takes a page of the file; to go through ten thousand of them costs a hundred milliseconds, through
these a few. Triggers keep it, whoever writes `models`. Called by `migrations` (m007): as released, never edited.
"""

from __future__ import annotations

_ROWS = """SELECT name, declared,
    CASE WHEN snoozed > 0 AND health IN ('critical', 'warning')
        THEN CASE awake WHEN 'critical' THEN 1 WHEN 'warning' THEN 2 ELSE 3.5 END
        ELSE CASE health WHEN 'error' THEN 0 WHEN 'critical' THEN 1 WHEN 'warning' THEN 2 WHEN 'unknown' THEN 3
            WHEN 'ok' THEN 4 END END,
    CASE awake WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 WHEN 'info' THEN 2 ELSE 3 END,
    drift_share, health, champion, window_key, window_rows, metric, alerts_open, owner, task, tags,
    lower(name || ' ' || health || ' ' || coalesce(owner, '') || ' ' || coalesce(task, '') || ' ' ||
        coalesce(metric, '') || ' ' || coalesce(window_key, '') || ' ' ||
        coalesce((SELECT group_concat(value, ' ') FROM json_each(tags)), '')) FROM models"""
_AGAIN = f"DELETE FROM fleet WHERE name = NEW.name; INSERT INTO fleet {_ROWS} WHERE name = NEW.name;"
STATEMENTS = (
    "ALTER TABLE models ADD COLUMN metric_estimate REAL",
    """CREATE TABLE fleet (
        name TEXT PRIMARY KEY, declared INTEGER NOT NULL, urgency REAL NOT NULL, awake INTEGER NOT NULL,
        drift_share REAL, health TEXT NOT NULL, champion INTEGER, window_key TEXT, window_rows INTEGER, metric TEXT,
        alerts_open INTEGER NOT NULL, owner TEXT, task TEXT, tags TEXT NOT NULL, said TEXT NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX fleet_worst ON fleet(declared, urgency, awake, drift_share DESC, name, health)",
    f"INSERT INTO fleet {_ROWS}",
    f"CREATE TRIGGER fleet_insert AFTER INSERT ON models BEGIN {_AGAIN} END",
    "CREATE TRIGGER fleet_update AFTER UPDATE OF declared, snoozed, health, awake, drift_share, champion, window_key, "
    f"window_rows, metric, alerts_open, owner, task, tags ON models BEGIN {_AGAIN} END",
    "CREATE TRIGGER fleet_delete AFTER DELETE ON models BEGIN DELETE FROM fleet WHERE name = OLD.name; END",
)
