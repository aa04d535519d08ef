"""The policy is edited as an action: checked, refused when it would be wrong, recorded; with state and without."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
from actions_room import FILE, Room
from click.testing import CliRunner, Result

from lifecycle_tui.actions import configure
from lifecycle_tui.actions.base import Moved
from lifecycle_tui.cli.main import group as cli
from lifecycle_tui.config import saving
from lifecycle_tui.config.saving import SaveError
from lifecycle_tui.domain.errors import ConfigError, LifecycleError, UsageError
from lifecycle_tui.state import audit, folder

RULE = '\n[models.shop.rules.bad]  # mine\nwhen = "mae > 3"  # why\n'
KEY = "models.shop.rules.bad.when"


@pytest.fixture
def here(room: Room, monkeypatch: pytest.MonkeyPatch) -> Room:
    room.declare(RULE)
    monkeypatch.chdir(room.root)
    monkeypatch.setenv("LOGNAME", "ana")
    monkeypatch.delenv("SUDO_USER", raising=False)
    return room


def text(room: Room) -> str:
    return (room.root / "lifecycle.toml").read_text()


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["config", *words])


def failed(*words: str) -> LifecycleError:
    error = run(*words).exception
    assert isinstance(error, LifecycleError)
    return error


@contextmanager
def rows(room: Room) -> Iterator[list[audit.AuditRow]]:
    found: list[audit.AuditRow] = []
    before = room.audit()
    yield found
    with room.state.read() as conn:
        found += audit.entries(conn)[: len(room.audit()) - len(before)]


def test_a_key_is_set_recorded_and_set_back_by_the_command_that_it_names(here: Room) -> None:
    began = text(here)
    with rows(here) as found:
        done = run("set", KEY, "mae > 4", "--note", "too many pages")
    assert done.exit_code == 0, done.output
    assert text(here) == began.replace("mae > 3", "mae > 4")
    assert '-when = "mae > 3"  # why\n+when = "mae > 4"  # why\n' in done.output
    assert f'{KEY} is "mae > 4", in lifecycle.toml' in done.output
    (row,) = found
    assert (row.who, row.action, row.subject, row.model) == ("ana", "configure", KEY, "shop")
    digests = {"before": sha256(began.encode()).hexdigest(), "after": sha256(text(here).encode()).hexdigest()}
    assert row.detail == digests | {
        "key": KEY, "old": '"mae > 3"', "new": '"mae > 4"', "note": "too many pages",
        "file": str(here.root / "lifecycle.toml"),
    }  # fmt: skip
    told = CliRunner().invoke(cli, ["history"]).output
    assert f"configure {KEY}" in " ".join(told.split()) and '"mae > 3" → "mae > 4"' in told
    assert f"the way back: lifecycle config set {KEY} '\"mae > 3\"'" in done.output
    assert run("set", KEY, '"mae > 3"').exit_code == 0 and text(here) == began
    same = run("set", KEY, "mae > 3")
    assert (same.exit_code, same.stdout) == (0, f'{KEY} is "mae > 3" already, in lifecycle.toml\n')
    assert len(here.audit()) == 2


def test_a_table_is_taken_out_and_comes_back(here: Room) -> None:
    began = text(here)
    done = run("unset", "models.shop.rules.bad")
    assert done.exit_code == 0 and text(here) == began.removesuffix(RULE)
    back = done.output.split("the way back: lifecycle config ")[1].strip()
    assert back == "set models.shop.rules.bad '{ when = \"mae > 3\" }'"
    assert run("set", "models.shop.rules.bad", '{ when = "mae > 3" }').exit_code == 0
    assert text(here).endswith('\n[models.shop.rules.bad]\nwhen = "mae > 3"\n')


def test_what_would_be_wrong_is_not_saved_and_said_with_its_lines(here: Room, capsys: pytest.CaptureFixture) -> None:
    from lifecycle_tui import output

    began = text(here)
    error = failed("set", KEY, "mea > 3")
    assert isinstance(error, ConfigError) and error.exit_code == 2 and "would have 1 error" in error.message
    output.error(error)
    assert '  | when = "mea > 3"  # why\n  |         ^^^\n' in capsys.readouterr().err
    assert failed("set", KEY + "s", "1").hint == 'did you mean "when"?'
    assert failed("unset", "models.shop.data.windw").hint == 'did you mean "window"?'
    assert "takes a whole number" in failed("set", "models.shop.rules.bad.for", "two").message
    assert "must be at least 1; it is -1" in failed("set", "models.shop.rules.bad.for", "-1").problems[0].message  # type: ignore[attr-defined]
    assert failed("set", "not a key!", "1").exit_code == 2
    assert text(here) == began and here.audit() == []
    told = json.loads(run("set", KEY, "mea > 3", "--format", "json").stdout)
    assert told["refused"]["hint"] == "nothing was saved" and told["done"] is None


def test_a_file_that_is_wrong_already_may_be_mended_step_by_step(here: Room) -> None:
    path = here.root / "lifecycle.toml"
    path.write_text(text(here) + 'for = "x"\nseverity = "huge"\n')
    assert "would have 3 errors" in failed("set", KEY, "mea > 3").message
    assert "would have 2 errors" in failed("set", "models.shop.owner", "ana").message
    first = run("set", "models.shop.rules.bad.for", "2")
    assert first.exit_code == 0 and "warning: must be" in first.output
    assert run("unset", "models.shop.rules.bad.severity").exit_code == 0
    assert text(here).endswith("for = 2\n")


def test_a_plan_whose_file_has_moved_is_not_applied(here: Room) -> None:
    plan = here.plan("config set", key=KEY, value="mae > 4")
    path = here.root / "lifecycle.toml"
    path.write_text(began := text(here) + "# theirs\n")
    with pytest.raises(Moved, match=r"it has moved since: lifecycle\.toml"):
        here.apply(plan)
    path.unlink()
    with pytest.raises(Moved, match=r"lifecycle\.toml cannot be read: No such file"):
        here.apply(plan)
    path.write_text(began)
    assert here.audit() == []


def test_what_cannot_be_written_is_not_recorded(here: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    began = text(here)
    monkeypatch.setattr(saving, "locked", lambda file: "lifecycle.toml may not be written by this user")
    assert run("set", KEY, "mae > 4", "--dry-run").exit_code == 0, "who may only read may look"
    error = failed("set", KEY, "mae > 4")
    assert isinstance(error, SaveError) and error.exit_code == 3
    assert (error.message, error.hint) == (
        "lifecycle.toml may not be written by this user", "act as the owner of the file",
    )  # fmt: skip
    assert here.audit() == [] and text(here) == began
    monkeypatch.undo()
    monkeypatch.chdir(here.root)
    real = os.access
    database = folder.database(here.root)
    monkeypatch.setattr(os, "access", lambda path, *a, **k: Path(path) != database and real(path, *a, **k))
    assert "state.db may not be written by this user" in failed("set", KEY, "mae > 4").message
    assert text(here) == began


def test_without_state_it_is_saved_and_says_that_it_is_not_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lifecycle.toml"
    path.write_text(FILE.replace("PICKLE", "") + RULE)
    monkeypatch.chdir(tmp_path)
    dry = run("set", KEY, "mae > 4", "--dry-run")
    assert dry.exit_code == 0 and configure.UNRECORDED in dry.output and "one row" not in dry.output
    assert "mae > 3" in path.read_text()
    done = run("set", KEY, "mae > 4")
    assert done.exit_code == 0 and done.stdout.endswith(f"; {configure.UNRECORDED}\n")
    assert "mae > 4" in path.read_text() and not folder.database(tmp_path).exists()
    assert "would have 1 error" in failed("set", KEY, "mea > 4").message
    assert run("set", KEY, "mae > 4").exit_code == 0
    assert run("unset", KEY.removesuffix(".when"), "--file", str(path)).exit_code == 0
    assert "rules" not in path.read_text()
    error = failed("diff")
    assert isinstance(error, UsageError) and "no agent has accepted this file yet" in error.message


def test_a_model_of_its_own_file_is_edited_there_from_anywhere(here: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    (here.root / "models").mkdir()
    loan = here.root / "models" / "loan.toml"
    loan.write_text(FILE.split("[models.shop]\n")[1].replace("models.shop.", ""))
    main = here.root / "lifecycle.toml"
    main.write_text('include = ["models/*.toml"]\n' + text(here))
    monkeypatch.chdir(here.root / "models")
    with rows(here) as found:
        assert run("set", "models.loan.owner", "raj").exit_code == 0
        assert run("set", "models.loan.tags", '["a"]', "--file", "loan.toml").exit_code == 0
    assert loan.read_text().startswith('task = "regression"\nowner = "raj"\ntags = ["a"]\n[data]\n')
    assert [row.detail["file"] for row in found] == [str(loan)] * 2 and found[0].model == "loan"
    assert failed("set", "models.shop.owner", "raj", "--file", "loan.toml").message.startswith("loan.toml holds")


def test_whole_texts_from_an_editor(here: Room) -> None:
    path = here.root / "lifecycle.toml"
    before = path.read_bytes()
    after = before.replace(b"mae > 3", b"mae > 4").replace(b"# mine", b"# ours") + b"for = 2\n"
    with rows(here) as found:
        assert configure.edit_files(here.root, {path: before}, {path: after}, note="calmer") == "saved lifecycle.toml"
    assert path.read_bytes() == after
    (row,) = found
    assert (row.action, row.subject, row.model, row.detail["note"]) == ("configure", "lifecycle.toml", "shop", "calmer")
    assert row.detail["changes"] == [
        {"key": KEY, "old": '"mae > 3"', "new": '"mae > 4"'},
        {"key": "models.shop.rules.bad.for", "old": None, "new": "2"},
    ]
    with pytest.raises(Moved, match="has changed since the edit was made from it"):
        configure.edit_files(here.root, {path: before}, {path: after + b"# late\n"})
    with pytest.raises(ConfigError, match="would have 1 error"):
        configure.edit_files(here.root, {path: after}, {path: after + b'severity = "x"\n'})
    with pytest.raises(ConfigError, match="would have 1 error"):
        configure.edit_files(here.root, {path: after}, {path: after + b"[\n"})
    new = here.root / "new.toml"
    with pytest.raises(UsageError, match=r"there is no new\.toml"):
        configure.edit_files(here.root, {new: None}, {new: b""})
    assert configure.edit_files(here.root, {path: after}, {path: after}) == "nothing has changed"
    assert path.read_bytes() == after and len(here.audit()) == 1


def test_secrets_are_not_kept_in_the_audit_log(here: Room) -> None:
    path = here.root / "lifecycle.toml"
    path.write_text(text(here) + '[notifiers.pager]\nuse = "webhook"\nurl = "https://a.example/T0/s3cr3t"\n')
    with rows(here) as found:
        assert run("set", "notifiers.pager.url", "https://a.example/T1/s3cr3t").exit_code == 0
        assert run("unset", "notifiers.pager").exit_code == 0
        before = path.read_bytes()
        after = before + b'[notifiers.pager]\nuse = "webhook"\nurl = "https://a.example/T2/s3cr3t"\n'
        configure.edit_files(here.root, {path: before}, {path: after})
    assert [row.action for row in found] == ["configure"] * 3
    kept = json.dumps([dict(row.detail) for row in found])
    assert "s3cr3t" not in kept and "https://a.example/***" in kept


def test_diff_tells_what_the_agent_does_not_know_yet(here: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    path = here.root / "lifecycle.toml"
    accepted = {str(path): text(here)}
    (folder.folder(here.root) / folder.ACCEPTED).write_text(json.dumps(accepted))
    path.write_text("# other comments, another spelling\n" + text(here).replace('"mae > 3"', "'mae > 3'"))
    assert run("diff").stdout == "no difference\n"
    assert json.loads(run("diff", "--format", "json").stdout) == []
    assert "+# other comments" in run("diff", "--text").stdout
    path.write_text(text(here).replace("mae > 3", "mae > 4").replace('target = "y"', 'target = "z"\nignore = []'))
    found = json.loads(run("diff", "--format", "json").stdout)
    assert found == [
        {"key": "models.shop.columns.target", "was": '"y"', "is": '"z"'},
        {"key": "models.shop.columns.ignore", "was": None, "is": "[]"},
        {"key": KEY, "was": '"mae > 3"', "is": '"mae > 4"'},
    ]
    assert run("diff", "--format", "csv").stdout.splitlines()[:2] == [
        "key,was,is", 'models.shop.columns.target,"""y""","""z"""',
    ]  # fmt: skip
    # An environment's file counts, here as there; another file is compared as it would be.
    (here.root / "lifecycle.prod.toml").write_text("[models.shop.rules.bad]\nwhen = 'mae > 9'\n")
    monkeypatch.setenv("LIFECYCLE_ENV", "prod")
    assert {row["key"]: row["is"] for row in json.loads(run("diff", "--format", "json").stdout)}[KEY] == '"mae > 9"'
    monkeypatch.delenv("LIFECYCLE_ENV")
    (here.root / "other.toml").write_text(text(here).replace("100 rows", "200 rows"))
    rows = json.loads(run("diff", "other.toml", "--format", "json").stdout)
    assert rows == [{"key": "models.shop.data.window", "was": '"200 rows"', "is": '"100 rows"'}]
    assert "--- other.toml\n+++ lifecycle.toml\n" in run("diff", "other.toml", "--text").stdout
    path.write_text("[")
    assert failed("diff").message.startswith("lifecycle.toml is no TOML: line 1, column")


def test_an_audit_log_that_takes_no_row_leaves_the_file_as_it_was(here: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    began = text(here)

    def refuse(*_: object, **__: object) -> int:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(audit, "append", refuse)
    assert "disk is full" in failed("set", KEY, "mae > 4").message
    assert text(here) == began
