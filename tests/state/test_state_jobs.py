"""Jobs: claimed once, followed, cancelled, never lost with their worker."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from state_values import day

from lifecycle_tui.state import feed, jobs, processes
from lifecycle_tui.state.database import State

ME = processes.this()


def test_a_job_from_queued_to_done(state: State):
    with state.write() as tx:
        id_ = jobs.enqueue(tx, "evaluate", "bikes", {"windows": 3}, day(0), by="ana")
        job = jobs.claim(tx, ME, day(1))
        assert (job.id, job.kind, job.model, job.payload, job.state) == (
            id_,
            "evaluate",
            "bikes",
            {"windows": 3},
            "running",
        )
        assert (job.process, job.attempts, job.created_by, job.started_at) == (ME, 1, "ana", day(1))
        assert jobs.claim(tx, ME, day(1)) is None
        jobs.progress(tx, id_, 1, 3, "windows", "2026-01")
        jobs.log(tx, id_, "info", "one", day(1))
        jobs.log(tx, id_, "warning", "two", day(1), {"column": "a"})
        assert not jobs.finish(tx, id_, "done", day(2), process=dataclasses.replace(ME, pid=1))
        assert jobs.finish(tx, id_, "done", day(2), outcome={"windows": 3}, process=ME)
        assert not jobs.finish(tx, id_, "failed", day(2))
        job = jobs.job(tx, id_)
        assert (job.done, job.total, job.unit, job.text) == (1, 3, "windows", "2026-01")
        assert (job.state, job.outcome, job.finished_at, job.error) == ("done", {"windows": 3}, day(2), None)
        lines = jobs.events(tx, id_)
        assert [(e.text, e.level, e.detail) for e in lines] == [
            ("one", "info", {}),
            ("two", "warning", {"column": "a"}),
        ]
        assert jobs.events(tx, id_, after=lines[0].id) == lines[1:]


def test_a_live_job_of_the_same_kind_and_model_is_joined(state: State):
    with state.write() as tx:
        first = jobs.enqueue(tx, "evaluate", "bikes", {}, day(0))
        assert jobs.enqueue(tx, "evaluate", "bikes", {"x": 1}, day(0)) == first
        assert jobs.enqueue(tx, "evaluate", "other", {}, day(0)) != first
        assert jobs.enqueue(tx, "retrain", "bikes", {}, day(0)) != first
        assert jobs.enqueue(tx, "evaluate", "bikes", {}, day(0), alone=False) != first
        jobs.claim(tx, ME, day(0))
        assert jobs.enqueue(tx, "evaluate", "bikes", {}, day(0)) == first
        jobs.finish(tx, first, "failed", day(0), error="no")
        assert jobs.enqueue(tx, "evaluate", "bikes", {}, day(0)) not in (first, None)


def test_workers_take_the_kinds_they_do_oldest_first(state: State):
    with state.write() as tx:
        ids = [jobs.enqueue(tx, kind, "m", {}, day(0), alone=False) for kind in ("a", "b", "a", "c")]
        assert jobs.claim(tx, ME, day(0), ["b", "c"]).id == ids[1]
        assert [jobs.claim(tx, ME, day(0)).id for _ in range(3)] == [ids[0], ids[2], ids[3]]


def test_cancelling(state: State):
    with state.write() as tx:
        queued = jobs.enqueue(tx, "a", "m", {}, day(0))
        assert jobs.cancel(tx, queued, day(1))
        assert jobs.job(tx, queued).state == "cancelled"
        assert not jobs.cancel(tx, queued, day(1))
        running = jobs.enqueue(tx, "a", "m", {}, day(0))
        jobs.claim(tx, ME, day(0))
        assert not jobs.cancelled(tx, running)
        assert jobs.cancel(tx, running, day(1))
        assert jobs.cancelled(tx, running)
        assert jobs.job(tx, running).state == "running"


def test_a_killed_workers_job_is_queued_once_more_then_fails(state: State):
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    worker = processes.of(child.pid)
    with state.write() as tx:
        id_ = jobs.enqueue(tx, "evaluate", "bikes", {}, day(0))
        jobs.claim(tx, worker, day(0))
        assert jobs.lost(tx, day(0)) == ()
        assert jobs.requeue_lost(tx, day(0)) == ()
    child.kill()
    child.wait()
    with state.write() as tx:
        assert [j.id for j in jobs.lost(tx, day(0))] == [id_]
        (again,) = jobs.requeue_lost(tx, day(0))
        assert (again.state, again.process, again.attempts) == ("queued", None, 1)
        assert jobs.enqueue(tx, "evaluate", "bikes", {}, day(0)) == id_
        jobs.claim(tx, worker, day(1))
        (failed,) = jobs.requeue_lost(tx, day(1))
        assert failed.state == "failed" and "died" in failed.error
        assert [e.text for e in jobs.events(tx, id_)] == [f"worker {worker.pid} is gone"] * 2
        assert jobs.enqueue(tx, "evaluate", "bikes", {}, day(0)) != id_


def test_a_lost_job_that_was_to_stop_is_cancelled(state: State):
    with state.write() as tx:
        id_ = jobs.enqueue(tx, "a", "m", {}, day(0))
        jobs.claim(tx, dataclasses.replace(ME, started="1"), day(0))
        jobs.cancel(tx, id_, day(0))
        assert [j.state for j in jobs.requeue_lost(tx, day(0))] == ["cancelled"]


def test_a_reused_pid_is_another_process_and_a_rebooted_machine_has_none_of_them():
    assert processes.alive(ME) is True
    assert processes.alive(dataclasses.replace(ME, started="12345")) is False
    assert processes.alive(dataclasses.replace(ME, place="another-boot/" + ME.place.partition("/")[2])) is False
    assert processes.alive(dataclasses.replace(ME, place=ME.place.partition("/")[0] + "/pid:[1]")) is None
    assert processes.Process.parse(str(ME)) == ME
    assert processes.of(os.getpid()) == ME
    assert processes.alive(processes.of(2**22 + 5)) is False


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_a_zombie_counts_as_gone():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    seen = processes.of(child.pid)
    assert processes.alive(seen)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert processes.alive(seen) is False
    child.wait()


def test_a_worker_in_another_container_is_given_up_by_its_heartbeat(state: State):
    far = dataclasses.replace(ME, place=ME.place.partition("/")[0] + "/pid:[1]")
    with state.write() as tx:
        id_ = jobs.enqueue(tx, "a", "m", {}, day(0))
        jobs.claim(tx, far, day(0))
        assert jobs.lost(tx, day(0) + timedelta(seconds=90)) == ()
        jobs.heartbeat(tx, id_, day(0) + timedelta(seconds=90))
        assert jobs.lost(tx, day(0) + timedelta(seconds=200)) == ()
        assert len(jobs.lost(tx, day(0) + timedelta(seconds=211))) == 1


def test_heartbeats_stay_out_of_the_feed(state: State):
    with state.write() as tx:
        id_ = jobs.enqueue(tx, "a", "m", {}, day(0))
        jobs.claim(tx, ME, day(0))
    with state.read() as conn:
        seq = feed.latest(conn)
    with state.write(durable=False) as tx:
        jobs.heartbeat(tx, id_, day(1))
    with state.read() as conn:
        assert feed.latest(conn) == seq


def test_a_worker_of_its_own_takes_its_job_and_no_other(state: State):
    with state.write() as tx:
        ids = [jobs.enqueue(tx, kind, "m", {}, day(0), alone=False) for kind in ("retrain", "retrain", "evaluate")]
        assert jobs.waits(tx, ["retrain"], ids[1]) and not jobs.waits(tx, ["evaluate"], ids[1])
        assert jobs.claim(tx, ME, day(0), ["retrain"], job_id=ids[1]).id == ids[1]
        assert jobs.claim(tx, ME, day(0), ["retrain"], job_id=ids[1]) is None
        assert not jobs.waits(tx, ["retrain"], ids[1]) and jobs.waits(tx, ["retrain"])
        assert jobs.queued(tx) == ((ids[0], "retrain"), (ids[2], "evaluate"))
        assert jobs.live(tx) == 3
        ((found, beat),) = jobs.running(tx)
        assert found.id == ids[1] and beat is not None
        jobs.heartbeat(tx, ids[1], day(1))
        assert jobs.running(tx)[0][1] != beat


def test_a_job_on_a_simulated_clock_reads_in_its_order(state: State):
    then = day(-300)
    with state.write() as tx:
        id_ = jobs.enqueue(tx, "retrain", "m", {"as_of": then.isoformat()}, then, time_limit=60.0)
        job = jobs.claim(tx, ME, day(0))
        assert (job.started_at, job.time_limit) == (then, 60.0)
        assert jobs.clock_of(job).now() == then
        # Whether its worker lives is judged by the machine's clock.
        far = dataclasses.replace(ME, place=ME.place.partition("/")[0] + "/pid:[1]")
        tx.execute("UPDATE jobs SET process = ? WHERE id = ?", (str(far), id_))
        assert jobs.lost(tx, day(0) + timedelta(seconds=60)) == ()
        jobs.requeue_lost(tx, day(1))
        jobs.cancel(tx, id_, day(1), by="ana")
        ended = jobs.job(tx, id_)
        assert (ended.state, ended.finished_at, ended.cancelled_by) == ("cancelled", then, "ana")
        assert {e.at for e in jobs.events(tx, id_)} == {then}
    naive = dataclasses.replace(job, payload={"as_of": "2012-01-01T00:00:00"})
    assert jobs.clock_of(naive).now().isoformat() == "2012-01-01T00:00:00+00:00"
    before = jobs.clock_of(dataclasses.replace(job, payload={})).now()
    assert before.year >= 2024


def test_the_first_who_cancels_is_kept(state: State):
    with state.write() as tx:
        id_ = jobs.enqueue(tx, "a", "m", {}, day(0))
        jobs.claim(tx, ME, day(0))
        assert jobs.cancel(tx, id_, day(1), by="ana") and jobs.cancel(tx, id_, day(1), by="raj")
        assert jobs.job(tx, id_).cancelled_by == "ana"
        jobs.finish(tx, id_, "cancelled", day(1))
        assert not jobs.cancel(tx, id_, day(1), by="eve") and jobs.job(tx, id_).ended


def test_a_job_that_no_worker_can_take_is_given_up(state: State):
    with state.write() as tx:
        id_ = jobs.enqueue(tx, "retrain", "m", {}, day(0))
        assert jobs.give_up(tx, id_, day(1), "workers end at once")
        found = jobs.job(tx, id_)
        assert (found.state, found.error, found.finished_at) == ("failed", "workers end at once", day(1))
        assert not jobs.give_up(tx, id_, day(1), "again")
        assert jobs.enqueue(tx, "retrain", "m", {}, day(2)) != id_


def test_lists(state: State):
    with state.write() as tx:
        ids = [jobs.enqueue(tx, "a", f"m{n % 2}", {}, day(n), alone=False) for n in range(6)]
        for _ in range(3):
            jobs.claim(tx, ME, day(6))
        jobs.finish(tx, ids[1], "done", day(7))
    with state.read() as conn:
        assert [j.id for j in jobs.jobs(conn, limit=2)] == ids[:3:-1]
        assert [j.id for j in jobs.jobs(conn, before=ids[4])] == ids[3::-1]
        assert [j.id for j in jobs.jobs(conn, model="m1")] == [ids[5], ids[3], ids[1]]
        assert jobs.jobs(conn, kind="b") == () and len(jobs.jobs(conn, kind="a", model="m0")) == 3
        assert [j.id for j in jobs.jobs(conn, live=True)] == [ids[5], ids[4], ids[3], ids[2], ids[0]]
        assert [j.id for j in jobs.jobs(conn, live=True, model="m0", limit=2)] == [ids[4], ids[2]]
