"""Undo: actions lead back where the world allows; what has moved on is left alone; an undo of an undo is a redo."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from actions_room import APPROVE, NOW, T0, TRAINING, Room

from lifecycle_tui.actions import kept
from lifecycle_tui.actions.base import Done, Moved, Plan
from lifecycle_tui.actions.inverse import LASTING
from lifecycle_tui.actions.registry import ACTIONS
from lifecycle_tui.registry import aliases
from lifecycle_tui.state import alerts, approvals, audit, clock, handling, jobs, outbox, pauses

RULE = '\n[models.shop.rules.bad]  # mine\nwhen = "mae > 3"  # why\n'


@pytest.fixture
def here(room: Room, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.chdir(room.root)
    with room.state.write() as tx:
        clock.put(tx, clock.Simulated(NOW, NOW + timedelta(days=900), 1.0))
    yield room


def do(room: Room, name: str, /, **values: Any) -> Done:
    return room.apply(room.plan(name, **values))


def undo(room: Room, **values: Any) -> Plan:
    return room.plan("undo", **values)


def refused(room: Room, **values: Any) -> str:
    plan = undo(room, **values)
    assert plan.refused is not None, plan.lines
    return f"{plan.refused.reason}; {plan.refused.hint}"


def alert(room: Room) -> alerts.AlertRow:
    with room.state.read() as conn:
        found = alerts.alert(conn, 1)
    assert found is not None
    return found


def handled(room: Room) -> tuple[object, ...]:
    row = alert(room)
    return (row.alert.state, row.alert.acknowledged_by, row.snoozed_until, row.assigned_to)


def held(room: Room) -> object:
    with room.state.read() as conn:
        found = pauses.pause_of(conn, "shop")
    return None if found is None or not found.holds(NOW) else (found.until, found.by)


def off(room: Room) -> object:
    path = room.root / ".lifecycle" / "disabled-plugins.json"
    return path.read_text() if path.exists() and path.read_text().strip() != "[]" else None


def text(room: Room) -> object:
    return (room.root / "lifecycle.toml").read_bytes()


def snoozed(room: Room) -> None:
    do(room, "snooze", alert=1, until="3d")


def paused(room: Room) -> None:
    do(room, "pause", **{"for": "2d"})


def disabled(room: Room) -> None:
    do(room, "plugins disable", plugin="psi")


def nothing(room: Room) -> None:
    pass


STATE: tuple[tuple[str, Callable[[Room], None], dict[str, Any], Callable[[Room], object]], ...] = (
    ("ack", nothing, {"alert": 1}, handled),
    ("unack", lambda room: do(room, "ack", alert=1) and None, {"alert": 1}, handled),
    ("snooze", nothing, {"alert": 1, "until": "2h"}, handled),
    ("snooze", snoozed, {"alert": 1, "until": "2h"}, handled),
    ("unsnooze", snoozed, {"alert": 1}, handled),
    ("assign", nothing, {"alert": 1, "person": "raj"}, handled),
    (
        "assign",
        lambda room: do(room, "assign", alert=1, person="eve") and None,
        {"alert": 1, "person": "nobody"},
        handled,
    ),
    ("pause", nothing, {}, held),
    ("pause", paused, {"for": "5d"}, held),
    ("resume", paused, {}, held),
    ("plugins disable", nothing, {"plugin": "psi"}, off),
    ("plugins enable", disabled, {"plugin": "psi"}, off),
    ("config set", nothing, {"key": "models.shop.owner", "value": "ana"}, text),
    ("config unset", nothing, {"key": "models.shop.rules.bad"}, text),
)


@pytest.mark.parametrize(("name", "first", "values", "read"), STATE, ids=lambda v: str(v) if isinstance(v, str) else "")
def test_it_leads_back_and_once_more_does_it_again(
    here: Room, name: str, first: Callable[[Room], None], values: dict[str, Any], read: Callable[[Room], object]
) -> None:
    here.declare(TRAINING + RULE)
    first(here)
    before = read(here)
    do(here, name, **values)
    after = read(here)
    assert after != before
    plan = undo(here, note="a mistake")
    dump = here.dump()
    assert plan.draft is not None, plan.refused
    assert plan.lines[0].startswith("undo ") and "by ana" in plan.lines[0] and len(plan.lines) > 1
    assert here.dump() == dump and read(here) == after, "a plan changes nothing"
    here.apply(plan)
    assert read(here) == before
    with here.state.read() as conn:
        (row, lead, *_) = audit.entries(conn)
    assert (row.action, row.who, row.detail["note"], row.detail["entries"]) == ("undo", "ana", "a mistake", [lead.id])
    again = undo(here)
    assert again.draft is not None and again.lines[0].startswith("do again ")
    here.apply(again)
    assert read(here) == after
    here.apply(undo(here))
    assert read(here) == before, "and back once more"
    assert here.audit()[0][0] == "undo"


def test_several_alerts_are_one_action_and_one_undo(here: Room) -> None:
    from lifecycle_tui.domain.results import Alert

    with here.state.write() as tx:
        more = [Alert("shop", f"rule-{n}", "warning", "open", "2025-05", T0, f"{n} fired") for n in (2, 3)]
        alerts.store(tx, opened=more, now=T0)
    do(here, "assign", alert=2, person="eve")
    do(here, "assign", alert=(1, 2, 3), person="raj")
    plan = undo(here)
    assert plan.draft is not None
    here.apply(plan)
    with here.state.read() as conn:
        assert [row.assigned_to for row in sorted(alerts.open_alerts(conn), key=lambda r: r.id)] == [None, "eve", None]
    here.apply(undo(here))
    do(here, "ack", alert=(1, 3))
    (head, what, *_) = undo(here).lines
    assert "acknowledge of alert 3" in head and what == "take back the acknowledgement of 2 alerts of shop"


def test_of_several_those_that_have_resolved_are_left(here: Room) -> None:
    from lifecycle_tui.domain.results import Alert

    with here.state.write() as tx:
        alerts.store(tx, opened=[Alert("shop", "rule-2", "warning", "open", "2025-05", T0, "2 fired")], now=T0)
    do(here, "ack", alert=(1, 2))
    with here.state.write() as tx:
        tx.execute("UPDATE alerts SET state = 'resolved' WHERE id = 2")
    plan = undo(here)
    assert plan.draft is not None and "take back the acknowledgement of alert 1" in plan.lines[1]
    with here.state.write() as tx:
        tx.execute("UPDATE alerts SET state = 'resolved' WHERE id = 1")
    assert "has resolved since" in refused(here)


def test_who_had_acknowledged_has_it_again(here: Room) -> None:
    with here.state.write() as tx:
        alerts.acknowledge(tx, 1, "raj", "mine", NOW)
    do(here, "unack", alert=1)
    here.apply(undo(here))
    assert handled(here)[:2] == ("acknowledged", "raj")


# Traffic


def served(room: Room, version: int, job: int, state: str = "done") -> None:
    """The deploy job does what it was asked for, and writes it down in the name of who asked."""
    with room.state.write() as tx:
        if state == "done":
            before = aliases.champion(tx, "shop")
            aliases.set_alias(tx, "shop", "champion", version, "agent", None, NOW)
            previous = None if before is None else before.number
            detail = {"version": version, "previous": previous, "job": job}
            audit.append(tx, "deploy", "shop/champion", NOW, model="shop", detail=detail, who="ana")
        tx.execute("UPDATE jobs SET state = ?, live_key = NULL WHERE id = ?", (state, job))


def test_a_promotion_goes_back_to_the_champion_before_and_forward_again(here: Room) -> None:
    here.judge("passed")
    done = do(here, "promote", version="2")
    assert done.job is not None
    plan = undo(here)
    assert plan.draft is not None and plan.risk == "low" and plan.draft.undo is None and "does not go on" in plan.back
    assert "cancel job" in plan.lines[1], "while it is under way it is stopped"
    served(here, 2, done.job)
    plan = undo(here, entry=1)
    assert plan.draft is not None and plan.risk == "traffic"
    assert plan.lines[1] == "roll shop back from version 2 to version 1"
    back = here.apply(plan)
    assert here.jobs()[0] == (
        "deploy",
        {
            "version": 1,
            "champion": 2,
            "kind": "rollback",
            "why": "undo of entry 1",
            "by": "ana",
            "as_of": NOW.isoformat(),
        },
    )
    assert back.job is not None
    served(here, 1, back.job)
    plan = undo(here)
    assert plan.lines[1] == "roll shop back from version 1 to version 2"
    forward = here.apply(plan)
    assert forward.job is not None
    served(here, 2, forward.job)
    assert "version 2" in undo(here).lines[1]


def test_the_entry_of_a_deployment_itself_leads_back_whoever_set_it_off(here: Room) -> None:
    with here.state.write() as tx:
        job = jobs.enqueue(tx, "deploy", "shop", {"version": 2, "champion": 1}, NOW, by="agent")
    served(here, 2, job)
    plan = undo(here, entry=1)
    assert plan.draft is not None and plan.risk == "traffic"
    assert plan.lines[1] == "roll shop back from version 2 to version 1"
    here.champion(1, NOW)
    assert "version 1 serves shop by now" in refused(here, entry=1)


def test_traffic_that_moved_on_is_left_alone(here: Room) -> None:
    here.judge("passed")
    done = do(here, "promote", version="2")
    assert done.job is not None
    served(here, 2, done.job, "failed")
    assert "nothing came of it" in refused(here)
    served(here, 2, done.job)
    plan = undo(here)
    here.champion(1, NOW)
    with pytest.raises(Moved):
        here.apply(plan)
    assert "version 1 serves shop by now" in refused(here)


def test_the_first_champion_has_no_way_back(here: Room) -> None:
    with here.state.write() as tx:
        aliases.remove_alias(tx, "shop", "champion", "ana", None, T0)
    plan = here.plan("promote", version="2")
    assert plan.final and plan.back == "none: there is no champion before it that could serve again"
    done = here.apply(plan)
    assert done.job is not None
    served(here, 2, done.job)
    assert "first champion" in refused(here)


def test_an_approval_that_waits_is_withdrawn_and_a_decision_is_not_overruled(here: Room) -> None:
    here.declare(TRAINING + APPROVE)
    here.judge("passed")
    do(here, "promote")
    plan = undo(here)
    assert plan.draft is not None and plan.lines[1].startswith("withdraw the promotion of version 2")
    with here.state.write() as tx:
        waits = approvals.pending(tx, "shop")
        assert waits is not None
        approvals.decide(tx, waits.id, "declined", "raj", None, NOW)
    assert "somebody has decided" in refused(here)


def test_work_is_stopped_and_what_it_made_stays(here: Room) -> None:
    for name in ("retrain", "check"):
        done = do(here, name)
        plan = undo(here)
        assert plan.draft is not None and f"cancel job {done.job}" in plan.lines[1]
        assert done.job is not None
        served(here, 1, done.job, "done")
        assert "cannot be undone: its job has ended" in refused(here)
    done = do(here, "retrain")
    here.apply(undo(here))
    assert "cancel of job" in refused(here) and "does not go on" in refused(here)


# What cannot be undone


def test_what_cannot_be_undone_says_why(here: Room) -> None:
    (here.root / "model.bin").write_bytes(b"model")
    do(here, "versions register", path="model.bin")
    assert LASTING["register"] in refused(here)
    with here.state.write() as tx:
        outbox.queue_notification(tx, 1, "pager", T0, "opened", T0)
        outbox.mark_failed(tx, [1], "it is down", None)
    do(here, "notifications resend", notification=1)
    assert LASTING["resend"] in refused(here)
    with here.state.write() as tx:
        audit.append(tx, "erase", "shop", NOW, model="shop", who="ana")
    assert "'erase' of shop is nothing that a person can undo" in refused(here)


MOVED: tuple[tuple[str, dict[str, Any], Callable[[sqlite3.Connection], object], str], ...] = (
    ("ack", {"alert": 1}, lambda tx: alerts.unacknowledge(tx, 1, "eve", None, NOW), "it is not acknowledged"),
    ("snooze", {"alert": 1, "until": "2h"}, lambda tx: handling.wake(tx, 1, "eve", "", NOW), "it is awake"),
    (
        "snooze", {"alert": 1, "until": "2h"},
        lambda tx: handling.snooze(tx, 1, NOW + timedelta(days=9), "eve", None, NOW), "another time",
    ),
    ("assign", {"alert": 1, "person": "raj"}, lambda tx: handling.assign(tx, 1, "eve", "eve", None, NOW), "eve"),
    ("pause", {}, lambda tx: pauses.resume(tx, "shop", NOW), "it is not paused"),
    ("pause", {}, lambda tx: pauses.pause(tx, "shop", None, "eve", None, NOW), "paused by eve"),
    (
        "ack", {"alert": 1},
        lambda tx: tx.execute("UPDATE alerts SET state = 'resolved' WHERE id = 1"), "resolved since",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("name", "values", "change", "why"), MOVED, ids=[m[3] for m in MOVED])
def test_what_others_did_since_stays(
    here: Room, name: str, values: dict[str, Any], change: Callable[[sqlite3.Connection], object], why: str
) -> None:
    do(here, name, **values)
    plan = undo(here)
    with here.state.write() as tx:
        change(tx)
    assert why in refused(here)
    with pytest.raises(Moved):
        here.apply(plan)


def test_a_time_that_has_passed_is_not_given_back(here: Room) -> None:
    do(here, "pause", **{"for": "2h"})
    do(here, "resume")
    snoozed(here)
    do(here, "unsnooze", alert=1)
    with here.state.write() as tx:
        clock.put(tx, clock.Simulated(NOW + timedelta(days=5), NOW + timedelta(days=900), 1.0))
    assert "would have woken by itself" in refused(here)
    assert "would be over by now" in refused(here, entry=2)


# The file


def test_an_edit_is_undone_byte_for_byte_unless_the_file_has_changed_since(here: Room) -> None:
    here.declare(TRAINING + RULE)
    path = here.root / "lifecycle.toml"
    path.chmod(0o640)
    began = path.read_bytes()
    do(here, "config unset", key="models.shop.rules.bad")
    plan = undo(here)
    assert plan.draft is not None and '+when = "mae > 3"  # why' in plan.draft.diff
    store = here.root / ".lifecycle" / "edits"
    assert [p.stat().st_mode & 0o777 for p in store.iterdir()] == [0o640], "readable to whom the file is"
    edited = path.read_bytes()
    path.write_bytes(edited + b"# eve\n")
    with pytest.raises(Moved):
        here.apply(plan)
    assert "has been changed since" in refused(here) and path.read_bytes().endswith(b"# eve\n")
    path.write_bytes(edited)
    here.apply(undo(here))
    assert path.read_bytes() == began


@pytest.mark.parametrize("broken", ["gone", "damaged", "unreadable"])
def test_a_text_that_is_not_kept_any_more_is_said(here: Room, broken: str) -> None:
    do(here, "config set", key="models.shop.owner", value="ana")
    (only,) = (here.root / ".lifecycle" / "edits").iterdir()
    if broken == "gone":
        only.unlink()
    elif broken == "damaged":
        only.write_bytes(b"something else")
    else:
        (here.root / "lifecycle.toml").unlink()
        with here.state.read() as conn:
            (row,) = audit.entries(conn)
            from lifecycle_tui.actions.base import Ask, Refused
            from lifecycle_tui.actions.inverse import inverses

            with pytest.raises(Refused, match="cannot be read"):
                inverses(conn, row, Ask({}, "ana"))
        return
    said = refused(here)
    assert "is not kept" in said and "lifecycle config unset models.shop.owner" in said


def test_a_text_with_a_secret_is_not_kept(here: Room) -> None:
    secret = '\n[notifiers.n]\nuse = "webhook"\nurl = "https://h.example/s3cret"\n'
    here.declare(TRAINING + secret)
    do(here, "config set", key="models.shop.owner", value="ana")
    assert not [p for p in (here.root / ".lifecycle").rglob("*") if p.is_file() and b"s3cret" in p.read_bytes()]
    assert "holds a secret" in refused(here)


def test_only_the_newest_texts_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".lifecycle").mkdir()
    like = tmp_path / "lifecycle.toml"
    like.write_text("")
    monkeypatch.setattr(kept, "MOST", 3)
    for n in range(5):
        kept.keep(tmp_path, f"a = {n}".encode(), like)
    assert len(list((tmp_path / ".lifecycle" / "edits").iterdir())) == 3
    assert kept.text_of(tmp_path, kept.digest(b"a = 4")) == b"a = 4"
    assert kept.text_of(tmp_path, "../../etc") is None
    kept.keep(tmp_path, b"no toml [", like)
    assert kept.text_of(tmp_path, kept.digest(b"no toml [")) is None
    blocked = tmp_path / "other"
    (blocked / ".lifecycle").mkdir(parents=True)
    (blocked / ".lifecycle" / "edits").write_text("a file stands there")
    kept.keep(blocked, b"a = 1", like)  # it is no reason not to edit
    assert kept.text_of(blocked, kept.digest(b"a = 1")) is None


# Which one


def test_the_last_thing_that_i_did_or_the_entry_that_is_named(here: Room) -> None:
    assert "ana has done nothing that could be undone" in refused(here)
    do(here, "ack", alert=1)
    here.apply(here.plan("assign", who="raj", alert=1, person="raj"))
    assert undo(here).lines[0].startswith("undo acknowledge of alert 1, entry 1")
    assert undo(here, who="raj").lines[0].startswith("undo assign of alert 1, entry 2")
    assert undo(here, entry=2).lines[0].startswith("undo assign of alert 1, entry 2 by raj")
    do(here, "pause")
    assert undo(here, on="alert 1").lines[0].startswith("undo acknowledge of alert 1, entry 1")
    assert undo(here, on="shop").lines[0].startswith("undo pause of shop, entry 3")
    assert "has done nothing to homes" in refused(here, on="homes")
    assert "there is no entry 9" in refused(here, entry=9)
    assert "no number of an entry" in refused(here, entry="x")
    here.apply(undo(here, entry=1))
    said = refused(here, entry=1)
    assert "entry 1 was undone already by ana" in said and "lifecycle undo 5" in said
    here.apply(undo(here, entry=5))
    assert undo(here, entry=1).draft is not None, "it was done again: it can be undone again"


def test_every_word_of_the_audit_log_leads_back_or_says_why_not() -> None:
    from lifecycle_tui.actions import inverse

    words = {
        "check", "retrain", "promote", "approve", "decline", "rollback", "pause", "resume", "acknowledge",
        "unacknowledge", "snooze", "unsnooze", "assign", "resend", "cancel", "register", "disable", "enable",
        "configure", "deploy",
    }  # fmt: skip
    assert words == {*inverse._INVERSES, *LASTING}
    assert len(ACTIONS) == len(words - {"decline", "configure", "deploy"}) + len({"config set", "config unset", "undo"})


def test_a_job_that_was_asked_to_stop_already(here: Room) -> None:
    done = do(here, "retrain")
    with here.state.write() as tx:
        tx.execute("UPDATE jobs SET state = 'running' WHERE id = ?", (done.job,))
        assert done.job is not None
        jobs.cancel(tx, done.job, NOW, by="eve")
    assert "was asked to stop already" in refused(here)
