"""The fixtures of `pytest_plugins = ["lifecycle_tui.testing"]`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from lifecycle_tui.domain.clock import FixedClock
from lifecycle_tui.testing.workspaces import Space

if TYPE_CHECKING:
    from lifecycle_tui.testing.terminal import Terminal


class Drive(Protocol):
    """What the fixture `drive` is: `terminal.drive` on the test's workspace."""

    def __call__(self, story: Callable[[Terminal], Awaitable[None]], *, size: tuple[int, int] = (80, 24)) -> None: ...


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Space:
    """A workspace of the test's own, empty; no agent is started on it, and none of yours is touched."""
    monkeypatch.setenv("LIFECYCLE_AGENT", "off")
    monkeypatch.delenv("LIFECYCLE_ENV", raising=False)
    monkeypatch.delenv("LIFECYCLE_NO_PLUGINS", raising=False)
    return Space(tmp_path)


@pytest.fixture
def clock(workspace: Space) -> FixedClock:
    """The workspace's clock, which stands still until it is moved: `clock.advance(timedelta(days=1))`."""
    return workspace.clock


@pytest.fixture
def drive(workspace: Space, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """The terminal on the test's workspace: `drive(story, size=(120, 40))`; see `lifecycle_tui.testing.Terminal`."""
    from lifecycle_tui.testing import terminal

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)

    def on_workspace(story: Callable[[Terminal], Awaitable[None]], *, size: tuple[int, int] = (80, 24)) -> None:
        terminal.drive(workspace.root, story, size=size)

    return on_workspace
