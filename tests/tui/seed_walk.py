"""A workspace with something of everything, for those who press anything anywhere: its file is valid, its text hostile.

Made once, since it takes a second; every test takes a copy.
"""

from __future__ import annotations

import random
import shutil
from datetime import timedelta
from pathlib import Path

import seed_act
import seed_jobs
import seed_life
import tui_seed

from lifecycle_tui.domain.results import Alert
from lifecycle_tui.state import alerts, jobs, models
from lifecycle_tui.state.database import State

NASTY = (
    "a\x1b[2Jb\x1b]0;title\x07c",
    "[/x] [b]bold[/b] [red",
    "名前 数字 ｆｕｌｌ",
    "e\u0301\u0301\u0301 a\u0300",
    "\u202eright to left",
    "zero\u200bwidth\u200d\ufeff",
    "line\nbreak\r\ttab\x00nul\x9bcsi",
    "long " * 50_000,
    "x" * 100_000,
    "",
    "\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308 flags",
)


def seed(root: Path) -> None:
    """Six models: two that are trained, one with a month of windows, one with a life, one that no file declares."""
    seed_act.seed(root)
    state = State.open(root)
    seed_jobs.five(state)
    with state.write() as tx:
        models.declare(tx, [models.Declared("card-fraud", "binary"), models.Declared(seed_life.MODEL, "binary"),
                            models.Declared(seed_life.OTHER, "regression")])  # fmt: skip
        tui_seed.card_fraud(tx)
        seed_life.windows(tx)
        seed_life.lineage(tx)
        seed_life.told(tx)
        models.put_model(tx, tui_seed.facts(seed_life.MODEL, "critical", message=NASTY[0]))
        for n, text in enumerate(NASTY):
            alert = Alert("card-fraud", f"rule {n} {text[:40]}", "warning", "open", text[:40], tui_seed.NOW, text)
            alerts.store(tx, opened=[alert], now=tui_seed.NOW)
            id_ = jobs.enqueue(tx, "evaluate", "card-fraud", {"why": text}, tui_seed.NOW, by=text[:40])
            jobs.claim(tx, seed_jobs.ME, tui_seed.NOW, job_id=id_)
            for _ in range(3):
                jobs.log(tx, id_, "warning", text, tui_seed.NOW)
            jobs.finish(tx, id_, "failed", tui_seed.NOW, error=text)
    state.close()


def copy(template: Path, root: Path) -> Path:
    """A copy to press keys on."""
    shutil.copytree(template, root)
    return root


class Changes:
    """Somebody else works on the same state: windows come, alerts open and resolve, jobs run, models come and go."""

    def __init__(self, state: State) -> None:
        self._state, self._day, self._alerts = state, 30, 0

    def __call__(self, dice: random.Random) -> None:
        """One change."""
        text = dice.choice(NASTY)
        with self._state.write() as tx:
            match dice.randrange(5):
                case 0:
                    tui_seed.record.record(tx, tui_seed.fraud_window(self._day, self._day + 1))
                    self._day += 1
                case 1:
                    self._alerts += 1
                    at = tui_seed.NOW + timedelta(minutes=self._alerts)
                    alerts.store(
                        tx, opened=[Alert("shop", f"n{self._alerts}", "critical", "open", "w", at, text)], now=at
                    )
                case 2:
                    health = dice.choice(("ok", "warning", "critical", "error", "unknown"))
                    models.put_model(tx, tui_seed.facts("card-fraud", health, message=text))
                case 3:
                    running = [job for job in jobs.jobs(tx, live=True, limit=20) if job.kind == "retrain"]
                    for job in running:
                        jobs.log(tx, job.id, "info", text, tui_seed.NOW)
                        jobs.progress(tx, job.id, dice.randrange(100), 100, "rows", text[:80], 9.0)
                case 4:
                    name = dice.choice((seed_life.OTHER, "bike"))
                    kept = [row for (row,) in tx.execute("SELECT name FROM models") if row != name]
                    if dice.random() < 0.5:
                        models.retire_missing(tx, kept)
                    else:
                        models.declare(tx, [models.Declared(name, "regression")])
