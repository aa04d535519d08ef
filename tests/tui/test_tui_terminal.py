"""In a real terminal: it starts, paints, quits, and leaves the terminal as it was, whatever ends it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tui_pty import Terminal

from lifecycle_tui.state.database import State
from lifecycle_tui.tui import start


def test_it_starts_paints_and_quits(fleet: State) -> None:
    with Terminal(fleet.root) as terminal:
        terminal.shows("? help")
        terminal.shows("✗ critical card-fraud")
        terminal.shows("1 error · 1 critical · 1 warning · 1 unknown · 1 ok")
        assert b" 0/0 " not in terminal.raw, "the first picture has the rows already"
        terminal.type("j\r")
        terminal.shows("1 overview")
        terminal.type("2")
        terminal.shows("columns of 2026-03-30")
        terminal.type("q")
        terminal.shows("> ✗ critical card-fraud")
        assert terminal.left_on(), "the full screen is on"
        terminal.type("q")
        assert terminal.ends() == 0
        assert terminal.left_on() == []


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param(signal.SIGTERM, 143, id="term"),
        pytest.param(signal.SIGHUP, 129, id="hup", marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, 130, id="int", marks=pytest.mark.slow),
    ],
)
def test_a_signal_leaves_the_terminal_as_it_was(fleet: State, number: int, code: int) -> None:
    with Terminal(fleet.root) as terminal:
        terminal.shows("? help")
        os.kill(terminal.process.pid, number)
        assert terminal.ends() == code
        assert terminal.left_on() == []


def test_what_is_pasted_is_no_command(fleet: State) -> None:
    with Terminal(fleet.root) as terminal:
        terminal.shows("? help")
        terminal.type("\x1b[200~qJty\rFx\x1b[201~j")
        terminal.shows("> ✗ critical card-fraud")
        terminal.type("/\x1b[200~churn\nq\x1b[201~")
        terminal.shows("/churn")
        terminal.type("\r")
        terminal.shows("filter: churn")
        terminal.type("q")
        assert terminal.ends() == 0
        assert terminal.left_on() == []


@pytest.mark.slow
def test_ctrl_c_leaves(fleet: State) -> None:
    with Terminal(fleet.root) as terminal:
        terminal.shows("? help")
        terminal.type("\x03")
        assert terminal.ends() == 130
        assert terminal.left_on() == []


@pytest.mark.slow
def test_the_mouse_stays_off_over_ssh(fleet: State) -> None:
    with Terminal(fleet.root, env={"SSH_CONNECTION": "10.0.0.1 5 10.0.0.2 22"}) as terminal:
        terminal.shows("? help")
        terminal.type("q")
        assert terminal.ends() == 0
        assert b"\x1b[?1003h" not in terminal.raw and b"\x1b[?1000h" not in terminal.raw


@pytest.mark.slow
def test_idle_writes_nothing(fleet: State) -> None:
    with Terminal(fleet.root) as terminal:
        terminal.shows("? help")
        terminal.type("j")
        terminal.shows("✗ card-fraud  auc-degraded")
        terminal.until(lambda: "> ✗ critical card-fraud" in terminal.text, "the cursor too")
        terminal.shows("agent off")
        terminal.calm()  # the end of that frame, too
        painted = len(terminal.raw)
        with pytest.raises(AssertionError, match="another byte"):
            terminal.until(lambda: len(terminal.raw) > painted, "another byte", limit=1.5)


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({"TERM": "dumb"}, "TERM is dumb"),
        ({"TERM": None}, "TERM is dumb or not set"),
        ({"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "needs UTF-8"),
    ],
)
def test_an_unfit_terminal_is_refused_kindly(fleet: State, env: dict[str, str | None], said: str) -> None:
    with Terminal(fleet.root, size=(160, 10), env=env) as terminal:
        assert terminal.ends() == 2
        assert said in terminal.text
        assert "lifecycle status" in terminal.text
        assert b"\x1b[?1049h" not in terminal.raw


def test_without_a_workspace_it_names_init(tmp_path: Path) -> None:
    with Terminal(tmp_path, size=(160, 10)) as terminal:
        assert terminal.ends() == 2
        assert "there is no lifecycle.toml" in terminal.text and "lifecycle init" in terminal.text


def test_before_the_first_check_it_names_check(tmp_path: Path) -> None:
    (tmp_path / "lifecycle.toml").write_text("")
    with Terminal(tmp_path, size=(160, 10)) as terminal:
        assert terminal.ends() != 0
        assert "lifecycle check" in terminal.text
        assert not (tmp_path / ".lifecycle").exists(), "looking makes nothing"


@pytest.mark.slow
@pytest.mark.parametrize("told", [True, False], ids=["with-hangup", "in-silence"])
def test_a_lost_connection_ends_it(fleet: State, told: bool) -> None:
    terminal = Terminal(fleet.root, controlling=told)
    try:
        terminal.shows("? help")
        os.close(terminal.master)
        os.close(terminal.slave)
        assert terminal.process.wait(timeout=90) == 129
    finally:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()


LOADED = """
import sys, json
from pathlib import Path
from lifecycle_tui.tui import start
app = start.build(Path(sys.argv[1]))
from lifecycle_tui.tui.screens import detail, help, model
app.source.fleet()
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""


def test_the_terminal_imports_nothing_heavy(fleet: State) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, str(fleet.root)], capture_output=True, text=True, check=True)
    heavy = {"numpy", "pandas", "scipy", "sklearn", "skops", "pyarrow", "sqlite_utils", "pydantic", "click"}
    assert not heavy & set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("env", "wanted"),
    [({}, True), ({"SSH_CONNECTION": "x"}, False), ({"SSH_TTY": "x"}, False), ({"LIFECYCLE_MOUSE": "0"}, False),
     ({"SSH_TTY": "x", "LIFECYCLE_MOUSE": "1"}, True)],
)  # fmt: skip
def test_when_the_mouse_is_wanted(env: dict[str, str], wanted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert start.mouse_wanted() is wanted


def test_a_pipe_is_refused(fleet: State, capsys: pytest.CaptureFixture[str]) -> None:
    assert start.main([str(fleet.root)]) == 2
    assert "lifecycle status" in capsys.readouterr().err


BREAKS = (
    "from lifecycle_tui.tui import start\n"
    "from lifecycle_tui.tui.app import LifecycleApp\n"
    "from lifecycle_tui.tui.screens.fleet import FleetScreen\n"
    "def broken(*args): raise RuntimeError('on purpose')\n"
    "{}\n"
    "raise SystemExit(start.main())\n"
)


def test_a_broken_program_ends_with_3(fleet: State) -> None:
    with Terminal(fleet.root, run=["-c", BREAKS.format("LifecycleApp.poll = broken")]) as terminal:
        assert terminal.ends() == 3
        assert terminal.left_on() == []
        assert b"on purpose" in terminal.raw


def test_a_broken_key_stays_in_its_screen_and_is_kept(fleet: State, tmp_path: Path) -> None:
    with Terminal(fleet.root, run=["-c", BREAKS.format("FleetScreen.action_sort = broken")]) as terminal:
        terminal.shows("? help")
        terminal.type("s")
        terminal.shows("internal error: RuntimeError: on purpose")
        terminal.type("?")
        terminal.shows("half a page down")
        terminal.type("\x1b")
        terminal.until(lambda: "half a page down" not in terminal.text, "the help is closed")
        terminal.type("q")
        assert terminal.ends() == 0
    kept = (tmp_path / "user-state" / "lifecycle-tui" / "errors.log").read_text()
    assert "RuntimeError: on purpose" in kept and "Traceback" in kept
