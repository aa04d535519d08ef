"""From nothing to one's own detector on an open screen: commands, files, lines and seconds, counted and printed."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from lifecycle_tui import testing
from lifecycle_tui.testing import terminal as driving

pytest_plugins = ["lifecycle_tui.testing"]

EDITS = (
    (
        '    """Change of the tails: how far the outer values reach, in widths of the middle half.',
        '    """Change of Moors\' kurtosis: how much of the spread lies in the shoulders, by octiles alone.',
    ),
    (
        """\
        middle = side.quantile(0.75) - side.quantile(0.25)
        return (side.quantile(1 - self.share) - side.quantile(self.share)) / middle if middle > 0 else 0.0
""",
        """\
        e = [side.quantile(i / 8) for i in range(1, 8)]
        return (e[6] - e[4] + e[2] - e[0]) / (e[5] - e[1]) if e[5] > e[1] else 0.0
""",
    ),
)
"""What the author types over what the template has."""


@pytest.mark.slow
def test_a_new_detector_is_on_the_open_screen(
    workspace: testing.Space, drive: testing.Drive, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(driving, "ROUNDS", 12_000)  # how long it may take in all is asked at the end
    workspace.declare()
    workspace.days(16, rows=120)
    assert workspace.lifecycle("check").code == 0
    commands: list[str] = []
    lines = 0
    took = 0.0

    async def lifecycle(*words: str) -> None:
        commands.append(f"lifecycle {' '.join(words)}")
        ran = await asyncio.to_thread(workspace.lifecycle, *words)
        assert ran.code == 0, ran.out + ran.err

    async def story(terminal: testing.Terminal) -> None:
        nonlocal lines, took
        await terminal.until("toy")
        await terminal.press("enter", "2")
        await terminal.until("amount")
        begin = time.monotonic()
        await lifecycle("plugins", "new", "detector", "moors")
        file = workspace.root / "plugins" / "moors.py"
        lines = edit(file)
        await lifecycle("check")
        await terminal.until("moors")
        took = time.monotonic() - begin

    drive(story, size=(160, 48))
    files = [path.name for path in (workspace.root / "plugins").iterdir() if path.is_file()]
    with capsys.disabled():
        said = f"{len(commands)} commands ({'; '.join(commands)}), {len(files)} file, {lines} lines, {took:.1f} s"
        print(f"\nplugins new to a result on screen: {said}")
    assert len(commands) == 2 and files == ["moors.py"] and lines <= 12 and took < 180
    assert workspace.lifecycle("plugins", "check", "moors").code == 0, "and it does what every detector must"


def edit(file: Path) -> int:
    """Make the edits; how many lines were typed."""
    text, typed = file.read_text("utf-8"), 0
    for old, new in EDITS:
        assert text.count(old) == 1
        text = text.replace(old, new)
        typed += len(new.strip("\n").splitlines())
    file.write_text(text, "utf-8")
    return typed
