"""`promote`, `approve`, `rollback`, `retrain`, `versions …` and `history --at`, as people type them."""

from __future__ import annotations

import csv
import io
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lifecycle_tui.agent import accepted
from lifecycle_tui.agent.workers import kinds
from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import NewVersion
from lifecycle_tui.state import approvals, audit, jobs, judgements, models, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.workspace import open_workspace
from tests.cli.conftest import Here, lifecycle

T0 = datetime(2025, 6, 1, 14, tzinfo=UTC)
APPROVE = '[models.steady.rollout]\napprove = { by = ["ana", "raj"], not = "requester" }\n'
TRAINING = "[models.steady.training]\n"
GATE = {
    "gate": "gain(mae) > 0", "verdict": "passed", "text": "mae is better by 1 (0.5 to 1.5)", "wanted": None,
    "numbers": {"gain(mae)": {"value": 1.0, "lower": 0.5, "upper": 1.5, "n": 400}},
}  # fmt: skip


@pytest.fixture
def shop(space: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`steady` with a champion 1 and a challenger 2 that passed; the person is ana."""
    monkeypatch.setenv("LOGNAME", "ana")
    monkeypatch.delenv("SUDO_USER", raising=False)
    store = Artifacts(space)
    with State.open(space) as state, state.write() as tx:
        models.declare(tx, [models.Declared("steady", "regression"), models.Declared("moving")])
        for n, data in enumerate((b"one", b"two"), 1):
            new = NewVersion(
                "steady", "trained", artifact=store.put(data), size=3, format="skops", by="agent", strategy="refit",
                why="rule mae-high (alert 3)", parent=None if n == 1 else 1, data_start=T0, data_end=T0, data_rows=4000,
                data_digest="f" * 64, metrics={"mae": {"value": 4.0 - n, "lower": 2.5, "upper": 3.5, "n": 400}},
                parameters={"depth": n, "seed": 0}, libraries={"scikit-learn": "1.5.0"}, code="c" * 64,
                schema={"features": {"x": "double"}, "target": "double"}, importance={"x": 0.5, "c": 0.01 * n},
                note="first" if n == 1 else None,
            )  # fmt: skip
            versions.register(tx, new, T0.replace(hour=14 + n))
        aliases.set_alias(tx, "steady", "champion", 1, "lifecycle", "first version", T0)
        aliases.set_alias(tx, "steady", "challenger", 2, "agent", "trained", T0)
        judgements.put(
            tx, Judgement("steady", 2, 1, "passed", 400, "mae is better", T0, start=T0, end=T0, gates=(GATE,))
        )
    return space


def declare(root: Path, more: str) -> None:
    file = root / "lifecycle.toml"
    file.write_text(file.read_text() + more)


def judged(root: Path, verdict: str) -> None:
    with State.open(root) as state, state.write() as tx:
        judgements.put(tx, Judgement("steady", 2, 1, verdict, 400, "mae is worse by 2", T0))  # type: ignore[arg-type]


def champion(root: Path) -> int | None:
    with State.view(root) as state, state.read() as conn:
        found = aliases.champion(conn, "steady")
        return None if found is None else found.number


def deeds(root: Path) -> list[tuple[str, str]]:
    with State.view(root) as state, state.read() as conn:
        assert audit.verify(conn).ok
        return [(row.action, row.who) for row in reversed(audit.entries(conn))]


def test_promote_and_roll_back(shop: Path, here: Here) -> None:
    before = champion(shop)
    dry = here(shop, "promote", "steady", "--dry-run", "--note", "for June")
    assert (dry.code, dry.err) == (0, "") and before == champion(shop) == 1
    assert dry.out.splitlines() == [
        "would promote version 2 of steady in place of version 1",
        "  mae is better",
        "  the deployer local makes it serve; the alias champion moves when it does",
        "  by ana, note: for June",
        "  one row is added to the audit log",
        "  the way back: lifecycle rollback steady",
    ]
    done = here(shop, "promote", "steady", "--note", "for June")
    assert (done.code, done.out) == (0, "version 2 serves in place of version 1\n")
    assert "job 1 brings version 2 of steady to serve" in done.err and "lifecycle rollback steady" in done.err
    assert champion(shop) == 2
    link = shop / ".lifecycle" / "serving" / "steady" / "champion" / "artifact"
    assert link.read_bytes() == b"two"
    again = here(shop, "promote", "steady", "2")
    assert (again.code, again.out) == (0, "version 2 is champion of steady already\n")
    back = here(shop, "rollback", "steady")
    assert (back.code, back.out) == (0, "version 1 serves in place of version 2\n")
    assert champion(shop) == 1 and link.read_bytes() == b"one"
    assert deeds(shop) == [("promote", "ana"), ("deploy", "ana"), ("rollback", "ana"), ("deploy", "ana")]
    told = here(shop, "history", "steady", "--kind", "alias", "--format", "json")
    assert [row["text"] for row in json.loads(told.out)][:3] == [
        "from version 2 to version 1: rolled back by ana", "it named version 2: it is champion now",
        "from version 1 to version 2: for June",
    ]  # fmt: skip


def test_a_gate_keeps_the_champion_unless_forced(shop: Path, here: Here) -> None:
    judged(shop, "failed")
    for words in (["promote", "steady"], ["promote", "steady", "--dry-run"]):
        done = here(shop, *words)
        assert done.code == 1 and done.out == "", done
        assert "did not pass: mae is worse by 2" in done.err and "--force" in done.err
    assert champion(shop) == 1 and deeds(shop) == []
    done = here(shop, "promote", "steady", "--force", "--format", "json")
    found = json.loads(done.out)
    assert done.code == 0 and champion(shop) == 2
    assert found["refused"] is None and found["command"] == "lifecycle promote steady 2 --force"
    assert (found["job"]["state"], found["job"]["outcome"]["version"]) == ("done", 2)


def test_refusals_as_json(shop: Path, here: Here) -> None:
    judged(shop, "unknown")
    done = here(shop, "promote", "steady", "--format", "json")
    found = json.loads(done.out)
    assert done.code == 1 and found["refused"]["gate"] is True and "not settled" in found["refused"]["reason"]
    assert set(found) == {
        "action", "subject", "model", "plan", "command", "undo", "settled", "refused", "done", "job", "diff",
    }  # fmt: skip
    assert here(shop, "rollback", "steady", "--dry-run", "--format", "json").code == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["promote", "stedy"], 'did you mean "steady"?'),
        (["promote", "steady", "9"], "no version '9'"),
        (["rollback", "steady"], "first champion"),
        (["approve", "steady"], "no promotion of steady waits"),
        (["retrain", "steady"], "only monitored"),
        (["versions", "show", "steady", "9"], "no version '9'"),
        (["versions", "list", "stedy"], 'did you mean "steady"?'),
        (["versions", "register", "steady", "absent.skops"], "cannot be read"),
        (["history", "--at", "fortnight"], "no instant"),
        (["promote"], "MODEL"),
    ],
)
def test_usage(shop: Path, here: Here, words: list[str], says: str) -> None:
    done = here(shop, *words)
    assert done.code == 2 and says in done.err and "Traceback" not in done.err


def test_an_approval_is_asked_for_and_given_by_another(shop: Path, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(shop, APPROVE)
    asked = here(shop, "promote", "steady")
    assert asked.code == 0 and asked.out == "the promotion of version 2 of steady waits for ana or raj\n"
    assert "lifecycle approve steady --decline" in asked.err and champion(shop) == 1
    assert "version 2 waits for approval, asked for by ana" in here(shop, "versions", "list", "steady").err
    assert "ana asked for it, and may not approve it" in here(shop, "approve", "steady").err
    monkeypatch.setenv("LOGNAME", "eve")
    assert "eve may not approve" in here(shop, "approve", "steady").err
    monkeypatch.setenv("LOGNAME", "raj")
    done = here(shop, "approve", "steady", "--note", "checked by hand")
    assert (done.code, done.out) == (0, "version 2 serves in place of version 1\n") and champion(shop) == 2
    assert deeds(shop) == [("promote", "ana"), ("approve", "raj"), ("deploy", "raj")]
    with State.view(shop) as state, state.read() as conn:
        (found,) = approvals.approvals(conn, "steady")
        assert (found.state, found.decided_by, found.note) == ("approved", "raj", "checked by hand")


def test_an_approval_is_declined(shop: Path, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(shop, APPROVE)
    here(shop, "promote", "steady")
    monkeypatch.setenv("LOGNAME", "raj")
    done = here(shop, "approve", "steady", "--decline")
    assert done.code == 0 and done.out == "version 2 of steady is declined\n" and champion(shop) == 1


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        ("passed", 0),
        ("failed", 1),
        pytest.param("unknown", 1, marks=pytest.mark.slow),
        pytest.param("none", 1, marks=pytest.mark.slow),
        ("broken", 3),
    ],
)
def test_retrain_says_what_came_of_it(
    shop: Path, here: Here, monkeypatch: pytest.MonkeyPatch, verdict: str, code: int
) -> None:
    def made(context: Any, spec: Any, job: jobs.Job) -> dict[str, Any]:
        assert job.payload == {"why": "new sensor", "by": "ana"} and job.time_limit == 7200
        if verdict == "broken":
            raise TrainingError("no row has a label", hint="wait")
        return {"verdict": verdict, "version": 3, "text": f"version 3: {verdict}, not worth it"}

    declare(shop, TRAINING)
    monkeypatch.setattr(kinds, "import_module", lambda name: SimpleNamespace(retrain=made))
    done = here(shop, "retrain", "steady", "--why", "new sensor")
    assert done.code == code
    if verdict == "broken":
        assert "no row has a label" in done.err and "lifecycle jobs log 1" in done.err and done.out == ""
    else:
        assert done.out == f"version 3: {verdict}, not worth it\n" and "job 1 trains steady" in done.err


def test_a_deployment_that_fails_is_said(shop: Path, here: Here) -> None:
    with State.view(shop) as state, state.read() as conn:
        two = versions.get(conn, "steady", 2)
    assert two is not None and two.facts.artifact is not None
    path = Artifacts(shop).path(two.facts.artifact)
    path.unlink()
    path.write_bytes(b"evil")
    done = here(shop, "promote", "steady")
    assert done.code == 3 and "not what was stored" in done.err and champion(shop) == 1


def test_versions_list_show_and_diff(shop: Path, here: Here) -> None:
    done = here(shop, "versions", "list", "steady")
    lines = [line.split() for line in done.out.splitlines()]
    assert done.code == 0 and [line[:3] for line in lines] == [
        ["version", "aliases", "origin"], ["2", "challenger", "trained"], ["1", "champion", "trained"],
    ]  # fmt: skip
    assert "passed" in lines[1] and "mae" in lines[1]
    rows = json.loads(here(shop, "versions", "list", "steady", "--format", "json").out)
    assert [row["number"] for row in rows] == [2, 1] and rows[0]["judgement"]["verdict"] == "passed"
    flat = list(csv.DictReader(io.StringIO(here(shop, "versions", "list", "steady", "--format", "csv").out)))
    assert (flat[0]["metric"], flat[0]["value"], flat[0]["verdict"], flat[0]["aliases"]) == (
        "mae", "2.0", "passed", "challenger",
    )  # fmt: skip
    assert len(json.loads(here(shop, "versions", "list", "steady", "--limit", "1", "--format", "json").out)) == 1
    assert "no version yet" in here(shop, "versions", "list", "moving").err

    shown = here(shop, "versions", "show", "steady", "challenger").out
    for text in (
        "steady version 2 · challenger", "trained at 2025-06-01 16:00 by agent", "rule mae-high (alert 3)", "version 1",
        "refit", "4,000 rows, 2025-06-01 14:00", "f" * 64, "c" * 64, "mae  2 (2.5 to 3.5), n 400",
        "scikit-learn  1.5.0",
        "features.x  double", "x  0.5", "judged against version 1 at 2025-06-01 14:00 on 400 rows: passed",
        "passed   gain(mae) > 0  mae is better by 1 (0.5 to 1.5)", "since 2025-06-01 14:00 by agent: trained",
    ):  # fmt: skip
        assert text in shown, (text, shown)
    whole = json.loads(here(shop, "versions", "show", "steady", "2", "--format", "json").out)
    assert whole["parameters"] == {"depth": 2, "seed": 0} and whole["data"]["fingerprint"] == "f" * 64
    assert whole["aliases"] == [
        {"alias": "challenger", "since": "2025-06-01T14:00:00Z", "by": "agent", "why": "trained"}
    ]
    assert whole["judgements"][0]["gates"] == [GATE] and whole["job"] is None

    text = here(shop, "versions", "diff", "steady", "champion", "challenger").out
    assert "parameters.depth  1" in text and "parent" in text and "seed" not in text and "scikit-learn" not in text
    assert "mae      3 (2.5 to 3.5), n 400  2 (2.5 to 3.5), n 400" in text and "judged against version 1" in text
    found = json.loads(here(shop, "versions", "diff", "steady", "1", "2", "--format", "json").out)
    assert found["differs"]["parameters.depth"] == [1, 2] and found["differs"]["parent"] == [None, 1]
    assert found["metrics"]["mae"]["b"]["value"] == 2.0 and found["judgement"]["version"] == 2
    turned = json.loads(here(shop, "versions", "diff", "steady", "2", "1", "--format", "json").out)
    assert turned["judgement"] == found["judgement"]
    same = here(shop, "versions", "diff", "steady", "1", "1").out
    assert "nothing that is recorded differs" in same and "neither was judged" in same


def test_register_a_file_by_command(shop: Path, here: Here) -> None:
    (shop / "m.bin").write_bytes(b"\x1b[31mweights")
    done = here(
        shop, "versions", "register", "steady", "m.bin", "--name", "june", "--alias", "blue", "--format", "onnx"
    )
    assert (done.code, done.out) == (0, "m.bin is version 3 of steady, blue\n")
    again = here(shop, "versions", "register", "steady", "m.bin")
    assert again.code == 0 and "m.bin is version 3 of steady already" in again.out
    shown = here(shop, "versions", "show", "steady", "june").out
    assert "steady version 3 (june) · blue" in shown and "onnx" in shown and "registered by ana" in shown


def test_hostile_text_of_a_version_is_made_visible(shop: Path, here: Here) -> None:
    with State.open(shop) as state, state.write() as tx:
        evil = "\x1b[31mred\x07"
        new = NewVersion(
            "steady", "named", name=evil, by=evil, why=evil, note=evil, metrics={evil: evil}, lineage={evil: evil},
            libraries={evil: evil}, strategy=evil,
        )  # fmt: skip
        versions.register(tx, new, T0)
        judgements.put(tx, Judgement("steady", 3, 1, "failed", 1, evil, T0, gates=({"gate": evil, "text": evil},)))
    for words in (["list", "steady"], ["show", "steady", "3"], ["diff", "steady", "1", "3"]):
        done = here(shop, "versions", *words)
        assert done.code == 0 and "\x1b" not in done.out + done.err and "\\x1b[31mred" in done.out


def test_what_was_champion_then_and_why(shop: Path, here: Here) -> None:
    with State.open(shop) as state, state.write() as tx:
        aliases.set_alias(tx, "steady", "champion", 2, "ana", "mae is better", datetime(2025, 6, 3, 9, 30, tzinfo=UTC))

    def then(at: str) -> dict[str, Any]:
        done = here(shop, "history", "steady", "--at", at, "--format", "json")
        assert done.code == 0
        return json.loads(done.out)

    for at, number, why in [
        ("2025-06-03T09:29", 1, "first version"),
        ("2025-06-03T09:30", 2, "mae is better"),
        ("2025-06-03T11:29+02:00", 1, "first version"),
        ("2025-06-03", 2, "mae is better"),
        ("2025-06-02", 1, "first version"),
    ]:
        found = then(at)
        (one,) = [a for a in found["aliases"] if a["alias"] == "champion"]
        assert (one["version"], one["why"]) == (number, why), at
        assert all(entry["at"] <= found["at"] for entry in found["entries"])
    nothing = then("2025-05-31")
    assert nothing["aliases"] == [] and nothing["entries"] == []
    text = here(shop, "history", "--at", "2025-06-03T12:00")
    assert "at 2025-06-03 12:00:00 UTC" in text.err
    assert ["steady", "champion", "2"] in [line.split()[:3] for line in text.out.splitlines()]
    assert "no alias named a version then" in here(shop, "history", "--at", "2020-01-01").err


@pytest.mark.slow
def test_real_processes_and_one_that_nobody_waits_for(shop: Path) -> None:
    done = lifecycle(shop, "promote", "steady", LOGNAME="ana")
    assert (done.code, done.out) == (0, "version 2 serves in place of version 1\n"), done
    done = lifecycle(shop, "rollback", "steady", "--no-wait", LOGNAME="ana")
    assert done.code == 0 and done.out == "job 2 brings version 1 of steady back\n"
    assert "`lifecycle jobs show 2`" in done.err
    until = time.monotonic() + 180
    while champion(shop) != 1 and time.monotonic() < until:
        time.sleep(0.05)
    assert champion(shop) == 1


def test_a_job_that_nobody_has_in_hand_is_seen_to(shop: Path, here: Here) -> None:
    """Its worker was killed, or the command that asked for it, and no agent runs: it must not block for ever."""
    gone = processes.Process(2**22 + 1, "1", processes.this().place)
    work = {"version": 2, "champion": 1, "kind": "promote", "why": "x", "by": "ana"}
    with State.open(shop) as state, state.write() as tx:
        lost = jobs.enqueue(tx, "deploy", "steady", work, T0)
        assert jobs.claim(tx, gone, T0, job_id=lost) is not None
    done = here(shop, "rollback", "steady")  # the lost job is done again first, and the champion is another one then
    assert (done.code, done.out) == (0, "version 1 serves in place of version 2\n"), done
    with State.open(shop) as state, state.write() as tx:
        jobs.enqueue(tx, "deploy", "steady", work, T0)
    assert here(shop, "promote", "steady", "2").out == "version 2 is champion of steady already\n"


def test_a_file_in_the_middle_of_an_edit_does_not_hold_up_a_rollback(shop: Path, here: Here) -> None:
    assert here(shop, "promote", "steady").code == 0
    good = open_workspace(shop / "lifecycle.toml")
    declare(shop, "oops = = 3\n")
    assert here(shop, "rollback", "steady").code == 2, "no agent has accepted one yet"
    (shop / "lifecycle.toml").write_bytes((shop / "lifecycle.toml").read_bytes().removesuffix(b"oops = = 3\n"))
    assert accepted.accept(good)
    declare(shop, "oops = = 3\n")
    assert here(shop, "promote", "steady", "--dry-run").code == 2, "everything else waits for the file"
    done = here(shop, "rollback", "steady")
    assert (done.code, done.out) == (0, "version 1 serves in place of version 2\n"), done
    assert "what the agent last accepted is taken instead" in done.err


def test_through_when_a_file_was_trained_is_shown(shop: Path, here: Here) -> None:
    (shop / "model.bin").write_bytes(b"three")
    assert here(shop, "versions", "register", "steady", "model.bin", "--until", "2025-05-31").code == 0
    assert "trained on   rows before 2025-06-01 00:00, as was said" in here(shop, "versions", "show", "steady", "3").out
    assert "data.end" in here(shop, "versions", "diff", "steady", "1", "3").out
