"""The deploy job: all of it or nothing, once however often it runs, and a failure that leaves what served before."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from lifecycle_tui.agent.work import deploy as deploying
from lifecycle_tui.agent.workers.context import Cancelled, JobContext
from lifecycle_tui.builtin.deployers.local import Local
from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.domain.errors import StateError
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import NewVersion
from lifecycle_tui.state import audit, feed, jobs, models
from lifecycle_tui.state.database import State
from lifecycle_tui.workspace import open_workspace

NOW = datetime(2025, 6, 1, tzinfo=UTC)
FILE = """\
[models.shop]
task = "regression"
[models.shop.data]
table = "shop.csv"
reference = { rows = 100 }
window = "100 rows"
[models.shop.columns]
target = "y"
prediction = "p"
"""
ODD = """
import json, os
from lifecycle_tui.api import hookimpl

class Odd:
    '''Writes down what it was given, and does what it is told.'''
    name = "odd"

    def __init__(self, *, how: str = "well", token: str = ""):
        self.how, self.token = how, token

    def deploy(self, release):
        os.makedirs(release.folder, exist_ok=True)
        if release.version == 2 and self.how == "fails":
            raise RuntimeError(f"no room, said {self.token}")
        with open(f"{release.folder}/told", "a") as out:
            print(json.dumps([release.version, release.artifact and release.digest, release.previous]), file=out)
        if release.version == 2 and self.how == "half":
            raise RuntimeError("lost my way")

    def serving(self, folder):
        if self.how == "silent":
            raise RuntimeError("cannot tell")
        if self.how == "lies":
            return 7
        try:
            return json.loads(open(f"{folder}/told").readlines()[-1])[0]
        except FileNotFoundError:
            return None

@hookimpl
def register_deployers(register):
    register(Odd)
"""


class Room:
    """A workspace with versions 1 (champion), 2 (challenger) and 3 (only named)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.clock = FixedClock(NOW)
        self.store = Artifacts(root)
        self.state = State.open(root)
        self.declare("")
        with self.state.write() as tx:
            models.declare(tx, [models.Declared("shop", "regression")])
            for data in (b"one", b"two"):
                new = NewVersion("shop", "trained", artifact=self.store.put(data), format="skops")
                versions.register(tx, new, NOW)
            versions.register(tx, NewVersion("shop", "named", name="prod"), NOW)
            aliases.set_alias(tx, "shop", "champion", 1, "lifecycle", "first version", NOW)
            aliases.set_alias(tx, "shop", "challenger", 2, "agent", None, NOW)
        Local().deploy(self.release(1))

    def declare(self, rollout: str) -> None:
        (self.root / "lifecycle.toml").write_text(FILE + rollout)

    def release(self, number: int):
        path = self.store.path(self.store.put((b"one", b"two")[number - 1]))
        folder = str(deploying.serving_folder(self.root, "shop"))
        digest = path.parent.name + path.name
        return deploying.Release("shop", number, str(number), digest, "skops", str(path), folder)

    def run(self, version: int = 2, *, cancelled: bool = False, **payload: Any) -> dict[str, Any]:
        """One deploy job in this process; it is left running where it fails, as one whose worker died."""
        workspace = open_workspace(self.root / "lifecycle.toml")
        said = {"version": version, "why": "auc is better", "by": "ana", "kind": "promote", **payload}
        with self.state.write() as tx:
            id_ = jobs.enqueue(tx, "deploy", "shop", said, NOW, by="ana", alone=False)
            if cancelled:
                tx.execute("UPDATE jobs SET cancel = 1 WHERE id = ?", (id_,))
            job = jobs.job(tx, id_)
        assert job is not None
        context = JobContext(self.state, workspace, job.id, self.clock, self.root / "calls.jsonl")
        return deploying.deploy(context, workspace.spec.model("shop"), job)

    def record(self) -> tuple:
        """All that a deployment may move."""
        with self.state.read() as conn:
            row = models.model(conn, "shop")
            assert row is not None
            return (
                {a.alias: a.version for a in aliases.aliases(conn, "shop")}, row.champion,
                len(aliases.moves(conn, "shop", "champion")), [(e.action, e.who) for e in audit.entries(conn)],
            )  # fmt: skip

    def serves(self) -> int | None:
        return Local().serving(str(deploying.serving_folder(self.root, "shop")))

    def told(self) -> list[str]:
        return (deploying.serving_folder(self.root, "shop") / "told").read_text().splitlines()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made")
    Room(root).state.close()
    return root


@pytest.fixture
def room(made: Path, tmp_path: Path):
    shutil.copytree(made, tmp_path / "ws", symlinks=True)
    found = Room.__new__(Room)
    found.root, found.clock, found.store = tmp_path / "ws", FixedClock(NOW), Artifacts(tmp_path / "ws")
    found.state = State.open(found.root)
    yield found
    found.state.close()


BEFORE = ({"champion": 1, "challenger": 2}, 1, 1, [])
AFTER = ({"champion": 2}, 2, 2, [("deploy", "ana")])


def plugin(room: Room, how: str, more: str = "") -> None:
    (room.root / "plugins").mkdir(exist_ok=True)
    (room.root / "plugins" / "odd.py").write_text(ODD)
    room.declare(f'[models.shop.rollout]\ndeployer = {{ use = "odd", how = "{how}"{more} }}\n')


def test_a_version_serves_and_the_record_says_so_at_once(room: Room):
    assert room.record() == BEFORE and room.serves() == 1
    outcome = room.run(champion=1)
    assert outcome == {
        "version": 2, "previous": 1, "kind": "promote", "deployer": "local",
        "text": "version 2 serves in place of version 1",
    }  # fmt: skip
    assert room.record() == AFTER and room.serves() == 2
    with room.state.read() as conn:
        (last, *_) = aliases.moves(conn, "shop", "champion")
        assert (last.previous, last.version, last.by, last.why, last.at) == (1, 2, "ana", "auc is better", NOW)
        (row,) = audit.entries(conn)
        assert (row.subject, row.detail["previous"], row.detail["kind"]) == ("shop/champion", 1, "promote")
        seq = feed.latest(conn)
    again = room.run(champion=1)
    assert again["text"] == "version 2 serves, as it did before"
    with room.state.read() as conn:
        assert room.record() == AFTER and feed.latest(conn) == seq + 1, "the second job's own row, no more"
    assert room.run(1, champion=2, kind="rollback", why="worse")["previous"] == 2
    assert room.serves() == 1


@pytest.mark.parametrize(
    ("version", "payload", "says"),
    [
        (9, {}, "no version 9"),
        (2, {"champion": 3}, "was version 3, it is version 1"),
        (2, {"champion": None}, "was none, it is version 1"),
        (3, {"champion": 1}, "only named by the data"),
    ],
)
def test_what_makes_no_sense_any_more_moves_nothing(room: Room, version: int, payload: dict, says: str):
    with pytest.raises(deploying.DeployError, match=says):
        room.run(version, **payload)
    assert room.record() == BEFORE and room.serves() == 1


@pytest.mark.parametrize("spoil", ["swapped", "missing"])
def test_an_artefact_that_is_not_what_was_stored_is_not_deployed(room: Room, spoil: str):
    path = room.store.path(room.release(2).digest)
    path.unlink()
    if spoil == "swapped":
        path.write_bytes(b"evil")
    with pytest.raises(StateError, match="not what was stored" if spoil == "swapped" else "missing"):
        room.run()
    assert room.record() == BEFORE and room.serves() == 1


def test_a_cancelled_job_deploys_nothing(room: Room):
    with pytest.raises(Cancelled):
        room.run(cancelled=True)
    assert room.record() == BEFORE and room.serves() == 1


def test_killed_between_serving_and_the_record_it_is_finished_by_the_next(room: Room, monkeypatch: pytest.MonkeyPatch):
    class Killed(BaseException):
        pass

    def die(*_: object) -> bool:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(deploying, "_record", die)
        with pytest.raises(Killed):
            room.run(champion=1)
    assert room.record() == BEFORE and room.serves() == 2
    assert room.run(champion=1)["text"] == "version 2 serves in place of version 1"
    assert room.record() == AFTER and room.serves() == 2


def test_a_record_that_cannot_be_written_brings_the_champion_back(room: Room, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise StateError("the disk is full")

    monkeypatch.setattr(audit, "append", full)
    with pytest.raises(StateError, match="full"):
        room.run(champion=1)
    assert room.record() == BEFORE and room.serves() == 1


def test_somebody_who_moves_the_champion_meanwhile_wins(room: Room, monkeypatch: pytest.MonkeyPatch):
    real = Local.deploy

    def slow(self: Local, release: Any) -> None:
        real(self, release)
        with room.state.read() as conn:
            moved = aliases.get_alias(conn, "shop", "champion")
        if moved is not None and moved.version == 1:
            with room.state.write() as tx:
                versions.register(tx, NewVersion("shop", "trained", artifact=room.store.put(b"4"), format="skops"), NOW)
                aliases.set_alias(tx, "shop", "champion", 4, "raj", None, NOW)

    monkeypatch.setattr(Local, "deploy", slow)
    with pytest.raises(deploying.DeployError, match="it is version 4") as caught:
        room.run(champion=1)
    assert caught.value.hint == "version 4 was deployed again and serves"
    assert room.serves() == 4 and room.record()[0]["champion"] == 4


@pytest.mark.parametrize(
    ("how", "says", "hint", "told"),
    [
        ("fails", r"does not serve: .*no room, said \*\*\*", "version 1 still serves", ["[1, "]),
        ("half", "lost my way", "version 1 was deployed again and serves", ["[1, ", "[2, ", "[1, "]),
        ("lies", "it says that version 7 serves", "version 1 was deployed again and serves", ["[1, ", "[2, ", "[1, "]),
    ],
)
def test_a_deployer_that_fails_leaves_what_served(
    room: Room, monkeypatch: pytest.MonkeyPatch, how: str, says: str, hint: str, told: list[str]
):
    monkeypatch.setenv("DEPLOY_TOKEN", "s3cret")
    plugin(room, "well")
    room.run(1, champion=1)
    plugin(room, how, ', token = { env = "DEPLOY_TOKEN" }')
    with pytest.raises(deploying.DeployError, match=says) as caught:
        room.run(champion=1)
    assert caught.value.hint == hint and "s3cret" not in caught.value.message
    assert [line[: len("[1, ")] for line in room.told()] == told
    assert room.record() == BEFORE


def test_a_teams_own_deployer_may_serve_what_is_only_named_and_may_be_unable_to_tell(room: Room):
    plugin(room, "silent")
    assert room.run(3, champion=1)["version"] == 3
    assert room.told() == ["[3, null, 1]"]
    assert room.record()[0] == {"champion": 3, "challenger": 2}
