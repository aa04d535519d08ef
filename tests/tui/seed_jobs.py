"""Jobs as workers leave them: running, waiting, ended in each way; written through the real writers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from lifecycle_tui.state import jobs, models, processes
from lifecycle_tui.state.database import State

NOW = datetime(2026, 4, 1, 6, tzinfo=UTC)
ME = processes.this()
HOSTILE = "bad [b]markup[/b] \x1b[31mred\x1b[0m 数字 e\u0301 [/x] \udcff end"
"""Markup, an escape sequence, wide and combining characters."""


def five(state: State) -> dict[str, int]:
    """A running and a done retraining; an evaluation queued, done, failed, cancelled: ids by a word for each."""
    with state.write() as tx:
        models.declare(tx, [models.Declared(n, "binary") for n in ("churn[prod]", "demand", "fraud", "prices")])
    made = {
        "done evaluation": ended(state, "evaluate", "demand", outcome={"new": 3, "windows": 12, "seconds": 0.4}),
        "failed": ended(state, "evaluate", "churn[prod]", "failed", error=f"plugin gap: {HOSTILE} (plugins/gap.py:7)"),
        "cancelled": ended(state, "evaluate", "fraud", "cancelled"),
        "done": ended(state, "retrain", "prices", outcome={
            "verdict": "passed", "version": 4, "text": "version 4 passed: gain(mae) 12 (3 to 20) > 0", "rows": 240,
            "seconds": 95.0,
        }, by="ana", why="error-high fires"),
    }  # fmt: skip
    with state.write() as tx:
        made["running"] = jobs.enqueue(tx, "retrain", "fraud", {"why": "auc-degraded", "strategy": "refit"}, NOW,
                                       by="policy auc-degraded", time_limit=7200)  # fmt: skip
        jobs.claim(tx, ME, NOW, job_id=made["running"])
        jobs.progress(tx, made["running"], 1200, 5000, "rows", "fraud: fitting", 95.0)
        jobs.log(tx, made["running"], "info", "960 rows to learn from", NOW)
        jobs.log(tx, made["running"], "warning", HOSTILE.replace("\udcff", ""), NOW)
        made["queued"] = jobs.enqueue(tx, "evaluate", "prices", {}, NOW, by="agent")
    return made


def ended(
    state: State, kind: str, model: str, how: jobs.Outcome = "done", *, outcome: dict | None = None,
    error: str | None = None, by: str = "agent", why: str | None = None, at: datetime = NOW,
) -> int:  # fmt: skip
    """A job that has ended so."""
    payload = {} if why is None else {"why": why}
    with state.write() as tx:
        id_ = jobs.enqueue(tx, kind, model, payload, at - timedelta(minutes=5), by=by, alone=False)
        jobs.claim(tx, ME, at, job_id=id_)
        # A lone surrogate is what undecodable bytes become; SQLite holds none.
        safe = None if error is None else error.replace("\udcff", "?")
        jobs.finish(tx, id_, how, at, outcome=outcome, error=safe)
    return id_


def many(state: State, count: int, kind: str = "evaluate", how: str = "done", step: int = 1) -> None:
    """So many ended jobs, a minute apart; every `step`-th of another kind, for what is left out."""
    with state.write(durable=False) as tx:
        tx.executemany(
            "INSERT INTO jobs (kind, model, state, created_at, started_at, finished_at, created_by, outcome) "
            "VALUES (?, 'demand', ?, ?, ?, ?, 'agent', '{\"seconds\":1.5}')",
            [
                ("retrain" if step > 1 and n % step == 0 else kind, how, *(_text(n),) * 3)
                for n in range(count)
            ],
        )  # fmt: skip


def _text(minutes: int) -> str:
    return f"{NOW - timedelta(days=400) + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}.000000Z"


def log(state: State, job: int, count: int, text: str = "line", level: str = "info") -> None:
    """So many lines for a job's log: `line 1` …"""
    with state.write(durable=False) as tx:
        tx.executemany(
            "INSERT INTO job_events (job_id, at, level, text) VALUES (?, '2026-04-01T06:00:00.000000Z', ?, ?)",
            [(job, level, f"{text} {n + 1}") for n in range(count)],
        )
