"""A changed file: read when it lies still, taken whole, recorded, evaluated where it concerns; within two seconds."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lifecycle_tui.actions.doing import Doer
from lifecycle_tui.actions.registry import ACTIONS
from lifecycle_tui.agent import accepted, following, policy_changes, rounds
from lifecycle_tui.agent.accepted import Watched
from lifecycle_tui.agent.agent import Agent
from lifecycle_tui.agent.following import Following, concerned
from lifecycle_tui.agent.workers.supervisor import Supervisor
from lifecycle_tui.domain.results import Alert
from lifecycle_tui.state import alerts, audit, folder, jobs, lease, models, processes, timeline
from lifecycle_tui.state.database import State

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOON = int(2.0 / rounds.TICK)
"""Rounds of the agent in which a change counts: two seconds of them, however long a busy machine makes them.

Those that pass while the thread reads are not among them: it may wait for the processor.
"""
MODEL = """\
task = "regression"
[data]
table = "t.csv"
reference = { rows = 100 }
window = "100 rows"
[columns]
target = "y"
prediction = "p"
[rules.moved]
when = "drift.max >= 0.2"
"""
HEAD = 'include = ["models/*.toml"]\n'
PLUGIN = '''"""A detector of the team's."""

from lifecycle_tui import api


class Tails:
    """How far the tails have moved."""

    name, kinds, takes = "tails", ("numeric",), "profile"

    def measure(self, reference, window):
        """Nothing has moved."""
        return api.Measurement(0.0)


@api.hookimpl
def register_detectors(register: api.Register) -> None:
    register(Tails)
'''


def until(true: Callable[[], bool], what: str, at: list[bool] | None = None, most: float = 300.0) -> None:
    """Wait until something is true; where `at` has the agent's rounds, no more than `SOON` of them without reading."""
    begun, before = time.monotonic(), len(at or ())
    while True:
        passed = (at or [])[before:].count(False)
        if true():
            return
        assert passed <= SOON, f"still not so after {passed} rounds: {what}"
        assert time.monotonic() - begun < most, f"still not so: {what}"
        threading.Event().wait(0.005)


@pytest.fixture
def space(empty_root: Path, tmp_path: Path) -> Path:
    """A workspace of three models, each in a file of its own."""
    shutil.copytree(empty_root / ".lifecycle", tmp_path / ".lifecycle")
    fill(tmp_path, 3)
    return tmp_path


def put(file: Path, text: str) -> None:
    """Write a file in one step: the agent must not find half of it while this thread waits for the processor."""
    fresh = next(path for path in file.parents if (path / ".lifecycle").is_dir()) / ".lifecycle" / "fresh"
    fresh.write_text(text, "utf-8")
    fresh.replace(file)


def fill(root: Path, many: int) -> None:
    (root / "models").mkdir(exist_ok=True)
    (root / "lifecycle.toml").write_text(HEAD)
    (root / "t.csv").write_text("y,p\n1,2\n")
    for n in range(many):
        (root / "models" / f"m{n}.toml").write_text(MODEL)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], tuple[Agent, list[str], list[bool]]]]:
    """Starts an agent at its own pace, without workers; gives what it says, and of each round whether it was reading.

    It looks at the files in each round: how seldom it does depends on how long the machine took for the last look.
    """
    monkeypatch.setattr(Supervisor, "start", lambda self, only=None: None)
    monkeypatch.setattr(following, "SHARE", 0)
    began: list[tuple[Agent, threading.Thread]] = []
    at: list[bool] = []
    go_round = rounds.Rounds.round

    def timed(self: rounds.Rounds) -> None:
        at.append(any(thread.name == "files" for thread in threading.enumerate()))
        go_round(self)

    monkeypatch.setattr(rounds.Rounds, "round", timed)

    def start(root: Path) -> tuple[Agent, list[str], list[bool]]:
        said: list[str] = []
        agent = Agent(root / "lifecycle.toml", say=said.append)
        thread = threading.Thread(target=agent.run)
        began.append((agent, thread))
        thread.start()
        until(lambda: len(at) > 2, "its first rounds")
        return agent, said, at

    yield start
    for agent, thread in began:
        agent.stop()
        thread.join(120)
        assert not thread.is_alive()


def read(root: Path, of: Callable) -> object:
    with State.view(root) as state, state.read() as conn:
        return of(conn)


def evaluations(root: Path) -> list[str | None]:
    """Models of the evaluations that were asked for, the first one first."""
    return [job.model for job in reversed(read(root, lambda c: jobs.jobs(c, kind="evaluate", limit=5000)))]


def finish_all(root: Path) -> None:
    with State.open(root) as state, state.write() as tx:
        while (job := jobs.claim(tx, processes.this(), NOW)) is not None:
            jobs.finish(tx, job.id, "done", NOW)


def changes(root: Path) -> list[tuple[str, str, list[tuple]]]:
    """(who, subject, keys) of the rows of the audit log about the policy, the first one first."""
    rows = [row for row in reversed(read(root, lambda c: audit.entries(c))) if row.action == "configure"]
    return [
        (r.who, r.subject, [(c["key"], c["old"], c["new"]) for c in r.detail.get("changes", [r.detail])]) for r in rows
    ]


def test_one_threshold_is_taken_recorded_and_evaluated_where_it_concerns(space: Path, run: Callable) -> None:
    _, said, at = run(space)
    until(lambda: len(evaluations(space)) == 3, "all are evaluated at first")
    finish_all(space)
    file = space / "models" / "m1.toml"
    put(file, MODEL.replace("0.2", "0.3"))
    until(lambda: any("has changed: taken" in line for line in said), "it is taken", at)
    until(lambda: evaluations(space)[3:] == ["m1"], "one alone is evaluated", at)
    assert changes(space) == [
        ("file", "models/m1.toml", [("models.m1.rules.moved.when", '"drift.max >= 0.2"', '"drift.max >= 0.3"')])
    ]
    (entry,) = (e for e in read(space, lambda c: timeline.timeline(c, kinds=("audit",))))
    assert entry.by == "file" and entry.model == "m1"
    assert entry.text == 'models.m1.rules.moved.when: "drift.max >= 0.2" → "drift.max >= 0.3"'
    finish_all(space)
    put(file, "# moved\n" + MODEL.replace("0.2", "0.3"))
    until(lambda: len([line for line in said if "has changed: taken" in line]) == 2, "taken", at)
    passed = len(at)
    until(lambda: len(at) > passed + SOON, "rounds in which another evaluation would be asked for")
    assert len(changes(space)) == 1 and len(evaluations(space)) == 4, "a comment changes nothing"


def test_who_edits_by_the_program_is_told_once(space: Path, run: Callable, monkeypatch: pytest.MonkeyPatch) -> None:
    _, said, at = run(space)
    monkeypatch.setenv("LOGNAME", "ana")
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.chdir(space)
    with Doer(space) as doer:
        plan = doer.plan(ACTIONS["config set"], {"key": "models.m0.rules.moved.for", "value": "3"}, "too nervous")
        assert plan.refused is None, plan.refused
        doer.apply(plan)
    until(lambda: any("taken" in line for line in said), "it is taken", at)
    file = space / "models" / "m0.toml"
    until(lambda: folder.accepted(space)[file] == file.read_bytes(), "and written down")
    assert [(who, keys) for who, _, keys in changes(space)] == [("ana", [("models.m0.rules.moved.for", None, "3")])]


def test_a_wrong_file_is_said_with_its_place_and_the_last_good_one_counts(space: Path, run: Callable) -> None:
    _, said, at = run(space)
    file = space / "models" / "m1.toml"
    put(file, MODEL.replace("[rules.moved]\nwhen", "[rules.moved]\nwehn"))
    until(lambda: read(space, lease.note) is not None, "the note", at)
    note = str(read(space, lease.note))
    assert note.startswith(("models/m1.toml:10:", str(file))) and note.endswith(rounds.GOES_ON), note
    assert folder.accepted(space)[file] == MODEL.encode()
    put(file, MODEL)
    until(lambda: read(space, lease.note) is None, "it is taken back", at)
    assert not any("taken" in line for line in said), "nothing that counts has changed"
    (space / "models" / "m1.toml").unlink()
    until(lambda: "m1" not in {m.name for m in read(space, models.fleet)}, "the model is gone", at)


def test_an_agent_begins_on_a_wrong_file_by_the_one_it_had(space: Path, run: Callable) -> None:
    agent, _, _ = run(space)
    agent.stop()
    (space / "models" / "m2.toml").write_text(MODEL.replace("0.2", "0.4"))
    (space / "lifecycle.toml").write_text(HEAD + "every = 3\n")
    until(lambda: not lease.held(read(space, lease.read)), "the first one has ended")
    _, said, at = run(space)
    until(lambda: read(space, lease.note) is not None, "the note", at)
    assert changes(space) == []
    put(space / "lifecycle.toml", HEAD)
    until(lambda: any("taken" in line for line in said), "it is taken", at)
    until(lambda: bool(changes(space)), "it is written down")
    assert [keys[0][0] for _, _, keys in changes(space)] == ["models.m2.rules.moved.when"]


def test_what_changed_while_no_agent_ran_is_recorded_too(space: Path, run: Callable) -> None:
    agent, _, _ = run(space)
    agent.stop()
    until(lambda: not lease.held(read(space, lease.read)), "it has ended")
    (space / "models" / "m2.toml").write_text(MODEL.replace("0.2", "0.4"))
    run(space)
    until(lambda: bool(changes(space)), "it is written down")
    assert [keys[0][::2] for _, _, keys in changes(space)] == [("models.m2.rules.moved.when", '"drift.max >= 0.4"')]


def test_a_running_evaluation_is_followed_by_another(space: Path, run: Callable) -> None:
    _, said, at = run(space)
    until(lambda: len(evaluations(space)) == 3, "all are evaluated")
    with State.open(space) as state, state.write() as tx:
        found = jobs.claim(tx, processes.this(), NOW)
    assert found is not None and found.model == "m0"
    put(space / "models" / "m0.toml", MODEL.replace("0.2", "0.3"))
    until(lambda: any("taken" in line for line in said), "it is taken", at)
    assert len(evaluations(space)) == 3
    with State.open(space) as state, state.write() as tx:
        jobs.finish(tx, found.id, "done", NOW)
    until(lambda: evaluations(space)[3:] == ["m0"], "it may have begun before the change")


def test_the_alerts_of_a_model_that_is_gone_resolve(space: Path, run: Callable) -> None:
    _, _, at = run(space)
    with State.open(space) as state, state.write() as tx:
        alerts.store(tx, opened=[Alert("m1", "moved", "warning", "open", "w", NOW, "it moved")], now=NOW)
    (space / "models" / "m1.toml").unlink()
    until(lambda: read(space, lambda c: alerts.open_alerts(c)) == (), "no alert is open", at)
    assert read(space, lambda c: alerts.alerts(c))[0].alert.resolved_by == "model removed"


def test_a_half_written_file_is_not_taken(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An editor that writes in place: each piece makes a valid file, and only the last one is meant."""
    watched = Watched(space / "lifecycle.toml")
    pieces = iter((MODEL[: MODEL.index("[rules")], MODEL, MODEL + '[rules.more]\nwhen = "rows < 3"\n'))
    file = space / "models" / "m0.toml"
    file.write_text('task = "regression"\n')
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) % 3 == 0 and (piece := next(pieces, None)) is not None:
            file.write_text(piece)

    monkeypatch.setattr(accepted.time, "sleep", sleep)
    now = [0.0]
    monkeypatch.setattr(accepted.time, "monotonic", lambda: now.__setitem__(0, now[0] + 0.01) or now[0])
    found = watched.news(settle=True)
    assert found is not None and found.problem is None and len(slept) >= 9
    assert [rule.name for rule in found.workspace.spec.model("m0").rules] == ["moved", "more"]
    assert watched.take(found) and not watched.moved() and watched.news() is None


def test_files_that_never_lie_still_are_read_all_the_same(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched, file = Watched(space / "lifecycle.toml"), space / "models" / "m0.toml"
    count = iter(range(100_000))
    monkeypatch.setattr(accepted, "SETTLE", 0.05)
    monkeypatch.setattr(accepted, "LONGEST", 0.1)
    monkeypatch.setattr(accepted.time, "sleep", lambda s: file.write_text(MODEL + "#" * next(count)))
    file.write_text(MODEL + "#")
    found = watched.news(settle=True)
    assert found is not None and found.texts is not None and next(count) < 50_000, "it has not waited for long"


def test_what_cannot_be_looked_at_is_said_once_and_ends_nothing(space: Path) -> None:
    said: list[str] = []
    watched = Watched(space / "lifecycle.toml")
    following = Following(watched, said.append)
    disabled = space / ".lifecycle" / "disabled-plugins.json"
    disabled.write_text("{ no json")
    until(lambda: following.look() is None and bool(said), "it is said")
    begun = len(said)
    for _ in range(50):
        assert following.look() is None
    assert len(said) == begun == 1 and "disabled-plugins.json" in said[0]


MORE = MODEL + '[rules.more]\nwhen = "rows < 3"\n'
EDITS: tuple[tuple[str, Callable[[Path], object], tuple[str, ...]], ...] = (
    ("nothing", lambda root: None, ()),
    ("lines that move", lambda root: (root / "models/m1.toml").write_text("\n\n" + MODEL), ()),
    ("a rule", lambda root: (root / "models/m1.toml").write_text(MORE), ("m1",)),
    ("a new model", lambda root: (root / "models/new.toml").write_text(MODEL), ("new",)),
    ("who is told", lambda root: (root / "lifecycle.toml").write_text(HEAD + '[notifiers.l]\nuse = "log"\n'), ()),
    ("defaults", lambda root: (root / "lifecycle.toml").write_text(HEAD + "[defaults.monitor]\nmin_rows = 7\n"),
     ("m0", "m1", "m2")),
    ("a plugin's code", lambda root: (root / "plugins/tails.py").write_text(PLUGIN.replace("(0.0)", "(1.0)")),
     ("m1", "m2")),
    ("a plugin that breaks", lambda root: (root / "plugins/tails.py").write_text(PLUGIN + "def"), ("m1", "m2")),
    ("a plugin that is added", lambda root: (root / "plugins/other.py").write_text(PLUGIN.replace("tails", "other")),
     ("m1", "m2")),
    ("a plugin that is touched", lambda root: (root / "plugins/tails.py").touch(), ()),
    ("a plugin of another kind", lambda root: (root / "plugins/a.py").write_text(NOTIFIER), ()),
)  # fmt: skip
NOTIFIER = (
    PLUGIN.replace("register_detectors", "register_notifiers").replace("(self, reference, window)", "(self, message)")
    .replace("measure", "send").replace("return api.Measurement(0.0)", "return None")
    .replace('name, kinds, takes = "tails", ("numeric",), "profile"', 'name = "pager"')
)  # fmt: skip


@pytest.mark.slow
def test_what_a_change_concerns(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (space / "plugins").mkdir()
    (space / "plugins/tails.py").write_text(PLUGIN)
    (space / "models/m0.toml").write_text(MODEL + '[monitor]\ndetectors = ["psi"]\nmetrics = ["mae"]\n')
    kept = {path: path.read_bytes() for path in space.rglob("*") if path.suffix in (".toml", ".py")}
    for what, edit, names in EDITS:
        watched = Watched(space / "lifecycle.toml")
        before, was = watched.workspace, watched.code
        edit(space)
        took = watched.look()
        assert concerned(before, watched.workspace, was, watched.code) == names, what
        assert took is (what not in ("nothing", "a plugin that is touched")), what
        for path in [p for p in space.rglob("*") if p.suffix in (".toml", ".py") and p not in kept]:
            path.unlink()
        for path, data in kept.items():
            path.write_bytes(data)


def test_many_files_at_once_are_one_change(space: Path) -> None:
    main = space / "lifecycle.toml"
    before = {main: HEAD.encode()} | {space / f"models/m{n}.toml": MODEL.encode() for n in range(150)}
    after = {path: data.replace(b"0.2", b"0.25") for path, data in before.items()}
    with State.open(space) as state, state.write() as tx:
        assert policy_changes.record(tx, main, {}, before, NOW) == (), "the first time that there is a file"
        assert len(policy_changes.record(tx, main, before, after, NOW)) == 150
        assert policy_changes.record(tx, main, after, {**after, main: b"half ["}, NOW) == ()
        (row,) = audit.entries(tx)
        assert (row.who, row.subject, row.model, row.detail["keys"]) == ("file", "150 files", None, 150)
        assert len(row.detail["changes"]) == policy_changes.MOST and audit.verify(tx).ok


@pytest.mark.slow
def test_a_thousand_models_are_read_beside_the_rounds(
    space: Path, run: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under load: another process keeps a core busy, and a thread writes to state all the time.

    How fast that is stands in `benchmarks/following.py`: other tests may run beside this one.
    """
    fill(space, 1000)
    ended = threading.Event()

    def writes() -> None:
        with State.open(space) as state:
            while not ended.wait(0.01):
                with state.write(durable=False) as tx:
                    tx.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('load', '1')")

    _, said, at = run(space)
    until(lambda: len(evaluations(space)) == 1000, "all are evaluated at first")
    finish_all(space)
    load = threading.Thread(target=writes)
    load.start()
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            for n in range(3):
                count, rounds_before = len([line for line in said if "taken" in line]), len(at)
                put(space / f"models/m{n}.toml", MODEL.replace("0.2", f"0.3{n}"))
                until(lambda: len([line for line in said if "taken" in line]) > count, "it is taken")  # noqa: B023
                assert len(at) - rounds_before >= 2, "the rounds went on while it was read"
        finally:
            busy.kill()
            ended.set()
            load.join()
    until(lambda: evaluations(space)[1000:] == ["m0", "m1", "m2"], "three are evaluated, no more")
