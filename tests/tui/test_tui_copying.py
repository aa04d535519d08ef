"""Copying: what the terminal is sent decodes to the text again, however it is wrapped; what is too long is a file."""

from __future__ import annotations

import re
import stat
from base64 import b64decode
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle_tui.tui import copying


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("TMUX", "STY", "LIFECYCLE_CLIPBOARD"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "state" / "lifecycle-tui"


class Output:
    """What the app's driver was given."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, data: str) -> None:
        self.written.append(data)


def app() -> tuple[Any, Output]:
    output = Output()
    return SimpleNamespace(_driver=output), output


def heard(data: str, how: str) -> str:
    """What the terminal beyond tmux or screen takes from it, as these unwrap it."""
    if how == "screen":
        assert re.fullmatch(r"(\x1bP[^\x1b]?\x1b?[^\x1b]{0,76}\x1b\\)+", data)
        assert all(len(piece) <= copying.CHUNK for piece in re.findall(r"\x1bP(.*?)\x1b\\", data, re.S))
        data = "".join(re.findall(r"\x1bP(.*?)\x1b\\", data, re.S))
    elif how == "tmux":
        bare, wrapped = data.split("\x1bPtmux;", 1)
        assert wrapped.endswith("\x1b\\")
        inner = wrapped[:-2]
        assert inner.count("\x1b") == 2 * inner.count("\x1b\x1b"), "every ESC is doubled"
        data = inner.replace("\x1b\x1b", "\x1b")
        assert data == bare
    found = re.fullmatch(r"\x1b\]52;c;([A-Za-z0-9+/=]*)\x07", data)
    assert found is not None
    return b64decode(found[1]).decode("utf-8")


@pytest.mark.parametrize("how", ["plain", "tmux", "screen"])
@given(text=st.text(st.characters(exclude_categories=("Cs",)), max_size=400))
def test_it_decodes_to_the_text(how: str, text: str) -> None:
    data = copying.sequence(text, how)
    assert data is not None and heard(data, how) == text


@given(st.text())
def test_nothing_that_is_acted_on_is_copied(text: str) -> None:
    found = copying.clean(text)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f‪-‮⁦-⁩\ud800-\udfff]", found)
    assert copying.clean(found) == found


def test_what_is_text_stays() -> None:
    assert copying.clean("a\tb\r\nc\u00a0d é 模") == "a\tb\nc\u00a0d é 模"
    assert copying.clean("x\x1b]52;c;AAAA\x07\x1b[201~\rrm -rf") == "x]52;c;AAAA[201~rm -rf"


@pytest.mark.parametrize(
    ("environ", "how"),
    [
        ({"TERM": "xterm-256color"}, "plain"),
        ({}, "plain"),
        ({"TERM": "screen-256color", "TMUX": "/tmp/tmux-1/default,1,0"}, "tmux"),
        ({"TERM": "tmux-256color"}, "tmux"),
        ({"TERM": "screen.xterm-256color", "STY": "1.pts"}, "screen"),
        ({"TERM": "xterm", "STY": "1.pts"}, "screen"),
        ({"TERM": "screen"}, "screen"),
        ({"TERM": "tmux", "LIFECYCLE_CLIPBOARD": "plain"}, "plain"),
        ({"LIFECYCLE_CLIPBOARD": "file"}, "file"),
        ({"LIFECYCLE_CLIPBOARD": "nonsense"}, "plain"),
    ],
)
def test_the_way_is_told_by_the_terminal(environ: dict[str, str], how: str) -> None:
    assert copying.way(environ) == how


def test_it_goes_through_the_driver_and_says_what_it_sent(home: Path) -> None:
    on, output = app()
    sent = copying.send(on, "lifecycle retrain card-fraud")
    assert sent.ok and sent.said.endswith("lifecycle retrain card-fraud")
    assert [heard(data, "plain") for data in output.written] == ["lifecycle retrain card-fraud"]
    assert not home.exists()
    assert copying.send(on, "a\nb").said.endswith("2 lines")
    assert len(copying.send(on, "x" * 500).said) < 100


def test_just_what_terminals_take_and_a_byte_more(home: Path) -> None:
    on, output = app()
    longest = copying.MOST // 4 * 3
    assert copying.send(on, "x" * longest).ok and len(output.written) == 1
    assert len(heard(output.written[0], "plain")) == longest and not home.exists()
    sent = copying.send(on, "x" * (longest + 1))
    assert sent.ok and "too long" in sent.said and len(output.written) == 1
    file = home / copying.FILE
    assert str(file) in sent.said and file.read_text(encoding="utf-8") == "x" * (longest + 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_where_that_is_wanted(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIFECYCLE_CLIPBOARD", "file")
    monkeypatch.setenv("HOME", str(tmp_path))
    on, output = app()
    assert copying.send(on, "a\x1bb").said == "copied into ~/state/lifecycle-tui/clipboard.txt" and not output.written
    assert (home / copying.FILE).read_text(encoding="utf-8") == "ab"
    (home / copying.FILE).unlink()
    (home / copying.FILE).mkdir()
    failed = copying.send(on, "a")
    assert not failed.ok and "could not" in failed.said


@pytest.mark.parametrize("text", ["", " \n\t ", "\x1b\x07"])
def test_nothing_is_not_copied(text: str) -> None:
    on, output = app()
    assert not copying.send(on, text).ok and not output.written
