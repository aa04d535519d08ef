"""`status`, `history` and `ack`: from state alone, in three formats, with the exit codes of DESIGN §9."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from lifecycle_tui.cli import main
from lifecycle_tui.domain.results import Alert, WindowResult
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.windows import Window
from lifecycle_tui.state import alerts, audit, jobs, lease, models, pauses, processes, record
from lifecycle_tui.state.database import State

NOW = datetime(2026, 4, 1, 6, tzinfo=UTC)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "lifecycle.toml").write_text("", encoding="utf-8")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    return tmp_path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process: (exit code, stdout, stderr)."""

    def call(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lifecycle", *args])
        capsys.readouterr()
        code = main.main()
        found = capsys.readouterr()
        return code, found.out, found.err

    return call


def facts(name: str, health: str = "ok", message: str | None = None) -> models.ModelFacts:
    return models.ModelFacts(
        name, health, NOW, message, "2026-03", datetime(2026, 3, 1, tzinfo=UTC), NOW, 1500, 1400, 0.25, 1, 4, 0.3141,
        "income", (0.0, 0.25), "mae", 41_250.7, 40_000.0, 42_000.0, (1.0, 2.0),
    )  # type: ignore[arg-type]  # fmt: skip


@pytest.fixture
def fleet(root: Path) -> Path:
    with State.open(root) as state, state.write() as tx:
        models.declare(tx, [models.Declared("bikes", "regression", "ops", ("city",)), models.Declared("new")])
        models.put_model(tx, facts("churn[prod]", "ok"))
        window = Window("2026-03", 0, None, None, 1500)
        record.record(tx, [WindowResult("bikes", window, "", (Signal("rows", 1500.0),), NOW, 1400)])
        models.put_model(tx, facts("bikes", "critical", "mae-high: mae.lower 40,000 > 35,000"))
        found = Alert("bikes", "mae-high", "critical", "open", "2026-02", NOW, "mae.lower 40,000 > 35,000")
        alerts.store(tx, opened=[found], now=NOW)
    return root


def test_status_table(fleet: Path, run: Run) -> None:
    code, out, err = run("status")
    assert code == 1, "an alert is open"
    lines = [line.split() for line in out.splitlines()]
    assert lines[0] == ["health", "model", "champion", "window", "drift", "max", "metric", "alerts", "why"]
    assert lines[1][:10] == ["critical", "bikes", "-", "2026-03", "1/4", "0.314", "mae", "41,251", "1", "critical"]
    assert [line[1] for line in lines[1:4]] == ["bikes", "new", "churn[prod]"], "worst first"
    assert lines[2][-2:] == ["never", "checked"]
    assert lines[6][:6] == ["1", "bikes", "mae-high", "critical", "2026-02", "open"]
    assert "3 models: 1 critical · 1 unknown · 1 ok" in err
    assert "lifecycle ack ALERT" in err


def test_status_json(fleet: Path, run: Run) -> None:
    code, out, _ = run("status", "--format", "json")
    assert code == 1
    found = json.loads(out)["models"]
    assert list(found) == ["bikes", "new", "churn[prod]"]
    bikes = found["bikes"]
    assert bikes["health"] == "critical"
    assert bikes["window"] == {
        "key": "2026-03", "start": "2026-03-01T00:00:00Z", "end": "2026-04-01T06:00:00Z", "rows": 1500, "labels": 1400,
    }  # fmt: skip
    assert bikes["drift"] == {"share": 0.25, "count": 1, "columns": 4, "max": 0.3141, "column": "income"}
    assert bikes["metric"] == {"name": "mae", "value": 41_250.7, "lower": 40_000.0, "upper": 42_000.0}
    assert bikes["tags"] == ["city"] and bikes["owner"] == "ops"
    (alert,) = bikes["alerts"]
    assert (alert["id"], alert["rule"], alert["severity"], alert["state"]) == (1, "mae-high", "critical", "open")
    assert found["new"]["window"] is None and found["new"]["metric"] is None and found["new"]["alerts"] == []


def test_status_says_what_is_paused_by_whom_and_until_when(fleet: Path, run: Run) -> None:
    with State.open(fleet) as state, state.write() as tx:
        name, other = (row.name for row in models.fleet(tx)[:2])
        pauses.pause(tx, name, datetime(2999, 1, 2, tzinfo=UTC), "ana", "the schema moves", NOW)
        pauses.pause(tx, other, NOW, "ana", "it is over", NOW)
    _, out, _ = run("status")
    assert out.count("paused by") == 1 and "paused by ana until 2999-01-02 00:00 UTC: the schema moves" in out
    found = json.loads(run("status", "--format", "json")[1])["models"]
    assert found[name]["paused"] == {
        "since": "2026-04-01T06:00:00Z", "until": "2999-01-02T00:00:00Z", "by": "ana", "why": "the schema moves",
    }  # fmt: skip
    assert found[other]["paused"] is None


def test_status_csv(fleet: Path, run: Run) -> None:
    code, out, _ = run("status", "--format", "csv")
    assert code == 1
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["model"] for row in rows] == ["bikes", "new", "churn[prod]"]
    assert rows[0]["drift_max"] == "0.3141" and rows[0]["alerts"] == "1" and rows[1]["window"] == ""


def test_status_is_zero_when_no_alert_is_open(root: Path, run: Run) -> None:
    with State.open(root) as state, state.write() as tx:
        models.put_model(tx, facts("bikes", "warning", "drift without a rule"))
    code, out, _ = run("status")
    assert code == 0
    assert "drift without a rule" in out


@pytest.mark.parametrize(
    ("fmt", "out"), [("table", ""), ("json", '{\n  "environment": null,\n  "models": {}\n}\n'), ("csv", None)]
)
def test_status_says_that_nothing_was_checked(root: Path, run: Run, fmt: str, out: str | None) -> None:
    code, found, err = run("status", "--format", fmt)
    assert code == 0
    assert "nothing was checked yet: run `lifecycle check`" in err
    assert found == out or (fmt == "csv" and found.startswith("model,health,"))
    assert not (root / ".lifecycle").exists(), "looking makes nothing"


def test_status_of_declared_models_that_were_never_checked(root: Path, run: Run) -> None:
    with State.open(root) as state, state.write() as tx:
        models.declare(tx, [models.Declared("bikes")])
    code, out, err = run("status")
    assert code == 0
    assert "bikes" in out and "never checked" in out and "nothing was checked yet" in err


@pytest.mark.parametrize("command", [["status"], ["history"], ["ack", "1"]])
def test_without_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run, command: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*command)
    assert (code, out) == (2, "")
    assert "lifecycle init" in err


@pytest.mark.parametrize("command", [["status"], ["history"]])
def test_a_state_that_is_no_database_is_an_error_in_words(root: Path, run: Run, command: list[str]) -> None:
    (root / ".lifecycle").mkdir()
    (root / ".lifecycle" / "state.db").write_text("this is no database, " * 100)
    code, _, err = run(*command)
    assert code == 3
    assert "state.db" in err and "Traceback" not in err


def test_hostile_text_is_made_visible(root: Path, run: Run) -> None:
    with State.open(root) as state, state.write() as tx:
        models.put_model(tx, facts("\x1b[31mred", "ok", "a\nb"))
    _, out, _ = run("status")
    assert "\x1b" not in out and "\\x1b[31mred" in out and "a\\x0ab" in out
    _, out, _ = run("status", "--format", "json")
    assert "\x1b" not in out and list(json.loads(out)["models"]) == ["\x1b[31mred"]


def test_history(fleet: Path, run: Run) -> None:
    code, out, _ = run("history")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == ["at", "model", "kind", "what", "subject", "text", "by"]
    assert any("opened" in line and "mae-high" in line for line in lines)
    assert any("evaluated" in line and "1,500 rows, 1,400 labels" in line for line in lines)
    _, out, _ = run("history", "bikes", "--kind", "alert", "--format", "json")
    (entry,) = json.loads(out)
    assert (entry["at"], entry["model"], entry["kind"], entry["what"]) == (
        "2026-04-01T06:00:00Z", "bikes", "alert", "opened",
    )  # fmt: skip
    _, out, _ = run("history", "--limit", "1", "--format", "csv")
    assert len(out.splitlines()) == 2


def test_history_of_an_unknown_model_and_of_nothing(fleet: Path, run: Run) -> None:
    code, _, err = run("history", "bike")
    assert code == 2 and 'did you mean "bikes"?' in err
    code, out, err = run("history", "new")
    assert (code, out) == (0, "") and "nothing happened yet" in err


def test_ack_writes_the_alert_and_the_audit(fleet: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "raj")
    monkeypatch.setenv("SUDO_USER", "ana")
    code, out, _ = run("ack", "1", "--note", "backfill is running")
    assert code == 0 and "acknowledged alert 1: bikes mae-high" in out
    with State.view(fleet) as state, state.read() as conn:
        found = alerts.alert(conn, 1)
        assert found is not None
        assert (found.alert.state, found.alert.acknowledged_by, found.note) == (
            "acknowledged", "ana", "backfill is running",
        )  # fmt: skip
        (row,) = audit.entries(conn)
        assert (row.who, row.behind, row.action, row.subject, row.model) == (
            "ana", "raj", "acknowledge", "alert 1", "bikes",
        )  # fmt: skip
        assert row.detail["note"] == "backfill is running"
        assert audit.verify(conn).ok
    code, out, _ = run("ack", "1")
    assert code == 0 and "acknowledged already by ana" in out
    with State.view(fleet) as state, state.read() as conn:
        assert len(audit.entries(conn)) == 1, "nothing is written twice"
    assert run("status")[0] == 1, "its rule is still firing"


def test_ack_dry_run_changes_nothing(fleet: Path, run: Run) -> None:
    code, out, _ = run("ack", "1", "--dry-run", "--note", "x")
    assert code == 0 and "would acknowledge alert 1" in out and "note: x" in out
    with State.view(fleet) as state, state.read() as conn:
        found = alerts.alert(conn, 1)
        assert found is not None and found.alert.state == "open"
        assert audit.entries(conn) == ()


def test_ack_of_what_cannot_be_acknowledged(fleet: Path, run: Run) -> None:
    code, _, err = run("ack", "99")
    assert code == 2 and "there is no alert 99" in err
    with State.open(fleet) as state, state.write() as tx:
        found = alerts.alert(tx, 1)
        assert found is not None
        alerts.store(tx, resolved=[found.alert], now=NOW)
    code, _, err = run("ack", "1")
    assert code == 2 and "alert 1 resolved at 2026-04-01 06:00 UTC" in err
    assert run("ack", "no-number")[0] == 2


@pytest.mark.parametrize("name", ["status", "history", "ack"])
def test_helps_agree_and_have_an_example(name: str, run: Run) -> None:
    from importlib import import_module

    module, attribute = main.COMMANDS[name][0].split(":")
    command = getattr(import_module(module), attribute)
    assert command.help.splitlines()[0] == main.COMMANDS[name][1]
    code, out, _ = run(name, "--help")
    assert code == 0 and "Example" in out and f"lifecycle {name}" in out


def _cpu(command: list[str], cwd: Path) -> float:
    # Compiled files are part of an installation; the test's own environment may forbid to write them.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=cwd, env=env, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_status_says_what_the_agent_has_to_say(fleet: Path, run: Run) -> None:
    with State.open(fleet) as state, state.write() as tx:
        number = lease.take(tx, processes.this(), "stay", NOW)
        lease.put_note(tx, number, "the agent goes on with the file as it was before\x1b[2J")
    _, out, err = run("status")
    assert "goes on with the file as it was before" in err and "goes on" not in out and "\x1b" not in err


def test_history_says_how_long_a_job_on_a_simulated_clock_really_took(fleet: Path, run: Run) -> None:
    then = {"as_of": "2012-03-01T00:00:00+00:00"}
    with State.open(fleet) as state, state.write() as tx:
        for payload, outcome in ((then, {"seconds": 7.25}), ({}, {})):
            id_ = jobs.enqueue(tx, "retrain", None, payload, NOW)
            jobs.claim(tx, processes.this(), NOW)
            at = jobs.clock_of(jobs.job(tx, id_)).now() if payload else NOW + timedelta(seconds=3)
            jobs.finish(tx, id_, "done", at, outcome=outcome)
    _, out, _ = run("history", "--kind", "job", "--format", "json")
    told = {(row["at"], row["text"]) for row in json.loads(out)}
    assert told == {("2012-03-01T00:00:00Z", "after 7.2 s"), ("2026-04-01T06:00:03Z", "after 3.0 s")}
