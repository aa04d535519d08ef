"""Actions: every refusal, what each does in one transaction, and that a plan whose ground has moved does nothing."""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from actions_room import APPROVE, NOW, T0, TRAINING, Room

from lifecycle_tui.actions import base
from lifecycle_tui.actions.base import GateRefused, Moved
from lifecycle_tui.actions.registry import ACTIONS
from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import NewVersion
from lifecycle_tui.state import alerts, approvals, audit, jobs, processes

Set = Callable[[Room], Any]


def declare(text: str) -> Set:
    return lambda room: room.declare(text)


def judge(verdict: str, **more: Any) -> Set:
    return lambda room: room.judge(verdict, **more)


def deploying(room: Room) -> None:
    room.enqueue("deploy", version=2)


def ask_approval(who: str = "eve", version: int = 2) -> Set:
    def change(room: Room) -> None:
        with room.state.write() as tx:
            approvals.request(tx, "shop", version, who, "better", T0 + timedelta(days=1))

    return change


def resolve(room: Room) -> None:
    with room.state.write() as tx:
        found = alerts.alert(tx, 1)
        assert found is not None
        alerts.store(tx, resolved=[found.alert], now=T0)


def no_champion(room: Room) -> None:
    with room.state.write() as tx:
        aliases.remove_alias(tx, "shop", "champion", "ana", None, T0)


def no_challenger(room: Room) -> None:
    with room.state.write() as tx:
        aliases.remove_alias(tx, "shop", "challenger", "ana", None, T0)


def lose(number: int) -> Set:
    def change(room: Room) -> None:
        with room.state.read() as conn:
            found = versions.get(conn, "shop", number)
        assert found is not None and found.facts.artifact is not None
        Artifacts(room.root).path(found.facts.artifact).unlink()

    return change


def ended(room: Room) -> None:
    id_ = room.enqueue("evaluate")
    with room.state.write() as tx:
        jobs.claim(tx, processes.this(), T0)
        jobs.finish(tx, id_, "done", T0)


BOTH = TRAINING + APPROVE
STRANGER = TRAINING + '[models.shop.rollout]\napprove = { by = ["raj"] }\n'

REFUSALS: list[tuple[str, dict[str, Any], list[Set], str, bool]] = [
    ("retrain", {"model": "shp"}, [], 'no model \'shp\'', False),
    ("retrain", {}, [declare("")], "only monitored", False),
    ("retrain", {"strategy": "magic"}, [], "no strategy is called 'magic'", False),
    ("retrain", {}, [lambda room: room.enqueue("retrain")], "job 1 is training shop already", False),
    ("promote", {"model": "other"}, [], "no model 'other'", False),
    ("promote", {}, [no_challenger], "no challenger", False),
    ("promote", {"version": "9"}, [], "no version '9'", False),
    ("promote", {"version": "blue"}, [], "no version 'blue'", False),
    ("promote", {}, [deploying], "bringing version 2 of shop to serve", False),
    ("promote", {"version": "prod", "force": True}, [], "only named by the data", False),
    ("promote", {}, [], "never judged against version 1", True),
    ("promote", {}, [judge("failed", text="mae is worse")], "did not pass: mae is worse", True),
    ("promote", {}, [judge("unknown", text="900 more rows")], "not settled: 900 more rows", True),
    ("promote", {}, [judge("passed", champion=3)], "judged against version 3, and the champion is version 1 now", True),
    ("promote", {}, [judge("passed", champion=None)], "judged against no champion, and the champion is", True),
    ("promote", {}, [judge("passed"), no_champion], "judged against version 1, and there is none now", True),
    ("promote", {}, [judge("passed"), judge("failed", text="mae is worse")], "did not pass", True),
    ("promote", {}, [judge("failed"), declare(BOTH)], "did not pass", True),
    ("approve", {}, [declare(BOTH)], "no promotion of shop waits", False),
    ("approve", {}, [declare(STRANGER), ask_approval()], "ana may not approve shop", False),
    ("approve", {}, [declare(BOTH), ask_approval("ana")], "ana asked for it, and may not approve it", False),
    ("approve", {}, [ask_approval()], "names nobody who may approve", False),
    ("approve", {}, [declare(BOTH), ask_approval(), deploying], "bringing version 2", False),
    ("approve", {}, [declare(BOTH), ask_approval(version=3)], "only named by the data", False),
    ("approve", {}, [declare(BOTH), ask_approval(), lambda r: r.champion(3, NOW)], "has moved since version 2", True),
    ("approve", {}, [declare(BOTH), ask_approval(), judge("failed", text="worse now", at=NOW)], "judged again", True),
    ("approve", {"decline": True}, [declare(STRANGER), ask_approval()], "ana may not decline it", False),
    ("rollback", {}, [], "the first champion of shop", False),
    ("rollback", {}, [no_champion], "no champion to roll back", False),
    ("rollback", {"version": "1"}, [], "nothing to roll back", False),
    ("rollback", {"version": "2"}, [], "never champion", False),
    ("rollback", {"version": "7"}, [], "no version '7'", False),
    ("rollback", {}, [lambda r: r.champion(2), deploying], "bringing version 2", False),
    ("rollback", {}, [lambda r: r.champion(2), lose(1)], "artefact of version 1 of shop is missing", False),
    ("rollback", {"version": "2"}, [lambda r: r.champion(2), lambda r: r.champion(1), declare(BOTH)],
     "was rolled back itself", False),
    ("rollback", {}, [lambda r: r.champion(3), lambda r: r.champion(2)], "only named by the data", False),
    ("ack", {"alert": 9}, [], "there is no alert 9", False),
    ("ack", {"alert": 1}, [resolve], "alert 1 resolved at", False),
    ("jobs cancel", {"job": 9}, [], "there is no job 9", False),
    ("jobs cancel", {"job": 1}, [ended], "job 1 has ended already: done", False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "values", "changes", "says", "gate"), REFUSALS, ids=[f"{r[0]}: {r[3]}" for r in REFUSALS]
)
def test_what_cannot_be_done_is_refused_in_words_and_writes_nothing(
    room: Room, name: str, values: dict, changes: list[Set], says: str, gate: bool
):
    for change in changes:
        change(room)
    before = room.dump()
    plan = room.plan(name, **values)
    assert plan.refused is not None and says in plan.refused.reason, plan
    assert plan.refused.gate == gate and plan.lines == ()
    with pytest.raises(GateRefused if gate else UsageError) as caught:
        room.apply(plan)
    assert caught.value.exit_code == (1 if gate else 2)
    assert room.dump() == before


def cancelling(room: Room) -> None:
    room.enqueue("retrain")


DEEDS: list[tuple[str, dict[str, Any], list[Set], dict[str, Any]]] = [
    ("retrain", {"why": "new sensor", "note": "n"}, [], {
        "command": "lifecycle retrain shop", "audit": ("retrain", "shop"), "says": "job 1 trains shop",
        "job": ("retrain", {"why": "new sensor", "by": "ana"}),
        "lines": "train a new version of shop by refit: new sensor",
    }),
    ("promote", {}, [judge("passed")], {
        "command": "lifecycle promote shop 2", "audit": ("promote", "shop/2"), "says": "job 1 brings version 2",
        "job": ("deploy", {"version": 2, "champion": 1, "kind": "promote", "why": "mae is better", "by": "ana"}),
        "undo": "lifecycle rollback shop", "lines": "promote version 2 of shop in place of version 1",
    }),
    ("promote", {"version": "v2", "force": True, "note": "labels are wrong"}, [judge("failed", text="worse")], {
        "command": "lifecycle promote shop 2 --force", "audit": ("promote", "shop/2"), "says": "job 1",
        "job": ("deploy", {"version": 2, "champion": 1, "kind": "promote", "why": "labels are wrong", "by": "ana"}),
        "detail": {"forced": True, "against": "the judgement of version 2 did not pass: worse"},
        "lines": "forced: the judgement of version 2 did not pass: worse",
    }),
    ("promote", {}, [no_champion], {
        "audit": ("promote", "shop/2"), "undo": None, "lines": "no champion to compare with",
        "job": ("deploy", {"version": 2, "champion": None, "kind": "promote", "why": "no champion to compare with",
                           "by": "ana"}),
    }),
    ("promote", {}, [judge("passed"), declare(BOTH)], {
        "audit": ("promote", "shop/2"), "says": "waits for ana or raj", "job": None,
        "undo": "lifecycle approve shop --decline", "approval": ("pending", "ana", None),
    }),
    ("promote", {"force": True}, [declare(BOTH), ask_approval(version=3)], {
        "audit": ("promote", "shop/2"), "job": None, "approval": ("pending", "ana", None),
        "lines": "the request for version 3 is withdrawn",
    }),
    ("approve", {"note": "checked"}, [declare(BOTH), ask_approval()], {
        "command": "lifecycle approve shop", "audit": ("approve", "shop/2"), "says": "approved; job 1 brings",
        "job": ("deploy", {"version": 2, "champion": 1, "kind": "promote", "why": "checked", "by": "ana"}),
        "approval": ("approved", "eve", "ana"), "undo": "lifecycle rollback shop",
    }),
    ("approve", {"decline": True}, [declare(BOTH), ask_approval()], {
        "command": "lifecycle approve shop --decline", "audit": ("decline", "shop/2"), "job": None,
        "approval": ("declined", "eve", "ana"), "challenger": None,
    }),
    ("approve", {"decline": True}, [declare(STRANGER), ask_approval("ana")], {
        "audit": ("decline", "shop/2"), "job": None, "approval": ("withdrawn", "ana", "ana"), "challenger": None,
    }),
    ("approve", {"decline": True}, [ask_approval()], {"audit": ("decline", "shop/2"), "job": None, "challenger": None}),
    ("rollback", {}, [lambda r: r.champion(2)], {
        "command": "lifecycle rollback shop 1", "audit": ("rollback", "shop/1"), "undo": "lifecycle rollback shop 2",
        "job": ("deploy", {"version": 1, "champion": 2, "kind": "rollback", "why": "rolled back by ana", "by": "ana"}),
    }),
    ("rollback", {}, [declare(APPROVE), lambda r: r.champion(2)], {
        "audit": ("rollback", "shop/1"), "undo": "lifecycle promote shop 2",
        "job": ("deploy", {"version": 1, "champion": 2, "kind": "rollback", "why": "rolled back by ana", "by": "ana"}),
    }),
    ("rollback", {"version": "2", "note": "undo"}, [lambda r: r.champion(2), lambda r: r.champion(1)], {
        "job": ("deploy", {"version": 2, "champion": 1, "kind": "rollback", "why": "undo", "by": "ana"}),
        "audit": ("rollback", "shop/2"),
    }),
    ("ack", {"alert": 1, "note": "looking"}, [], {
        "command": "lifecycle ack 1", "audit": ("acknowledge", "alert 1"), "job": None,
        "says": "acknowledged alert 1: shop mae-high",
    }),
    ("jobs cancel", {"job": 1}, [cancelling], {
        "command": "lifecycle jobs cancel 1", "audit": ("cancel", "job 1"),
        "says": "job 1 (retrain of shop) is cancelled",
    }),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "values", "changes", "wanted"), DEEDS, ids=[f"{d[0]} {d[3]['audit'][1]} {n}" for n, d in enumerate(DEEDS)]
)
def test_a_plan_says_what_is_done_and_applying_it_does_that_once(
    room: Room, name: str, values: dict, changes: list[Set], wanted: dict[str, Any]
):
    for change in changes:
        change(room)
    had = len(room.jobs())
    before = room.dump()
    plan = room.plan(name, **values)
    assert plan.refused is None and plan.draft is not None, plan.refused
    assert room.dump() == before, "planning writes nothing"
    assert plan.draft.command.startswith(wanted.get("command", "lifecycle"))
    assert any(wanted.get("lines", "") in line for line in plan.lines), plan.lines
    if "undo" in wanted:
        assert plan.draft.undo == wanted["undo"]
    done = room.apply(plan)
    assert wanted.get("says", "") in done.text
    action, subject = wanted["audit"]
    assert room.audit() == [(action, "ana", subject)]
    with room.state.read() as conn:
        detail = audit.entries(conn)[0].detail
        assert detail["note"] == values.get("note")
        assert {k: detail[k] for k in wanted.get("detail", {})} == wanted.get("detail", {})
        if "approval" in wanted:
            found = approvals.approvals(conn, "shop", 1)[0]
            assert (found.state, found.requested_by, found.decided_by) == wanted["approval"]
        if "challenger" in wanted:
            assert aliases.get_alias(conn, "shop", "challenger") is wanted["challenger"]
    if wanted.get("job"):
        assert room.jobs()[0] == wanted["job"] and done.job == had + 1
    elif "job" in wanted:
        assert room.jobs() == [] and done.job is None
    after = room.dump()
    with pytest.raises(Moved, match="moved since"):
        room.apply(plan)
    assert room.dump() == after, "applied again it does nothing"


@pytest.mark.parametrize(
    ("name", "values", "changes", "says"),
    [
        ("promote", {"version": "1"}, [], "version 1 is champion of shop already"),
        ("promote", {"version": "champion"}, [], "version 1 is champion of shop already"),
        ("promote", {"force": True}, [declare(BOTH), ask_approval()], "waits for ana or raj already, asked for by eve"),
    ],
)
def test_what_is_so_already_is_said_and_nothing_is_written(
    room: Room, name: str, values: dict, changes: list[Set], says: str
):
    for change in changes:
        change(room)
    before = room.dump()
    assert says in room.apply(room.plan(name, **values)).text
    assert room.dump() == before


def test_acknowledged_and_cancelled_already(room: Room):
    room.apply(room.plan("ack", who="raj", alert=1))
    assert "acknowledged already by raj" in room.apply(room.plan("ack", alert=1)).text
    id_ = room.enqueue("evaluate")
    with room.state.write() as tx:
        jobs.claim(tx, processes.this(), NOW)
    assert "asked to stop; it ends" in room.apply(room.plan("jobs cancel", who="raj", job=id_)).text
    assert "asked to stop already by raj" in room.apply(room.plan("jobs cancel", job=id_)).text
    assert len(room.audit()) == 2


MOVES: list[tuple[str, dict[str, Any], list[Set], Set, str]] = [
    ("promote", {}, [judge("passed")], lambda r: r.champion(3), "judged against version 1"),
    ("promote", {}, [judge("passed")], judge("failed"), "did not pass"),
    ("promote", {}, [judge("passed")], judge("passed"), "its judgement"),
    ("promote", {}, [judge("passed")], deploying, "bringing version 2"),
    ("promote", {}, [judge("passed")], no_challenger, "no challenger"),
    ("promote", {"version": "2"}, [judge("passed")], ask_approval(), "the approval that waits"),
    ("approve", {}, [declare(BOTH), ask_approval()], lambda r: r.champion(3, T0), "the champion"),
    ("approve", {}, [declare(BOTH), ask_approval()], judge("passed", at=NOW), "its judgement"),
    ("approve", {}, [declare(BOTH), ask_approval()], ask_approval(version=3), "only named"),
    ("rollback", {}, [lambda r: r.champion(2)], lambda r: r.champion(1), "first champion"),
    ("rollback", {"version": "1"}, [lambda r: r.champion(2)], lambda r: r.champion(3), "the champion"),
    ("retrain", {}, [], lambda r: r.enqueue("retrain"), "training shop already"),
    ("ack", {"alert": 1}, [], resolve, "resolved"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "changes", "move", "says"), MOVES, ids=[f"{m[0]}: {m[4]}" for m in MOVES])
def test_a_plan_whose_ground_has_moved_is_refused(
    room: Room, name: str, values: dict, changes: list[Set], move: Set, says: str
):
    for change in changes:
        change(room)
    plan = room.plan(name, **values)
    assert plan.refused is None
    move(room)
    before = room.dump()
    with pytest.raises(Moved, match="moved since") as caught:
        room.apply(plan)
    assert says in caught.value.message
    assert room.dump() == before


def test_of_two_who_apply_the_same_plan_exactly_one_wins(room: Room):
    room.judge("passed")
    plan = room.plan("promote")
    gate, told = threading.Barrier(2), []

    def go() -> None:
        gate.wait()
        try:
            told.append(room.apply(plan).job)
        except Moved as exc:
            told.append(exc.message)

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 in told and any("moved since" in str(t) for t in told)
    assert len(room.jobs()) == 1 and len(room.audit()) == 1


def test_a_failing_write_takes_the_whole_action_back(room: Room, monkeypatch: pytest.MonkeyPatch):
    room.judge("passed")
    plan, before = room.plan("promote"), room.dump()

    def fail(*_: object, **__: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(audit, "append", fail)
    with pytest.raises(OSError, match="no"):
        room.apply(plan)
    assert room.dump() == before


def test_the_person_behind_sudo_is_kept(room: Room):
    room.judge("passed")
    ask = base.Ask({"model": "shop"}, "ana", "deploy")
    room.apply(base.plan(ACTIONS["promote"], room.state, ask, room.workspace))
    with room.state.read() as conn:
        (row,) = audit.entries(conn)
        assert (row.who, row.behind) == ("ana", "deploy")


# --- register ----------------------------------------------------------------------------------------------------


def skops_file(path: Path, value: Any = None) -> Path:
    from sklearn.linear_model import LinearRegression
    from skops.io import dump

    dump(LinearRegression() if value is None else value, path)
    return path


@pytest.mark.parametrize(
    ("name", "data", "form"),
    [
        ("m.onnx", b"\x08\x07onnx", "onnx"), ("m.bin", b"whatever", "opaque"), ("m", b"x", "opaque"),
        ("m.tar", b"\0" * 600, "tar"), ("m.dat", b"\0" * 257 + b"ustar" + b"\0" * 300, "tar"),
        ("m.pkl", b"text", "pickle"), ("m.skops", b"\x80\x04model", "pickle"), ("m.zip", b"PK\x03\x04...", "skops"),
        ("m.joblib", b"x", "pickle"), ("m.onnx", b"\x80\x05", "pickle"),
    ],
)  # fmt: skip
def test_the_format_is_guessed_from_bytes_first(name: str, data: bytes, form: str):
    from lifecycle_tui.actions.register import guess

    assert guess(name, data[:512]) == form


@pytest.mark.slow
def test_a_file_is_registered_once_and_judged_as_challenger(room: Room, tmp_path: Path):
    path = skops_file(tmp_path / "m.skops")
    plan = room.plan("versions register", path=str(path), alias="challenger", name="2025-06", note="from the cluster")
    assert plan.refused is None and plan.draft is not None
    assert any("it is judged against version 1" in line for line in plan.lines)
    assert not Artifacts(room.root).path(plan.seen["the file"]).exists(), "planning copies nothing"
    done = room.apply(plan)
    assert done.text == f"{path} is version 4 of shop, challenger" and done.facts == {"version": 4}
    assert room.jobs() == [("judge", {"version": 4, "why": "registered by ana"})]
    with room.state.read() as conn:
        found = versions.get(conn, "shop", 4)
        assert found is not None
        facts = found.facts
        assert (facts.origin, facts.format, facts.by, facts.name, facts.note) == (
            "registered", "skops", "ana", "2025-06", "from the cluster",
        )  # fmt: skip
        assert facts.artifact is not None and Artifacts(room.root).get(facts.artifact) == path.read_bytes()
        alias = aliases.get_alias(conn, "shop", "challenger")
        assert alias is not None and alias.version == 4
    assert room.audit() == [("register", "ana", "shop/4")]
    before = room.dump()
    assert "version 4 of shop already" in room.apply(room.plan("versions register", path=str(path))).text
    assert room.dump() == before
    again = room.plan("versions register", path=str(path), alias="blue")
    assert room.apply(again).facts == {"version": 4} and len(room.audit()) == 2


def test_what_a_file_was_trained_on_is_said_when_it_is_registered_or_once_later(room: Room, tmp_path: Path):
    path = str(skops_file(tmp_path / "m.skops"))
    plan = room.plan("versions register", path=path, alias="challenger")
    assert any("rows from now on judge it; --until says it" in line for line in plan.lines)
    room.apply(plan)
    plan = room.plan("versions register", path=path, alias="challenger", until="2025-05-31")
    assert any("ended before 2025-06-01 00:00 UTC: later rows judge it" in line for line in plan.lines)
    assert plan.draft is not None and plan.draft.command.endswith("--alias challenger --until 2025-05-31")
    room.apply(plan)
    with room.state.read() as conn:
        found = versions.get(conn, "shop", 4)
    assert found is not None and found.facts.data_end == datetime(2025, 6, 1, tzinfo=UTC)
    assert "already" in room.apply(room.plan("versions register", path=path, until="2025-05-31")).text
    other = room.plan("versions register", path=path, until="2025-06-30").refused
    assert other is not None and "was trained on rows before 2025-06-01" in other.reason
    wrong = room.plan("versions register", path=path, until="in May").refused
    assert wrong is not None and "--until: 'in May' is not a date" in wrong.reason


def test_a_tar_that_leads_outside_is_not_registered(room: Room, tmp_path: Path):
    outside, path = tmp_path / "pwned", tmp_path / "m.tar"
    with tarfile.open(path, "w") as archive:
        entry = tarfile.TarInfo(f"../../../../../../../..{outside}")
        entry.size = 1
        archive.addfile(entry, io.BytesIO(b"x"))
    refused = room.plan("versions register", path=str(path)).refused
    assert refused is not None and "is no plain file below it" in refused.reason
    assert not outside.exists()


def test_a_file_that_changes_between_plan_and_apply_is_not_registered(room: Room, tmp_path: Path):
    path = tmp_path / "m.bin"
    path.write_bytes(b"one")
    plan = room.plan("versions register", path=str(path))
    path.write_bytes(b"two")
    before = room.dump()
    with pytest.raises(Moved, match="changed meanwhile"):
        room.apply(plan)
    assert room.dump() == before


def test_a_pickle_is_registered_only_where_the_workspace_allows_it_and_with_a_warning(room: Room, tmp_path: Path):
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x05}.")
    refused = room.plan("versions register", path=str(path)).refused
    assert refused is not None and "pickles are not loaded here" in refused.reason
    room.declare(pickle=True)
    plan = room.plan("versions register", path=str(path))
    assert any("warning: it is a pickle" in line for line in plan.lines)
    assert room.apply(plan).facts == {"version": 4}


class Evil:
    """Of no type that anybody trusts."""


def test_a_skops_file_with_a_foreign_type_is_refused_before_anything_is_built(room: Room, tmp_path: Path):
    path = skops_file(tmp_path / "m.skops", [Evil()])
    refused = room.plan("versions register", path=str(path)).refused
    assert refused is not None and "not trusted" in refused.reason and "Evil" in refused.reason
    path.write_bytes(b"PK\x03\x04 no archive")
    refused = room.plan("versions register", path=str(path)).refused
    assert refused is not None and "cannot be read" in refused.reason


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"path": "absent.onnx"}, "cannot be read"),
        ({"path": "."}, "is a folder"),
        ({"path": "empty"}, "is empty"),
        ({"alias": "champion"}, "made by `lifecycle promote`"),
        ({"alias": "v3"}, "reserved"),
        ({"alias": "a b"}, "no name for an alias"),
        ({"name": ""}, "no name for a version"),
        ({"name": "a\nb"}, "no name for a version"),
        ({"name": "prod"}, "'prod' is version 3 of shop already"),
        ({"name": "2"}, "'2' is version 2 of shop already"),
        ({"format": "skops"}, "neither|cannot be read"),
        ({"model": "shp"}, "no model"),
    ],
)
def test_what_cannot_be_registered(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: dict, says: str
):
    import re

    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.bin").write_bytes(b"data")
    (tmp_path / "empty").write_bytes(b"")
    before = room.dump()
    refused = room.plan("versions register", **{"path": "m.bin", **values}).refused
    assert refused is not None and re.search(says, refused.reason), refused
    assert room.dump() == before


@pytest.mark.parametrize(
    ("form", "more", "says"),
    [
        ("opaque", "", "predict it cannot be scored here"),
        ("tar", "", "predict it cannot be scored here"),
        ("opaque", 'predict = ["python", "p.py"]\n', None),
    ],
)
def test_what_cannot_be_scored_is_said(room: Room, tmp_path: Path, form: str, more: str, says: str | None):
    room.declare(TRAINING + more)
    (tmp_path / "m.bin").write_bytes(bytes(10_240) if form == "tar" else b"data")  # an archive of nothing
    plan = room.plan("versions register", path=str(tmp_path / "m.bin"), format=form)
    assert [line for line in plan.lines if "warning" in line] == [line for line in plan.lines if says and says in line]
    assert (says is None) == (not any("warning" in line for line in plan.lines))


def test_the_same_file_under_another_name(room: Room, tmp_path: Path):
    (tmp_path / "m.bin").write_bytes(b"data")
    room.apply(room.plan("versions register", path=str(tmp_path / "m.bin"), name="june"))
    refused = room.plan("versions register", path=str(tmp_path / "m.bin"), name="july").refused
    assert refused is not None and "version 4 of shop already, under another name" in refused.reason


# --- the declarations --------------------------------------------------------------------------------------------


def test_a_teams_own_deployer_may_be_given_what_is_only_named(room: Room):
    (room.root / "plugins").mkdir()
    (room.root / "plugins" / "mine.py").write_text(
        "from lifecycle_tui.api import hookimpl\n"
        "class Mine:\n    '''Mine.'''\n    name = 'mine'\n"
        "    def deploy(self, release): ...\n    def serving(self, folder): ...\n"
        "@hookimpl\ndef register_deployers(register):\n    register(Mine)\n"
    )
    room.declare(TRAINING + '[models.shop.rollout]\ndeployer = "mine"\n')
    done = room.apply(room.plan("promote", version="prod", force=True))
    assert done.job == 1 and room.jobs()[0][1]["version"] == 3


def test_versions_are_found_by_number_alias_and_name(room: Room):
    from lifecycle_tui.actions.looking import version_of

    with room.state.write() as tx:
        versions.register(tx, NewVersion("shop", "named", name="v2"), T0)
        for text, number in {
            "2": 2, "v2": 2, "V1": 1, "champion": 1, "challenger": 2, "prod": 3, "9": None, "x": None, "": None,
            "٣": None,
        }.items():  # fmt: skip
            found = version_of(tx, "shop", text)
            assert (None if found is None else found.number) == number, text


def test_the_declarations_are_whole():
    keys = [action.key for action in ACTIONS.values() if action.key]
    assert len(keys) == len(set(keys))
    for name, action in ACTIONS.items():
        assert name == action.name and action.help.endswith(".")
        assert action.about.endswith(".") or name == "check", "its command is older, and says more itself"
        assert action.example and all(line.startswith(f"lifecycle {name} ") for line in action.example)
        assert all(p.option or p.kind != "flag" for p in action.parameters)
        positional = [p for p in action.parameters if not p.option]
        assert sorted(positional, key=lambda p: not p.required) == positional
