"""The tables that state begins with: models, windows and their signals, alerts, versions, jobs, audit.

Called by `migrations` (m001): as released, never edited. What later versions added stands there, step by step.
"""

from __future__ import annotations

STATEMENTS = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE feed (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL)",
    "INSERT INTO feed (id, seq) VALUES (1, 0)",
    """CREATE TABLE models (
        name TEXT PRIMARY KEY, task TEXT, owner TEXT, tags TEXT NOT NULL DEFAULT '[]',
        declared INTEGER NOT NULL DEFAULT 1, health TEXT NOT NULL DEFAULT 'unknown'
            CHECK (health IN ('ok', 'warning', 'critical', 'unknown', 'error')),
        message TEXT, champion INTEGER,
        window_key TEXT, window_start TEXT, window_end TEXT, window_rows INTEGER, window_labels INTEGER,
        drift_share REAL, drift_count INTEGER, drift_columns INTEGER, drift_max REAL, drift_column TEXT,
        drift_history TEXT NOT NULL DEFAULT '[]',
        metric TEXT, metric_value REAL, metric_lower REAL, metric_upper REAL, metric_history TEXT NOT NULL DEFAULT '[]',
        alerts_open INTEGER NOT NULL DEFAULT 0, severity TEXT CHECK (severity IN ('info', 'warning', 'critical')),
        evaluated_at TEXT, decided TEXT, seq INTEGER) WITHOUT ROWID""",
    """CREATE TABLE windows (
        id INTEGER PRIMARY KEY, model TEXT NOT NULL REFERENCES models(name), key TEXT NOT NULL,
        version TEXT NOT NULL DEFAULT '', revision INTEGER NOT NULL, current INTEGER NOT NULL DEFAULT 1,
        position INTEGER NOT NULL, start TEXT, "end" TEXT, rows INTEGER NOT NULL, labels INTEGER NOT NULL DEFAULT 0,
        mature INTEGER NOT NULL, complete INTEGER NOT NULL, basis TEXT NOT NULL DEFAULT '', as_of TEXT NOT NULL,
        recorded_at TEXT NOT NULL, digest TEXT NOT NULL, withdrawn TEXT, seq INTEGER,
        report TEXT NOT NULL DEFAULT '[]', UNIQUE (model, key, version, revision))""",
    "CREATE UNIQUE INDEX windows_current ON windows(model, key, version) WHERE current = 1",
    "CREATE INDEX windows_as_of ON windows(as_of)",
    "CREATE INDEX windows_model_as_of ON windows(model, as_of)",
    """CREATE TABLE window_parts (
        window_id INTEGER NOT NULL REFERENCES windows(id), fragment TEXT NOT NULL, rows INTEGER NOT NULL,
        digest TEXT NOT NULL, PRIMARY KEY (window_id, fragment)) WITHOUT ROWID""",
    """CREATE TABLE signals (
        window_id INTEGER NOT NULL REFERENCES windows(id), name TEXT NOT NULL, value REAL, lower REAL, upper REAL,
        n INTEGER, state TEXT NOT NULL CHECK (state IN ('ok', 'drifted', 'cannot-tell', 'unknown', 'error')),
        message TEXT, "column" TEXT, source TEXT NOT NULL DEFAULT '', detail TEXT, seq INTEGER,
        PRIMARY KEY (window_id, name)) WITHOUT ROWID""",
    """CREATE TABLE profiles (
        window_id INTEGER NOT NULL REFERENCES windows(id), "column" TEXT NOT NULL, kind TEXT NOT NULL,
        grid TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (window_id, "column"))""",
    """CREATE TABLE grids (
        model TEXT NOT NULL REFERENCES models(name), "column" TEXT NOT NULL, version INTEGER NOT NULL,
        grid TEXT NOT NULL, data BLOB NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (model, "column", version),
        UNIQUE (model, "column", grid))""",
    """CREATE TABLE reference (
        id INTEGER PRIMARY KEY, model TEXT NOT NULL REFERENCES models(name), digest TEXT NOT NULL,
        rows INTEGER NOT NULL, facts TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (model, digest))""",
    """CREATE TABLE reference_profiles (
        reference_id INTEGER NOT NULL REFERENCES reference(id) ON DELETE CASCADE, "column" TEXT NOT NULL,
        kind TEXT NOT NULL, grid TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (reference_id, "column"))""",
    """CREATE TABLE alerts (
        id INTEGER PRIMARY KEY, model TEXT NOT NULL REFERENCES models(name), rule TEXT NOT NULL,
        severity TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
        state TEXT NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')), since TEXT NOT NULL,
        last_window TEXT, repeats INTEGER NOT NULL DEFAULT 0, message TEXT NOT NULL, opened_at TEXT NOT NULL,
        resolved_at TEXT, resolved_by TEXT, acknowledged_at TEXT, acknowledged_by TEXT, note TEXT,
        detail TEXT NOT NULL DEFAULT '{}', seq INTEGER)""",
    "CREATE UNIQUE INDEX alerts_live ON alerts(model, rule) WHERE state <> 'resolved'",
    "CREATE INDEX alerts_model ON alerts(model, opened_at)",
    "CREATE INDEX alerts_streak ON alerts(model, rule, since)",
    "CREATE INDEX alerts_opened ON alerts(opened_at)",
    """CREATE TABLE alert_events (
        id INTEGER PRIMARY KEY, alert_id INTEGER NOT NULL REFERENCES alerts(id), model TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('opened', 'continued', 'resolved', 'acknowledged')),
        at TEXT NOT NULL, window TEXT, by TEXT, text TEXT)""",
    "CREATE INDEX alert_events_alert ON alert_events(alert_id)",
    "CREATE INDEX alert_events_at ON alert_events(at)",
    "CREATE INDEX alert_events_model ON alert_events(model, at)",
    """CREATE TABLE notifications (
        id INTEGER PRIMARY KEY, alert_id INTEGER NOT NULL REFERENCES alerts(id), notifier TEXT NOT NULL,
        kind TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending'
            CHECK (state IN ('pending', 'sending', 'sent', 'failed')),
        due_at TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT, created_at TEXT NOT NULL,
        sent_at TEXT, process TEXT, seq INTEGER, UNIQUE (alert_id, notifier, kind))""",
    "CREATE INDEX notifications_due ON notifications(due_at) WHERE state IN ('pending', 'sending')",
    """CREATE TABLE versions (
        model TEXT NOT NULL REFERENCES models(name), number INTEGER NOT NULL, name TEXT,
        origin TEXT NOT NULL CHECK (origin IN ('trained', 'registered', 'named')), artifact TEXT, size INTEGER,
        format TEXT, created_at TEXT NOT NULL, by TEXT, job_id INTEGER, parent INTEGER, data_start TEXT, data_end TEXT,
        data_rows INTEGER, data_digest TEXT, metrics TEXT NOT NULL DEFAULT '{}', lineage TEXT NOT NULL DEFAULT '{}',
        note TEXT, seq INTEGER, PRIMARY KEY (model, number))""",
    "CREATE UNIQUE INDEX versions_name ON versions(model, name) WHERE name IS NOT NULL",
    "CREATE INDEX versions_artifact ON versions(artifact) WHERE artifact IS NOT NULL",
    "CREATE INDEX versions_created ON versions(created_at)",
    "CREATE INDEX versions_model_created ON versions(model, created_at)",
    """CREATE TABLE aliases (
        model TEXT NOT NULL, alias TEXT NOT NULL, version INTEGER NOT NULL, since TEXT NOT NULL, by TEXT, why TEXT,
        seq INTEGER, PRIMARY KEY (model, alias), FOREIGN KEY (model, version) REFERENCES versions(model, number))""",
    """CREATE TABLE alias_history (
        id INTEGER PRIMARY KEY, model TEXT NOT NULL, alias TEXT NOT NULL, version INTEGER, previous INTEGER,
        at TEXT NOT NULL, by TEXT, why TEXT)""",
    "CREATE INDEX alias_history_alias ON alias_history(model, alias, at)",
    "CREATE INDEX alias_history_model ON alias_history(model, at)",
    "CREATE INDEX alias_history_at ON alias_history(at)",
    """CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, model TEXT, payload TEXT NOT NULL DEFAULT '{}',
        state TEXT NOT NULL DEFAULT 'queued'
            CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
        created_at TEXT NOT NULL, created_by TEXT, started_at TEXT, finished_at TEXT, process TEXT,
        attempts INTEGER NOT NULL DEFAULT 0, cancel INTEGER NOT NULL DEFAULT 0, progress_done REAL,
        progress_total REAL, progress_unit TEXT, progress_text TEXT, outcome TEXT, error TEXT, live_key TEXT,
        seq INTEGER)""",
    "CREATE UNIQUE INDEX jobs_live_key ON jobs(live_key) WHERE live_key IS NOT NULL",
    "CREATE INDEX jobs_queued ON jobs(id) WHERE state = 'queued'",
    "CREATE INDEX jobs_running ON jobs(id) WHERE state = 'running'",
    "CREATE INDEX jobs_model ON jobs(model, id)",
    "CREATE INDEX jobs_finished ON jobs(finished_at)",
    "CREATE INDEX jobs_model_finished ON jobs(model, finished_at)",
    "CREATE INDEX jobs_created ON jobs(created_at)",
    "CREATE INDEX jobs_model_created ON jobs(model, created_at)",
    "CREATE TABLE heartbeats (job_id INTEGER PRIMARY KEY REFERENCES jobs(id), at TEXT NOT NULL)",
    """CREATE TABLE job_events (
        id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL REFERENCES jobs(id), at TEXT NOT NULL, level TEXT NOT NULL,
        text TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '{}')""",
    "CREATE INDEX job_events_job ON job_events(job_id)",
    """CREATE TABLE fragments (
        source TEXT NOT NULL, fragment TEXT NOT NULL, stamp TEXT NOT NULL, facts TEXT NOT NULL, seen_at TEXT NOT NULL,
        PRIMARY KEY (source, fragment)) WITHOUT ROWID""",
    """CREATE TABLE audit (
        id INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, behind TEXT, action TEXT NOT NULL,
        subject TEXT NOT NULL, model TEXT, detail TEXT NOT NULL DEFAULT '{}', previous TEXT NOT NULL,
        hash TEXT NOT NULL)""",
    "CREATE INDEX audit_at ON audit(at)",
    "CREATE INDEX audit_model ON audit(model, id)",
    "CREATE INDEX audit_model_at ON audit(model, at)",
    "CREATE TRIGGER audit_keeps_rows BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit only grows'); END",
    "CREATE TRIGGER audit_keeps_values BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit only grows'); END",
)
