"""An environment from the file to the agent: its file is watched and accepted, nobody works in another beside it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lifecycle_tui.actions.doing import Doer
from lifecycle_tui.actions.registry import ACTIONS
from lifecycle_tui.agent import accepted, spawn
from lifecycle_tui.agent.accepted import Watched
from lifecycle_tui.builtin.detectors import psi
from lifecycle_tui.domain import environment
from lifecycle_tui.domain.errors import ConfigError, UsageError
from lifecycle_tui.state import folder, lease, processes
from lifecycle_tui.state.database import State
from lifecycle_tui.tui.declared import declared
from lifecycle_tui.tui.reads.policy_file import Files
from lifecycle_tui.tui.source import Source

MAIN = """\
[models.churn]
task = "binary"
[models.churn.data]
table = "c.csv"
reference = { rows = 100 }
window = "500 rows"
[models.churn.columns]
target = "y"
[models.churn.rules.drift]
when = "drift.share > 0.5"
for = 2
[models.churn.training]
"""
PROD = """\
[workspace]
agent = "stay"
[models.churn.rules.drift]
when = "drift.share > 0.2"
"""
NOW = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(environment.VARIABLE, "prod")
    (tmp_path / "lifecycle.toml").write_text(MAIN, encoding="utf-8")
    (tmp_path / "lifecycle.prod.toml").write_text(PROD, encoding="utf-8")
    return tmp_path


def when(watched: Watched) -> str:
    return watched.workspace.spec.models[0].rules[0].when


def save(path: Path, text: str) -> None:
    """Save as an editor does: a new file takes the old one's place."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    os.replace(fresh, path)


def test_the_environments_file_is_watched(root: Path) -> None:
    watched, prod = Watched(root / "lifecycle.toml", plugins=False), root / "lifecycle.prod.toml"
    assert when(watched) == "drift.share > 0.2" and not watched.look()
    save(prod, PROD.replace("0.2", "0.3"))
    assert watched.look() and when(watched) == "drift.share > 0.3" and watched.problem is None
    prod.unlink()
    assert not watched.look() and when(watched) == "drift.share > 0.3"
    assert watched.problem is not None and "lifecycle.prod.toml" in watched.problem.message
    save(prod, PROD.replace("0.2", "0.4"))
    assert watched.look() and when(watched) == "drift.share > 0.4" and watched.problem is None
    save(prod, "[broken")
    assert not watched.look() and watched.problem is not None and when(watched) == "drift.share > 0.4"


def test_what_was_accepted_is_the_environments(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = root / "lifecycle.toml"
    folder.make(root)
    assert accepted.accept(Watched(file, plugins=False).workspace)
    assert {path.name for path in folder.accepted(root)} == {"lifecycle.toml", "lifecycle.prod.toml"}
    (root / "lifecycle.prod.toml").unlink()
    worker = Watched(file, plugins=False, fall_back=True)
    assert when(worker) == "drift.share > 0.2" and worker.workspace.spec.environment == "prod"
    assert worker.problem is not None
    # What was accepted in one environment is nothing to fall back on in another.
    monkeypatch.setenv(environment.VARIABLE, "staging")
    with pytest.raises(ConfigError, match=r"lifecycle\.staging\.toml"):
        Watched(file, plugins=False, fall_back=True)
    monkeypatch.delenv(environment.VARIABLE)
    file.write_text("[broken", encoding="utf-8")
    with pytest.raises(ConfigError):
        Watched(file, plugins=False, fall_back=True)


def test_work_is_not_asked_for_beside_an_agent_of_another_environment(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    retrain, rollback = ACTIONS["retrain"], ACTIONS["rollback"]
    with State.open(root) as state:
        assert accepted.accept(Watched(root / "lifecycle.toml", plugins=False).workspace)
        with state.write() as tx:
            number = lease.take(tx, processes.this(), "stay", NOW)
        with state.read() as conn:
            assert lease.read(conn).environment == "prod" and lease.elsewhere(conn) is None
        with contextlib.closing(Source(root)) as source:
            asyncio.run(source.look())
            assert source.note() == "" and source.name == f"{root.name} · prod"
        with Doer(root) as doer:
            assert doer.workspace(retrain).spec.environment == "prod" and doer.problem is None
        monkeypatch.delenv(environment.VARIABLE)
        with state.read() as conn:
            says = "the agent works in the environment prod, and this is no environment"
            assert lease.elsewhere(conn) == says
        with contextlib.closing(Source(root)) as source:
            asyncio.run(source.look())
            assert source.note() == f"{says}: what is done from here is refused"
            assert source.name == root.name
        with Doer(root) as doer, pytest.raises(UsageError, match="works in the environment prod"):
            doer.workspace(retrain)
        with Doer(root) as doer:  # what cannot wait is planned by what the agent goes by
            assert doer.workspace(rollback).spec.environment == "prod" and doer.problem == says
        with state.write() as tx:
            lease.release(tx, number)
        with state.read() as conn:  # it is kept which environment judged last
            assert lease.elsewhere(conn) is None and lease.read(conn).environment == "prod"
        with state.write() as tx:
            lease.take(tx, processes.this(), "stay", NOW)
        with state.read() as conn:
            assert lease.read(conn).environment is None


def test_the_terminal_reads_what_the_environment_says(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rule() -> tuple[str, int]:
        (found,) = declared(root, "churn").rules
        return found.when, found.windows

    assert rule() == ("drift.share > 0.2", 2)
    save(root / "lifecycle.prod.toml", PROD.replace("0.2", "0.3"))
    assert rule() == ("drift.share > 0.3", 2)
    folder.make(root)
    assert accepted.accept(Watched(root / "lifecycle.toml", plugins=False).workspace)
    (root / "lifecycle.prod.toml").unlink()
    assert rule() == ("drift.share > 0.3", 2)  # as last accepted
    monkeypatch.setenv(environment.VARIABLE, "../x")
    declared(root, "other")
    assert rule() == ("drift.share > 0.3", 2)


def test_the_policy_pane_shows_the_environments_lines(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = '[models.churn.rules.only-prod]\nwhen = "rows < 10"\n[defaults.rules.late]\nwhen = "data.late > 1h"\n'
    save(root / "lifecycle.prod.toml", PROD + extra)
    files = Files(root, "churn")
    found = files.read()
    assert found.problem == "" and {rule.name: (rule.when, rule.windows, rule.place) for rule in found.rules} == {
        "late": ("data.late > 1h", 1, "lifecycle.prod.toml:7"),
        "drift": ("drift.share > 0.2", 2, "lifecycle.toml:9"),
        "only-prod": ("rows < 10", 1, "lifecycle.prod.toml:5"),
    }
    assert [(w.file, w.lines[0][0]) for w in found.written if "environment" in w.why] == [
        ("lifecycle.prod.toml", 7), ("lifecycle.prod.toml", 3),
    ]  # fmt: skip
    save(root / "lifecycle.prod.toml", PROD.replace("0.2", "0.3"))
    assert files.moved() and files.read().rules[0].when == "drift.share > 0.3"
    (root / "lifecycle.prod.toml").unlink()
    assert files.moved() and "lifecycle.prod.toml cannot be read" in files.read().problem
    monkeypatch.setenv(environment.VARIABLE, "../x")
    assert "no name for an environment" in files.read().problem


def test_editors_are_told_of_plugins_as_they_come(root: Path) -> None:
    from lifecycle_tui.agent.editors import refresh_schemas

    folder.make(root)
    watched = Watched(root / "lifecycle.toml")
    refresh_schemas(watched.workspace)
    schema = folder.folder(root) / "schema.json"
    assert '"psi"' in schema.read_text() and '"tailed"' not in schema.read_text()
    (root / "plugins").mkdir()
    text = Path(psi.__file__).read_text(encoding="utf-8").replace('name = "psi"', 'name = "tailed"')
    (root / "plugins" / "tailed.py").write_text(text, encoding="utf-8")
    assert watched.look()
    refresh_schemas(watched.workspace)
    assert '"tailed"' in schema.read_text()


def test_whether_an_agent_is_started_is_the_environments_word(root: Path) -> None:
    State.open(root).close()
    file = root / "lifecycle.prod.toml"
    for prod, env, mode in (
        (PROD, "prod", "stay"), (PROD, "", "auto"), ('[workspace]\nagent = "off"', "prod", None), (None, "prod", None),
        ("[broken", "prod", None), (PROD, "../x", None),
    ):  # fmt: skip
        file.unlink(missing_ok=True)
        if prod is not None:
            file.write_text(prod, encoding="utf-8")
        assert spawn.wanted(root, {environment.VARIABLE: env}) == mode, (prod, env)
