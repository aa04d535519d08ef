"""The command group: names, helps, exit codes, and what becomes of errors."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path
from threading import Event
from typing import IO

import click
import pytest

from lifecycle_tui import __version__
from lifecycle_tui.cli import info, main
from lifecycle_tui.domain.errors import LifecycleError, StateError
from tests.cli.conftest import Here, lifecycle

GROUPS = {
    "config": ["check", "show", "explain", "schema"], "plugins": ["list", "show", "run", "disable", "enable"],
    "versions": ["list", "show", "diff", "register"],
    "jobs": ["list", "show", "log", "cancel"],
}  # fmt: skip
WORDS = [[name] for name in main.COMMANDS] + [[group, name] for group, names in GROUPS.items() for name in names]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_every_help_has_an_example_and_writes_nothing(
    tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = here(tmp_path, *words, "--help")
    assert done.code == 0 and done.err == ""
    assert list(tmp_path.iterdir()) == []
    if words[0] not in GROUPS or len(words) > 1:
        assert re.search(r"^ *Examples?:\n +lifecycle " + " ".join(words), done.out, re.M), done.out
    assert max(map(len, done.out.splitlines())) <= 80, done.out


@pytest.mark.parametrize("name", main.COMMANDS)
def test_the_short_help_is_the_commands_own(name: str) -> None:
    found = main.LazyGroup().get_command(click.Context(main.group), name)
    assert found is not None
    assert found.get_short_help_str(200) == main.COMMANDS[name][1]
    assert found.name == name or name in ("config", "plugins")


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_of_all(tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch, flag: str) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    done = here(tmp_path, flag)
    assert done.code == 0 and max(map(len, done.out.splitlines())) <= 80
    for name, (_, text) in main.COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(text)}", done.out, re.M)
    assert "130" in done.out and "Example" in done.out


def test_version(tmp_path: Path, here: Here) -> None:
    assert here(tmp_path, "--version") == (0, f"lifecycle-tui {__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["chek"], 'Did you mean "check"?'),
        (["zzz"], "No such command 'zzz'."),
        (["--colour"], "--colour"),
        (["config"], "Usage: lifecycle config"),
        (["status", "extra"], "extra"),
        (["ack"], "ALERT"),
        (["ack", "0"], "0"),
        (["history", "--limit", "0"], "--limit"),
    ],
)
def test_wrong_words(tmp_path: Path, here: Here, words: list[str], says: str) -> None:
    done = here(tmp_path, *words)
    assert done.code == 2 and says in done.out + done.err


def test_no_words_and_no_terminal(tmp_path: Path) -> None:
    done = lifecycle(tmp_path)
    assert done.code == 2 and "Usage: lifecycle" in done.out and "not a terminal" in done.err


@pytest.mark.parametrize(
    ("raised", "code", "says"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (click.exceptions.Abort(), 130, "interrupted"),
        (LifecycleError("no \x1b[2J good", hint="do this"), LifecycleError.exit_code, "do this"),
        (StateError("broken state"), StateError.exit_code, "broken state"),
        (ZeroDivisionError("what \x1b[2J"), 3, "this should not have happened: ZeroDivisionError"),
        (MemoryError(), 3, "MemoryError"),
    ],
)
def test_errors_become_exit_codes(
    tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch, raised: BaseException, code: int, says: str
) -> None:
    def fail() -> None:
        raise raised

    monkeypatch.delenv("LIFECYCLE_DEBUG", raising=False)
    monkeypatch.setattr(info, "_program", fail)
    done = here(tmp_path, "info")
    assert done.code == code and says in done.err and done.out == ""
    assert "Traceback" not in done.err and "\x1b" not in done.err


def test_the_traceback_for_who_asks(tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_DEBUG", "1")
    monkeypatch.setattr(info, "_program", lambda: 1 / 0)
    done = here(tmp_path, "info")
    assert done.code == 3 and "Traceback" in done.err and "in <lambda>" in done.err


def test_words_are_taken_from_the_command_line(tmp_path: Path, here: Here) -> None:
    assert here(tmp_path, "info", "--format", "json").code == 0
    assert sys.argv[1:] == ["info", "--format", "json"]


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_what_a_slow_reader_gets_is_whole_though_the_program_was_stopped(tmp_path: Path, unbuffered: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "lifecycle_tui", "config", "schema"],
        cwd=tmp_path, stdout=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout as pipe:
        room = fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
        while waiting(pipe) <= room - 4096:
            assert process.poll() is None
            Event().wait(0.005)
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        process.send_signal(signal.SIGCONT)
        said = pipe.read()
    assert process.wait() == 0
    assert len(said) > room and "$schema" in json.loads(said)


def waiting(pipe: IO[bytes]) -> int:
    """Bytes that nobody has read yet."""
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, b"    "))[0]


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_stream_that_was_closed_before_the_start_is_no_error(tmp_path: Path, closed: str) -> None:
    words = f'"{sys.executable}" -m lifecycle_tui config schema {1 if closed == "stdout" else 2}>&-'
    done = subprocess.run(["sh", "-c", words], cwd=tmp_path, capture_output=True, timeout=300)
    assert done.returncode == 0 and b"Traceback" not in done.stderr
    assert bool(done.stdout) == (closed == "stderr")
