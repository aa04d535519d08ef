"""Judgements and approvals: stored once, read back whole, newest first."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from state_values import day

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.registry import versions
from lifecycle_tui.registry.versions import NewVersion
from lifecycle_tui.state import approvals, feed, judgements
from lifecycle_tui.state.database import State
from lifecycle_tui.state.judgements import Judgement


@pytest.fixture
def three(state: State) -> State:
    with state.write() as tx:
        for _ in range(3):
            versions.register(tx, NewVersion("bikes", "trained"), day(0))
    return state


WHOLE = Judgement(
    "bikes", 2, 1, "unknown", 400, "too few rows", day(4), 900, day(2), day(3),
    ({"gate": "gain(mae) > 0", "verdict": "unknown", "numbers": {"gain(mae)": {"value": 1.5}}},), 7,
)  # fmt: skip


def test_a_judgement_comes_back_whole_and_a_job_judges_a_version_once(three: State):
    with three.write() as tx:
        first = judgements.put(tx, WHOLE)
        assert replace(first, id=None, seq=None) == WHOLE
        assert judgements.put(tx, replace(WHOLE, rows=9)) == first
        second = judgements.put(tx, replace(WHOLE, job_id=8, verdict="passed"))
        third = judgements.put(tx, replace(WHOLE, job_id=None, version=3, champion=None))
        assert judgements.put(tx, replace(WHOLE, job_id=None, version=3)).id not in (first.id, third.id)
        assert judgements.newest(tx, "bikes", 2) == second
        assert judgements.newest(tx, "bikes").version == 3
        assert judgements.newest(tx, "bikes", 1) is None and judgements.newest(tx, "other") is None
        assert judgements.between(tx, "bikes", 2, 1) == second and judgements.between(tx, "bikes", 2, 3) is None
        assert [j.id for j in judgements.judgements(tx, "bikes", limit=2)] == [third.id + 1, third.id]
        assert [j.id for j in judgements.judgements(tx, "bikes", 2, before=second.id)] == [first.id]


@pytest.mark.parametrize("wrong", [{"verdict": "maybe"}, {"version": 9}])
def test_a_judgement_that_makes_no_sense_is_refused(three: State, wrong: dict):
    with pytest.raises(sqlite3.IntegrityError), three.write() as tx:
        judgements.put(tx, replace(WHOLE, **wrong))


def test_one_request_waits_for_a_model_and_a_newer_one_takes_its_place(three: State):
    with three.write() as tx:
        first = approvals.request(tx, "bikes", 2, "schedule", "monthly", day(1))
        assert (first.state, first.requested_by, first.requested_at, first.why) == (
            "pending", "schedule", day(1), "monthly",
        )  # fmt: skip
        seq = feed.latest(tx)
        assert approvals.request(tx, "bikes", 2, "ana", "again", day(2)) == first
        assert feed.latest(tx) == seq
        second = approvals.request(tx, "bikes", 3, "ana", None, day(3))
        assert approvals.pending(tx, "bikes") == second and approvals.all_pending(tx) == (second,)
        gone = approvals.get(tx, first.id)
        assert (gone.state, gone.decided_by, gone.note) == ("withdrawn", "ana", "version 3 was asked for instead")
        done = approvals.decide(tx, second.id, "approved", "raj", "looks right", day(4))
        assert (done.state, done.decided_by, done.decided_at, done.note) == ("approved", "raj", day(4), "looks right")
        assert approvals.pending(tx, "bikes") is None
        assert [a.id for a in approvals.approvals(tx, "bikes")] == [second.id, first.id]
        assert [a.id for a in approvals.approvals(tx, "bikes", before=second.id)] == [first.id]


def test_what_was_decided_stays_decided(three: State):
    with three.write() as tx:
        asked = approvals.request(tx, "bikes", 2, "ana", None, day(1))
        approvals.decide(tx, asked.id, "declined", "raj", None, day(2))
        with pytest.raises(UsageError, match="declined already"):
            approvals.decide(tx, asked.id, "approved", "eve", None, day(3))
        with pytest.raises(UsageError, match="no request 99"):
            approvals.decide(tx, 99, "approved", "eve", None, day(3))


def test_looks_are_counted_by_pair_and_only_those_with_enough_rows(three: State):
    with three.write() as tx:
        for job, (version, champion, rows) in enumerate(
            [(2, 1, 400), (2, 1, 99), (2, 1, 100), (2, 3, 400), (3, None, 400)]
        ):
            judgements.put(tx, replace(WHOLE, version=version, champion=champion, rows=rows, job_id=job))
        assert judgements.looks(tx, "bikes", 2, 1, 100) == 2
        assert judgements.looks(tx, "bikes", 2, 1, 100, job_id=2) == 1, "a job that runs again is no look more"
        assert judgements.looks(tx, "bikes", 3, None, 100) == 1 and judgements.looks(tx, "bikes", 3, 1, 100) == 0
