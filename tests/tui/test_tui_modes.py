"""What is really written to a terminal: sixteen colours everywhere, none with NO_COLOR, ASCII where that is wanted."""

from __future__ import annotations

import re

import pytest
from tui_pty import Terminal

from lifecycle_tui.state.database import State

COLOURS = frozenset((*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)))
"""Parameters of SGR that are one of the sixteen."""
DEFAULTS = frozenset((39, 49))
BLACK_OR_WHITE = frozenset((30, 37, 40, 47, 90, 97, 100, 107))
"""What a dark or a light scheme does not show."""
ATTRIBUTES = frozenset((0, 1, 2, 3, 4, 7, 9, 21, 22, 23, 24, 27, 29))


def looks(raw: bytes) -> set[int]:
    """The parameters of all SGR sequences that were written."""
    found = re.findall(rb"\x1b\[([0-9;:]*)m", raw)
    return {int(part or b"0") for said in found for part in re.split(rb"[;:]", said)}


def visit(state: State, env: dict[str, str | None]) -> bytes:
    """All that is written while somebody looks at the fleet, a model, its drift, a filter, jobs and a dialog."""
    with Terminal(state.root, env=env) as terminal:
        for keys, shows in (("", "? help"), ("j\r", "1 overview"), ("2", "amount"), ("q", "q quit"), ("J", "how far"),
                            ("q", "q quit"), ("/ch", "/ch"), ("\r", "churn"), (":jobs", "what runs")):  # fmt: skip
            terminal.type(keys)
            terminal.shows(shows)
        terminal.type("\x11")
        assert terminal.ends() == 0
    return terminal.raw


@pytest.mark.slow
@pytest.mark.parametrize("plain", ["", "1"], ids=["ours", "textual"])
@pytest.mark.parametrize(
    "env",
    [{"TERM": "xterm", "COLORTERM": None}, {"TERM": "xterm-256color", "COLORTERM": "truecolor"}],
    ids=["16", "truecolor"],
)
def test_only_the_sixteen_colours_are_used(fleet: State, env: dict[str, str | None], plain: str) -> None:
    found = looks(visit(fleet, {**env, "LIFECYCLE_PLAIN_OUTPUT": plain or None}))
    assert found & COLOURS, "there are colours"
    assert not found - COLOURS - DEFAULTS - ATTRIBUTES and not found & BLACK_OR_WHITE, found


@pytest.mark.slow
@pytest.mark.parametrize("plain", ["", "1"], ids=["ours", "textual"])
def test_without_colour_only_attributes_are_written(fleet: State, plain: str) -> None:
    found = looks(visit(fleet, {"NO_COLOR": "1", "LIFECYCLE_PLAIN_OUTPUT": plain or None}))
    assert found <= ATTRIBUTES | DEFAULTS and {1, 2, 7} <= found, found


@pytest.mark.slow
def test_in_ascii_nothing_else_is_written(fleet: State) -> None:
    assert visit(fleet, {"LIFECYCLE_ASCII": "1"}).isascii()
