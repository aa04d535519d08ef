"""`lifecycle check` as a hostile user meets it: bad files, odd values, wrong words, pipes, Ctrl-C."""

from __future__ import annotations

import contextlib
import getpass
import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from lifecycle_tui import output
from lifecycle_tui.agent.workers import supervisor
from lifecycle_tui.state import jobs, processes
from lifecycle_tui.state.database import State
from tests.cli import cli_spaces
from tests.cli.conftest import Here, Ran

Broad = tuple[Path, Ran]
DOCS = Path(__file__).parents[2] / "docs"

# --- one bad model beside good ones ------------------------------------------------------------------------------


def part(text: str, model: str) -> str:
    """What the text says of one model."""
    found = re.search(rf"^\S+ (?:ok|warning|critical|unknown|error)  {model}  .*?(?=\n\n\S|\Z)", text, re.M | re.S)
    assert found, f"nothing about {model} in:\n{text}"
    return found.group()


def test_good_models_are_complete_beside_broken_ones(broad: Broad) -> None:
    _, done = broad
    assert done.code == 3
    moving = part(done.out, "moving")
    assert "critical  moving" in moving and "alert" in moving and "drift.max" in moving
    assert "2 windows: 2 new" in moving and "\n    x: values are" in moving and "mae: " in moving
    assert "reading of 2025-05: " in moving and "what to do: " in moving and "over all tests" not in moving
    assert "ok  steady" in part(done.out, "steady")
    last = done.out.rstrip().splitlines()[-3]
    assert last == (
        "12 models checked: 1 rule firing, 4 models could not be evaluated, 1 model with a problem in what is declared"
    )
    assert done.out.index("emptyfile") < done.out.index("  moving") < done.out.index("  steady"), "worst first"


@pytest.mark.parametrize(
    ("model", "health", "says"),
    [
        ("nofile", "error", r"nofile\.csv does not exist"),
        ("emptyfile", "error", r"emptyfile\.csv is empty"),
        ("headeronly", "error", "no row lies in its reference"),
        ("noreference", "error", "no row lies in its reference"),
        ("nowindows", "unknown", "no window yet"),
        ("notarget", "error", r"problem lifecycle\.toml:\d+:\d+: models\.notarget\.columns\.target: .*'y'"),
        ("nulls", "ok", r"\n    stops: "),
        ("onerow", "ok", "6 windows: 6 new"),
        ("infinite", "ok", "infinite values in x"),
        ("hostile", "ok", r"2 of \d columns"),
    ],
)
def test_each_is_said_in_words(broad: Broad, model: str, health: str, says: str) -> None:
    found = part(broad[1].out, model)
    assert f" {health}  {model}" in found.splitlines()[0]
    assert re.search(says, found), found


def test_nothing_from_the_data_reaches_the_terminal_raw(broad: Broad) -> None:
    _, done = broad
    assert "\\x1b[31m[bold]" in done.out, "it is shown, made visible"
    for text in (done.out, done.err):
        assert [c for c in text if not c.isprintable() and c != "\n"] == []
    assert max(map(len, done.out.splitlines())) <= 200, "a name of 10,000 characters does not flood the screen"


def test_workers_had_nothing_to_complain_of(broad: Broad) -> None:
    log = (broad[0] / ".lifecycle" / "worker.log").read_text()
    assert "Traceback" not in log and "Error" not in log


def test_a_hostile_partition_name_is_made_visible(tmp_path: Path, here: Here) -> None:
    table = cli_spaces.rows(days=60)
    for n, name in enumerate(("2025-01", "2025-02", "z\x1b[2J")):
        cli_spaces.save(tmp_path / "data" / "parts" / f"m={name}" / "a.csv", table[n * 80 : (n + 1) * 80])
    text = cli_spaces.model("parts", until="2025-01-20", window="partition")
    text = text.replace('table = "data/parts.csv"', 'table = { path = "data/parts", partition = "m" }')
    (tmp_path / "lifecycle.toml").write_text(
        text.replace("reference = { until = 2025-01-20 }", 'reference = { partitions = "2025-01" }')
    )
    done = here(tmp_path, "check")
    assert done.code == 0 and "\x1b" not in done.out + done.err
    assert "drift in z\\x1b[2J" in done.out and "\n  z\\x1b[2J " in done.out


# --- exit codes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("models", "code"),
    [
        (["steady"], 0),
        (["steady", "hostile", "nulls", "onerow", "infinite", "nowindows"], 0),
        (["moving"], 1),
        (["moving", "steady"], 1),
        (["notarget"], 2),
        (["notarget", "moving"], 2),
        (["nofile"], 3),
        (["nofile", "moving", "notarget"], 3),
    ],
)
def test_exit_codes(broad: Broad, here: Here, models: list[str], code: int) -> None:
    done = here(broad[0] / "below", "check", *models)
    assert done.code == code
    assert done.err == ""
    assert f"{len(models)} model" in done.out


def test_a_rerun_does_nothing_and_says_so(broad: Broad, here: Here) -> None:
    done = here(broad[0], "check", "moving", "steady")
    assert done.out.count("2 windows: nothing new") == 2
    assert "still in" not in done.out, "the alert went on into no further window"


def test_how_many_windows_are_shown(broad: Broad, here: Here) -> None:
    done = here(broad[0], "check", "onerow", "--windows", "2")
    shown = re.findall(r"^  2025-04-0\d ", done.out, re.M)
    assert shown == ["  2025-04-05 ", "  2025-04-06 "]
    assert "4 earlier windows" in done.out


# --- JSON and JUnit ----------------------------------------------------------------------------------------------


def test_json_has_the_documented_shape(broad: Broad, here: Here) -> None:
    done = here(broad[0], "check", "--format", "json")
    assert done.code == 3
    found = json.loads(done.out)
    assert set(found) == {"models", "plugins", "pending", "sent", "would", "did", "jobs"} and found["sent"] is None
    assert set(found["models"]) >= {"steady", "moving", "nofile"}
    for name, model in found["models"].items():
        assert model["health"] in ("ok", "warning", "critical", "unknown", "error"), name
        assert set(model["window"]) == {"key", "start", "end", "rows", "labels"}
        for signal_name, found_signal in model["signals"].items():
            assert {"value", "lower", "upper", "n", "state", "message"} <= set(found_signal)
            assert set(found_signal) <= {"value", "lower", "upper", "n", "state", "message", "detail"}
            value, state = found_signal["value"], found_signal["state"]
            assert state in ("ok", "drifted", "cannot-tell", "unknown", "error")
            assert value is None or isinstance(value, int | float)
            if signal_name == "reading":  # it has no number: its message and detail say what most likely happened
                assert value is None and found_signal["detail"]["kind"] and found_signal["detail"]["advice"]
                continue
            assert state == "cannot-tell" or (value is None) == (state in ("unknown", "error"))
        for alert in model["alerts"]:
            assert set(alert) >= {
                "id",
                "rule",
                "severity",
                "state",
                "since",
                "opened",
                "message",
                "snoozed",
                "assigned",
            }
    moving = found["models"]["moving"]
    assert moving["window"]["key"] == "2025-05" and moving["window"]["rows"] == 120 == moving["window"]["labels"]
    assert moving["window"]["start"].startswith("2025-05-01T00:00:00")
    assert [a["rule"] for a in moving["alerts"]] == ["moved"] and moving["alerts"][0]["since"] == "2025-05"
    assert moving["signals"]["ks.x"]["state"] == "drifted"
    assert moving["drifted"] == ["x", "prediction"] or moving["drifted"][0] == "x"
    assert moving["reading"]["kind"] and moving["reading"]["advice"] and moving["reading"]["evidence"]
    assert {r["rule"]: r["value"] for r in moving["rules"]} == {"moved": True, "calm": False}
    assert [w["key"] for w in moving["windows"]] == ["2025-04", "2025-05"]
    assert set(moving["reference"]) == {"mae", "rmse", "r2"}
    assert (
        found["models"]["nofile"]["job"]["state"] == "failed"
        and "nofile.csv" in found["models"]["nofile"]["job"]["error"]
    )
    assert found["models"]["nofile"]["alerts"] == [] and found["models"]["nofile"]["window"]["key"] is None
    assert len(found["models"]["notarget"]["problems"]) == 1


def test_json_and_docs_name_the_same_keys(broad: Broad, here: Here) -> None:
    found = json.loads(here(broad[0], "check", "moving", "--format", "json").out)
    section = (DOCS / "commands.md").read_text().split("## `check --format json`")[1].split("##")[0]
    documented = set(re.findall(r'"(\w+)":', section))
    model = found["models"]["moving"]
    said = {*found, *model, *model["window"], *model["alerts"][0], *model["job"], *model["rules"][0]}
    assert said <= documented | {"streak"}
    of_a_job = {"model", "outcome"}
    assert documented <= said | {"value", "lower", "upper", "n", "detail", "name", "place", "kind", "state"} | of_a_job


def test_junit_parses_and_counts(broad: Broad, here: Here) -> None:
    done = here(broad[0], "check", "--format", "junit")
    assert done.code == 3
    suites = {suite.attrib["name"]: suite for suite in ET.fromstring(done.out)}
    assert set(suites) >= {"steady", "moving", "nofile", "notarget", "hostile"}
    for suite in suites.values():
        for tag, count in (("testcase", "tests"), ("failure", "failures"), ("skipped", "skipped"), ("error", "errors")):
            assert len(list(suite.iter(tag))) == int(suite.attrib[count])
    cases = {case.attrib["name"]: case for case in suites["moving"]}
    assert set(cases) == {"evaluated", "moved", "calm"}
    failure = cases["moved"].find("failure")
    assert failure is not None and failure.attrib["type"] == "critical" and "drift.max" in failure.attrib["message"]
    assert len(cases["calm"]) == 0
    assert "nofile.csv" in suites["nofile"].findall(".//error")[0].attrib["message"]
    assert "'y'" in suites["notarget"].findall(".//error")[0].attrib["message"]


class Terminal(io.TextIOWrapper):
    """A stream of any encoding, on a terminal or not."""

    def __init__(self, encoding: str, tty: bool = False) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self.tty = tty

    def isatty(self) -> bool:
        return self.tty

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode(self.encoding)  # type: ignore[attr-defined]


@pytest.mark.parametrize("fmt", ["text", "json", "junit"])
def test_ascii_terminals_get_something_whole(
    broad: Broad, here: Here, monkeypatch: pytest.MonkeyPatch, fmt: str
) -> None:
    stream = Terminal("ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    assert here(broad[0], "check", "moving", "--format", fmt).code == 1
    text = stream.text()
    assert text.isascii()
    if fmt == "json":
        assert json.loads(text)["models"]["moving"]["health"] == "critical"
    elif fmt == "junit":
        assert ET.fromstring(text).find("testsuite") is not None
    else:
        assert "* critical" in text and "x: values are" in text


def test_json_stays_json_in_every_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    value = {"é": "😀 \x1b \ud7ff", "n": [float("nan"), float("inf"), 1.5]}
    for encoding in ("ascii", "latin-1", "utf-8"):
        stream = Terminal(encoding)
        monkeypatch.setattr(sys, "stdout", stream)
        output.json_out(value)
        assert json.loads(stream.text()) == {"é": "😀 \x1b \ud7ff", "n": [None, None, 1.5]}


@pytest.mark.parametrize(
    ("tty", "env", "coloured"),
    [(True, {}, True), (True, {"NO_COLOR": ""}, False), (True, {"TERM": "dumb"}, False), (False, {}, False)],
)
def test_colours_on_terminals_only(
    broad: Broad, here: Here, monkeypatch: pytest.MonkeyPatch, tty: bool, env: dict[str, str], coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    stream = Terminal("utf-8", tty)
    monkeypatch.setattr(sys, "stdout", stream)
    here(broad[0], "check", "moving")
    assert ("\x1b[" in stream.text()) == coloured
    assert not re.search(r"\x1b(?!\[[\d;]*m)", stream.text()), "nothing but colours"


# --- wrong words, wrong files ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["stedy"], 'did you mean "steady"?'),
        (["steady", "zzz"], "there are steady, moving"),
        (["--format", "yaml"], "--format"),
        (["--windows", "0"], "--windows"),
        (["--frmat", "json"], "--format"),
        (["--file", "nowhere.toml"], "nowhere.toml"),
        (["--file", "data"], "data"),
    ],
)
def test_wrong_words(space: Path, here: Here, words: list[str], says: str) -> None:
    done = here(space, "check", *words)
    assert done.code == 2 and done.out == ""
    assert says in done.err and "Traceback" not in done.err
    assert not (space / ".lifecycle" / "state.db").exists()


def test_a_broken_file_names_every_problem_and_writes_nothing(space: Path, here: Here) -> None:
    text = (space / "lifecycle.toml").read_text().replace('task = "regression"', 'task = "regresion"', 1)
    text = text.replace("severity =", "severty =", 1).replace("prediction =", "predicton =", 1)
    (space / "lifecycle.toml").write_text(text)
    done = here(space, "check")
    assert done.code == 2 and done.out == ""
    assert done.err.count("error[") >= 3
    for words in ("regresion", "predicton", "severty", "did you mean"):
        assert words in done.err, words
    assert not (space / ".lifecycle" / "state.db").exists()  # what plugins there are is remembered all the same


def test_broken_rules_are_all_named(space: Path, here: Here) -> None:
    text = (space / "lifecycle.toml").read_text()
    text = text.replace('when = "drift.max >= 0.2"', 'when = "drift.max >="', 1)
    text = text.replace('when = "mae.lower > 1e9"', 'when = "mea.lower > 1e9"', 1)
    (space / "lifecycle.toml").write_text(text)
    done = here(space, "check")
    assert done.code == 2 and done.out == "" and "2 errors" in done.err
    assert "rules.moved.when" in done.err and "rules.calm.when" in done.err and "mae" in done.err
    assert not (space / ".lifecycle" / "state.db").exists()


def test_a_file_that_is_no_toml(space: Path, here: Here) -> None:
    for text in (b"[models", b"\xff\xfe\x00", b"x = 1\nx = 2\n"):
        (space / "lifecycle.toml").write_bytes(text)
        done = here(space, "check")
        assert done.code == 2 and "lifecycle.toml:" in done.err, text


def test_a_file_without_models(tmp_path: Path, here: Here) -> None:
    (tmp_path / "lifecycle.toml").write_text("")
    done = here(tmp_path, "check")
    assert done.code == 2 and "declares no model" in done.err and "lifecycle init" in done.err


def test_without_a_workspace(tmp_path: Path, here: Here) -> None:
    done = here(tmp_path, "check")
    assert done.code == 2 and "no lifecycle.toml" in done.err and list(tmp_path.iterdir()) == []


def test_another_file_from_elsewhere(space: Path, here: Here, tmp_path_factory: pytest.TempPathFactory) -> None:
    (space / "lifecycle.toml").rename(space / "other.toml")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = here(elsewhere, "check", "--file", str(space / "other.toml"), "steady")
    assert done.code == 0 and "ok  steady" in done.out
    assert (space / ".lifecycle" / "state.db").exists() and list(elsewhere.iterdir()) == []


# --- plugins -----------------------------------------------------------------------------------------------------

PLUGIN = """\
from lifecycle_tui import api

class Mean:
    name = "mean_of"
    kinds = ("numeric",)
    takes = "arrow"
    def measure(self, reference, window):
        import pyarrow.compute as pc
        return pc.mean(window).as_py()

@api.hookimpl
def register_detectors(register):
    register(Mean)
"""


def test_no_plugins_leaves_out_the_teams(space: Path, here: Here) -> None:
    (space / "plugins").mkdir()
    (space / "plugins" / "mean.py").write_text(PLUGIN)
    (space / "plugins" / "broken.py").write_text("import nowhere_at_all\n")
    found = json.loads(here(space, "check", "moving", "--format", "json").out)
    signals = found["models"]["moving"]["signals"]
    assert signals["mean_of.x"]["value"] == pytest.approx(3, abs=0.4)
    assert [p["name"] for p in found["plugins"]] == ["broken"] and "broken.py" in found["plugins"][0]["place"]
    text = here(space, "check", "moving")
    assert "plugin broken cannot be used" in text.out and "plugins/broken.py" in text.out and text.code == 1
    without = json.loads(here(space, "check", "moving", "--no-plugins", "--format", "json").out)
    assert without["plugins"] == []
    assert "ks.x" in without["models"]["moving"]["signals"]
    assert not [name for name in without["models"]["moving"]["signals"] if name.startswith(("mean_of", "broken"))]


# --- notifications -----------------------------------------------------------------------------------------------


def test_nothing_is_sent_unless_asked(space: Path, here: Here) -> None:
    text = (space / "lifecycle.toml").read_text()
    down = '[notifiers.page]\nuse = "command"\nargv = ["no-such-program-here"]\n'
    (space / "lifecycle.toml").write_text(text + '[notifiers.file]\nuse = "log"\npath = "told.log"\n' + down)
    told = space / "told.log"
    done = here(space / "data", "check")
    assert done.code == 1 and "would notify file (1), page (1): `lifecycle check --act`" in done.out
    assert not told.exists()
    assert json.loads(here(space, "check", "--format", "json").out)["pending"] == {"file": 1, "page": 1}
    done = here(space / "data", "check", "--act")
    assert done.code == 3, "a notifier is broken"
    assert "sent 1 message, 1 failed" in done.out and "  page: no-such-program-here cannot be started" in done.out
    assert [json.loads(line)["rule"] for line in told.read_text().splitlines()] == ["moved"]
    done = here(space, "check", "--act", "--format", "json")
    sent = json.loads(done.out)["sent"]
    assert done.code == 1 and (sent["sent"], sent["failed"], sent["errors"]) == (0, 0, [])
    assert json.loads(done.out)["pending"] == {"page": 1} and len(told.read_text().splitlines()) == 1


# --- the machine: pipes, users, disks, signals -------------------------------------------------------------------


def test_a_reader_that_leaves_changes_no_exit_code(broad: Broad) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as out:
        command = [sys.executable, "-m", "lifecycle_tui", "check", "moving"]
        done = subprocess.run(command, cwd=broad[0], stdout=out, stderr=subprocess.PIPE, timeout=300)
    assert done.stderr == b""
    assert done.returncode == 1


def test_a_user_without_a_name_may_check(broad: Broad, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert here(broad[0], "check", "steady").code == 0


def test_a_state_folder_that_cannot_be_made(space: Path, here: Here) -> None:
    (space / ".lifecycle").write_text("")
    done = here(space, "check")
    assert done.code == 3 and ".lifecycle" in done.err and "this should not have happened" not in done.err


def test_a_folder_that_may_not_be_written_to(space: Path, here: Here) -> None:
    assert here(space, "check", "steady").code == 0  # whatever is imported late is here now
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "lifecycle.toml").write_text(cli_spaces.good(root))
        os.chmod(root, 0o555)
        me = os.geteuid()
        try:
            if me == 0:
                os.seteuid(65534)  # to root nothing is read-only
            done = here(root, "check", "steady")
        finally:
            os.seteuid(me)
            os.chmod(root, 0o755)
        assert done.code == 3 and done.out == ""
        assert "Permission denied" in done.err and "owner" in done.err and "should not have happened" not in done.err
        assert not (root / ".lifecycle").exists()


def until(found, seconds: float = 180.0):  # type: ignore[no-untyped-def]
    """The first true value of `found()`; processes cannot be waited for in any other way from here."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(sqlite3.OperationalError):
            if value := found():
                return value
        time.sleep(0.02)
    raise AssertionError("it never came")


@pytest.mark.slow
def test_ctrl_c_cancels_and_leaves_a_state_that_opens(tmp_path: Path, here: Here) -> None:
    cli_spaces.save(tmp_path / "data" / "slow.csv", cli_spaces.rows(days=300, per_day=40))
    (tmp_path / "lifecycle.toml").write_text(cli_spaces.model("slow", window="6h", until="2025-01-31"))
    database = tmp_path / ".lifecycle" / "state.db"
    command = [sys.executable, "-m", "lifecycle_tui", "check"]
    check = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ask(sql: str) -> list[tuple]:
        if not database.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as conn:
            return conn.execute(sql).fetchall()

    try:
        until(lambda: ask("SELECT 1 FROM windows LIMIT 1"))
        check.send_signal(signal.SIGINT)
        out, err = check.communicate(timeout=180)
    finally:
        check.kill()
        check.wait()
    assert check.returncode == 130 and out == "" and err.strip() == "interrupted"
    assert until(lambda: ask("SELECT state, error FROM jobs WHERE state <> 'running'")) == [("cancelled", "cancelled")]
    # The worker may be closing the database at this moment: then it cannot be opened only to read, for a moment.
    assert until(lambda: ask("PRAGMA integrity_check")) == [("ok",)]
    (before,) = until(lambda: ask("SELECT count(*) FROM windows"))[0]
    done = here(tmp_path, "check", "--format", "json")
    assert done.code == 0
    (after,) = ask("SELECT count(DISTINCT key) FROM windows WHERE current = 1")[0]
    assert before < after == ask("SELECT count(*) FROM windows")[0][0], "it went on where it stopped"


def test_a_check_after_ctrl_c_does_not_join_the_dying_job(
    space: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here(space, "check", "steady").code == 0
    with State.open(space) as state, state.write() as tx:
        now = datetime.now(UTC)
        dying = jobs.enqueue(tx, "evaluate", "steady", {}, now)
        jobs.claim(tx, processes.this(), now)
        jobs.cancel(tx, dying, now)
    work = supervisor.Supervisor.start

    def start(of: supervisor.Supervisor, only: list[int]) -> None:
        with of._state.write() as tx:
            jobs.finish(tx, dying, "cancelled", datetime.now(UTC), error="cancelled")
        work(of, only)

    monkeypatch.setattr(supervisor.Supervisor, "start", start)
    done = here(space, "check", "steady", "--format", "json")
    assert done.code == 0
    assert json.loads(done.out)["models"]["steady"]["job"]["id"] > dying


@pytest.mark.slow
def test_two_checks_at_once_share_the_work(space: Path) -> None:
    command = [sys.executable, "-m", "lifecycle_tui", "check", "--format", "json"]
    both = [subprocess.Popen(command, cwd=space, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    outs = [p.communicate(timeout=300) for p in both]
    assert [p.returncode for p in both] == [1, 1], outs
    seen = [json.loads(out)["models"]["moving"] for out, _ in outs]
    assert seen[0]["windows"] == seen[1]["windows"] and len(seen[0]["alerts"]) == 1
    with State.open(space) as state, state.read() as conn:
        assert conn.execute("SELECT count(*), count(DISTINCT key || model) FROM windows").fetchone() == (4, 4)


def test_help_touches_no_disk(tmp_path: Path, here: Here) -> None:
    done = here(tmp_path, "check", "--help")
    assert done.code == 0 and "Exit codes" in done.out and "Example" in done.out
    assert list(tmp_path.iterdir()) == []
