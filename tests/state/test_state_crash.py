"""Real processes: two that write at once, and writers that are killed at any moment."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lifecycle_tui.state import feed, folder, jobs, processes
from lifecycle_tui.state.database import State

HERE = Path(__file__).parent
SIGNALS, PROFILES = 40, 5

WRITER = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(HERE)!r})
from state_values import alert, day, profile, result
from lifecycle_tui.state import alerts, audit, jobs, models, outbox, processes, record
from lifecycle_tui.state.database import State

root, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with State.open(root) as state:
    with state.read() as conn:
        (n,) = conn.execute("SELECT count(*) FROM windows WHERE model = ? AND current = 1", (name,)).fetchone()
    while n < count:
        signals = {{f"psi.c{{i}}": i + n / 7 for i in range({SIGNALS})}}
        said = result(name, n, signals=signals, profiles=[profile(f"c{{i}}", bytes(3000)) for i in range({PROFILES})])
        with state.write() as tx:
            assert record.record(tx, [said])
            ((change),) = alerts.store(tx, opened=[alert(name, f"r{{n}}")], now=day(n))
            outbox.queue_notification(tx, change.alert.id, "log", day(n), "opened", day(n))
            audit.append(tx, "record", f"{{name}}/{{n}}", day(n), who="test")
            models.set_decided(tx, name, said.window.key)
        n += 1
        print(n, flush=True)
"""


def start(root: Path, name: str, count: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(root), name, str(count)], stdout=subprocess.PIPE, text=True
    )


def check_whole(root: Path) -> dict[str, int]:
    """Nothing half, nothing double; returns how many windows each model has."""
    conn = sqlite3.connect(folder.database(root))
    try:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        for table, expected in (("signals", SIGNALS), ("profiles", PROFILES), ("window_parts", 2)):
            found = conn.execute(
                f"SELECT DISTINCT (SELECT count(*) FROM {table} WHERE window_id = w.id) FROM windows w"
            ).fetchall()
            assert found in ([(expected,)], []), table
        counts = dict(conn.execute("SELECT model, count(*) FROM windows GROUP BY model").fetchall())
        assert conn.execute("SELECT count(*) FROM windows WHERE revision <> 1 OR current <> 1").fetchone() == (0,)
        for model, count in counts.items():
            positions = conn.execute("SELECT position FROM windows WHERE model = ? ORDER BY key", (model,)).fetchall()
            assert positions == [(n,) for n in range(count)]
            assert conn.execute("SELECT decided, alerts_open FROM models WHERE name = ?", (model,)).fetchone() == (
                conn.execute("SELECT max(key) FROM windows WHERE model = ?", (model,)).fetchone()[0], count,
            )  # fmt: skip
        total = sum(counts.values())
        for table in ("alerts", "notifications", "audit"):
            assert conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (total,), table
    finally:
        conn.close()
    with State.view(root) as state, state.read() as conn:
        from lifecycle_tui.state import audit

        assert audit.verify(conn).ok
    return counts


def test_two_processes_that_write_at_once_lose_nothing(root: Path):
    with State.open(root) as state:
        watcher = feed.Watcher(state)
        children = [start(root, name, 60) for name in ("left", "right")]
        keys = []
        while any(child.poll() is None for child in children):
            if watcher.poll():
                keys += [(w.model, w.key) for w in watcher.changes("windows")]
        keys += [(w.model, w.key) for w in watcher.changes("windows")]
        for child in children:
            assert child.wait() == 0
            child.stdout.close()
        watcher.close()
    assert check_whole(root) == {"left": 60, "right": 60}
    assert len(keys) == len(set(keys)) == 120


def kill_rounds(root: Path, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    announced = 0
    for n in range(rounds):
        child = start(root, "bikes", 100_000)
        assert child.stdout.readline()
        # A real clock on purpose: the kill must fall anywhere in a transaction.
        time.sleep(chance.random() * 0.05)
        child.send_signal(signal.SIGKILL)
        said = child.stdout.read().split("\n")
        child.wait()
        child.stdout.close()
        announced = max([announced, *(int(line) for line in said[:-1] if line)])
        if n % 5 == 4 or n == rounds - 1:
            counts = check_whole(root)
            assert counts["bikes"] >= announced


@pytest.mark.slow
def test_writers_killed_at_any_moment_leave_no_half_window(root: Path):
    kill_rounds(root, 20, 1)


@pytest.mark.slow
def test_writers_killed_a_hundred_times_leave_no_half_window(root: Path):
    kill_rounds(root, 100, 2)


def test_a_job_is_claimed_by_one_of_many_workers_only(root: Path):
    code = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from lifecycle_tui.state import jobs, processes\nfrom lifecycle_tui.state.database import State\n"
        "me, now = processes.this(), datetime.now(UTC)\n"
        "with State.open(Path(sys.argv[1])) as state:\n"
        "    while True:\n"
        "        with state.write() as tx: job = jobs.claim(tx, me, now)\n"
        "        if job is None: break\n"
        "        print(job.id)\n"
        "        with state.write() as tx: assert jobs.finish(tx, job.id, 'done', now, process=me)\n"
    )
    with State.open(root) as state, state.write() as tx:
        ids = [jobs.enqueue(tx, "evaluate", f"m{n}", {}, processes_now()) for n in range(60)]
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(root)], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    taken = [int(line) for child in children for line in child.communicate()[0].split()]
    assert all(child.returncode == 0 for child in children)
    assert sorted(taken) == ids
    with State.view(root) as state, state.read() as conn:
        assert {j.state for j in jobs.jobs(conn, limit=99)} == {"done"}
        assert processes.alive(jobs.jobs(conn)[0].process) is False


def processes_now():
    from datetime import UTC, datetime

    return datetime.now(UTC)
