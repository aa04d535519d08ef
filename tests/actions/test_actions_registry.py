"""Every action of the registry: how it is reached, what it says of itself, a dry run, and its row in the audit log."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from actions_room import APPROVE, T0, TRAINING, Room
from click.testing import CliRunner

from lifecycle_tui.actions.doing import Doer
from lifecycle_tui.actions.named import NAMED
from lifecycle_tui.actions.registry import ACTIONS
from lifecycle_tui.cli.main import group as cli
from lifecycle_tui.domain import read_only
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.state import alerts, approvals, audit, clock, handling, outbox, pauses


def asks(room: Room) -> None:
    room.declare(TRAINING + APPROVE)
    with room.state.write() as tx:
        approvals.request(tx, "shop", 2, "eve", "better", T0)


def passed(room: Room) -> None:
    room.judge("passed")


def back(room: Room) -> None:
    room.champion(2)


def file(room: Room) -> None:
    (room.root / "a model.bin").write_bytes(b"model")


def asleep(room: Room) -> None:
    with room.state.write() as tx:
        handling.snooze(tx, 1, datetime.now(UTC) + timedelta(hours=2), "raj", None, datetime.now(UTC))


def disabled(room: Room) -> None:
    (room.root / ".lifecycle" / "disabled-plugins.json").write_text('["detector:psi"]')


def given_up(room: Room) -> None:
    with room.state.write() as tx:
        outbox.queue_notification(tx, 1, "pager", T0, "opened", T0)
        outbox.mark_failed(tx, [1], "it is down", None)


def paused(room: Room) -> None:
    with room.state.write() as tx:
        pauses.pause(tx, "shop", None, "raj", "the schema moves", datetime.now(UTC))


def taken(room: Room) -> None:
    with room.state.write() as tx:
        alerts.acknowledge(tx, 1, "raj", "mine", T0)


def assigned(room: Room) -> None:
    with room.state.write() as tx:
        handling.assign(tx, 1, "raj", "ana", None, T0)
        detail = {"to": "raj", "before": None}
        audit.append(tx, "assign", "alert 1", T0, model="shop", detail=detail, who="ana")


READY: dict[str, tuple[Callable[[Room], object], dict[str, Any], str]] = {
    "retrain": (lambda room: None, {"why": "a new sensor"}, "retrain"),
    "promote": (passed, {"version": "2"}, "promote"),
    "approve": (asks, {}, "approve"),
    "rollback": (back, {"version": "1"}, "rollback"),
    "check": (lambda room: None, {}, "check"),
    "pause": (lambda room: None, {"for": "2d"}, "pause"),
    "resume": (paused, {}, "resume"),
    "ack": (lambda room: None, {"alert": 1}, "acknowledge"),
    "unack": (taken, {"alert": 1}, "unacknowledge"),
    "snooze": (lambda room: None, {"alert": (1,), "until": "2h"}, "snooze"),
    "unsnooze": (asleep, {"alert": 1}, "unsnooze"),
    "assign": (lambda room: None, {"alert": 1, "person": "raj"}, "assign"),
    "notifications resend": (given_up, {"notification": 1}, "resend"),
    "jobs cancel": (lambda room: room.enqueue("evaluate"), {"job": 1}, "cancel"),
    "versions register": (file, {"path": "a model.bin", "name": "it's new"}, "register"),
    "plugins disable": (lambda room: None, {"plugin": "psi"}, "disable"),
    "plugins enable": (disabled, {"plugin": "psi"}, "enable"),
    "config set": (lambda room: None, {"key": "models.shop.owner", "value": "ana's"}, "configure"),
    "config unset": (lambda room: None, {"key": "workspace.pickle"}, "configure"),
    "undo": (assigned, {"on": "shop"}, "undo"),
}
"""Action → what makes it possible, what is asked for, and the word in the audit log."""


def test_none_is_left_out() -> None:
    assert list(READY) == list(ACTIONS) == list(NAMED)


@pytest.mark.parametrize("name", ACTIONS)
def test_it_is_reached_by_a_command_and_by_a_key_or_the_palette(name: str) -> None:
    action, found = ACTIONS[name], cli
    for word in name.split(" "):
        assert isinstance(found, click.Group)
        command = found.get_command(click.Context(found), word)
        assert command is not None
        found = command
    options = {option for p in found.params for option in p.opts}
    assert {"--note", "--dry-run"} <= options
    assert {p.name if not p.option else f"--{p.name}" for p in action.parameters} <= {
        *options, *(p.name for p in found.params if isinstance(p, click.Argument)), *_renamed(found),
    }  # fmt: skip
    assert found.help and action.help.endswith(".") and NAMED[name].title == action.title
    assert NAMED[name].key == action.key, "the palette lists all of NAMED, with or without a key"


def _renamed(command: click.Command) -> set[str]:
    """`jobs` calls its argument job_id, and `check` takes several models."""
    return {str(p.name).removesuffix("_id").replace("models", "model") for p in command.params}


@pytest.mark.parametrize("name", ACTIONS)
def test_its_plan_writes_nothing_and_its_deed_leaves_a_row(
    room: Room, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    make, values, word = READY[name]
    make(room)
    monkeypatch.chdir(room.root)
    before = room.dump()
    plan = room.plan(name, note="it's me", **values)
    assert plan.draft is not None, plan.refused
    assert plan.lines and room.dump() == before
    assert plan.risk in ("low", "traffic")
    room.apply(plan)
    assert [(action, who) for action, who, _ in room.audit() if action == word] == [(word, "ana")]
    assert room.audit()[0][:2] == (word, "ana")
    with room.state.read() as conn:
        assert audit.entries(conn)[0].detail["note"] == "it's me"


@pytest.mark.parametrize("name", ACTIONS)
def test_the_command_that_it_names_asks_for_the_same(room: Room, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    make, values, _ = READY[name]
    make(room)
    monkeypatch.chdir(room.root)
    monkeypatch.setenv("LOGNAME", "ana")
    monkeypatch.delenv("SUDO_USER", raising=False)
    plan = room.plan(name, note="it's me", **values)
    assert plan.draft is not None
    before = room.dump()
    program, *words = shlex.split(plan.draft.command)
    assert program == "lifecycle"
    done = CliRunner().invoke(cli, [*words, "--dry-run"])
    assert done.exit_code == 0, done.output
    assert plan.draft.subject.split("/")[0] in done.output and room.dump() == before
    assert plan.draft.undo or plan.draft.lasting, "what cannot be undone says why"
    if name != "jobs cancel":
        assert plan.lines[0] in done.output and "note: it's me" in done.output
    if plan.draft.undo is not None and plan.draft.undo.startswith("lifecycle "):
        assert shlex.split(plan.draft.undo)[1] in {word.split(" ")[0] for word in ACTIONS}


def test_a_forced_promotion_says_what_it_goes_against_and_asking_moves_nothing(room: Room, tmp_path: Path) -> None:
    room.judge("failed", text="mae is worse")
    plan = room.plan("promote", force=True)
    assert plan.draft is not None and plan.risk == "traffic"
    assert plan.draft.against == "the judgement of version 2 did not pass: mae is worse"
    room.judge("passed")
    plan = room.plan("promote", force=True)
    assert plan.draft is not None and plan.draft.against is None, "there is nothing to force"
    asks(room)
    assert room.plan("approve").risk == "traffic" and room.plan("approve", decline=True).risk == "low"
    room.apply(room.plan("approve", decline=True))
    assert room.plan("promote", version="2").risk == "low"


def test_a_job_is_cancelled_by_command_with_its_note_at_the_loops_clock(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.enqueue("evaluate")
    with room.state.write() as tx:
        clock.put(tx, clock.Simulated(T0 + timedelta(days=3), T0 + timedelta(days=9), 1.0))
    monkeypatch.chdir(room.root)
    assert CliRunner().invoke(cli, ["jobs", "cancel", "1", "--note", "wrong day", "--no-wait"]).exit_code == 0
    with room.state.read() as conn:
        row = audit.entries(conn)[0]
    assert (row.action, row.detail["note"], row.at) == ("cancel", "wrong day", T0 + timedelta(days=3))


@pytest.mark.parametrize("name", ACTIONS)
def test_read_only_it_says_what_it_would_do_and_is_not_done(
    room: Room, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    make, values, _ = READY[name]
    make(room)
    monkeypatch.chdir(room.root)
    monkeypatch.setenv("LOGNAME", "ana")
    plan = room.plan(name, **values)
    assert plan.draft is not None
    words = shlex.split(plan.draft.command)[1:]
    monkeypatch.setenv(read_only.VARIABLE, "1")
    dump, files = room.dump(), contents(room.root)
    told = CliRunner().invoke(cli, [*words, "--dry-run"])
    assert told.exit_code == 0, told.output
    done = CliRunner().invoke(cli, words)
    assert isinstance(done.exception, UsageError) and done.exception.message == read_only.WHY
    with pytest.raises(UsageError, match="read-only"):
        room.apply(plan)
    with Doer(room.root) as doer:
        assert doer.locked() == read_only.WHY
    assert room.dump() == dump and contents(room.root) == files


def contents(root: Path) -> dict[str, bytes]:
    """The workspace's files, but for those that SQLite keeps beside state while it reads."""
    return {str(p): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file() and "state.db" not in p.name}


@pytest.mark.parametrize("words", [["agent"], ["init", "shop.csv"], ["demo"], ["check"]])
def test_read_only_nothing_is_started_or_made(room: Room, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.chdir(room.root)
    monkeypatch.setenv(read_only.VARIABLE, "1")
    files = contents(room.root)
    done = CliRunner().invoke(cli, words)
    assert isinstance(done.exception, UsageError) and done.exception.message == read_only.WHY
    assert contents(room.root) == files


def test_the_option_says_the_same_as_the_variable(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(room.root)
    monkeypatch.setenv(read_only.VARIABLE, "")  # what the command sets is taken back after the test
    done = CliRunner().invoke(cli, ["--read-only", "ack", "1"])
    assert isinstance(done.exception, UsageError) and done.exception.message == read_only.WHY
    assert CliRunner().invoke(cli, ["--read-only", "status"]).exit_code == 1
