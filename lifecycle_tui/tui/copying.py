"""Copies a text to the clipboard of the person's own machine: by OSC 52, through tmux and screen, else into a file.

OSC 52 is an escape sequence that a terminal takes for "put this into the clipboard"; over SSH it is the only way.
Whether it was heard is never answered, so what is said names the text, not a success. Called by `takeaway`.

`LIFECYCLE_CLIPBOARD` decides where the guess is wrong: `plain`, `tmux` or `screen` choose the wrapping, `file` writes
a file.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from unicodedata import category

from lifecycle_tui.tui import memory
from lifecycle_tui.tui.text import count

if TYPE_CHECKING:
    from textual.app import App

MOST = 74_994
"""Encoded bytes at most: xterm's own limit is 100,000, and k9s has found that no common terminal refuses this many."""
CHUNK = 76
"""Characters of a piece that GNU screen passes on whatever its release; what is over 768 bytes it drops."""
FILE = "clipboard.txt"
WAYS = ("plain", "tmux", "screen", "file")


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of a text.

    Attributes:
        said: in words, for the detail line.
        ok: False where it went nowhere.
    """

    said: str
    ok: bool = True


def clean(text: str) -> str:
    """The text without what a terminal or a shell that it is pasted into would act on; lines and tabs stay.

    A carriage return would run a line in a shell, an escape sequence could end a bracketed paste.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join("".join(c for c in line if c.isprintable() or c == "\t" or category(c) == "Zs") for line in lines)


def way(environ: Mapping[str, str]) -> str:
    """One of `WAYS`: as `LIFECYCLE_CLIPBOARD` says, else by what the terminal is.

    tmux is told by $TMUX, or over SSH from within it by TERM. TERM=screen is GNU screen's, and an old tmux's: that one
    is known by $TMUX alone.
    """
    said = environ.get("LIFECYCLE_CLIPBOARD", "")
    if said in WAYS:
        return said
    term = environ.get("TERM", "")
    if environ.get("TMUX") or term.startswith("tmux"):
        return "tmux"
    return "screen" if environ.get("STY") or term.startswith("screen") else "plain"


def sequence(text: str, how: str) -> str | None:
    """The bytes that put a text into the clipboard; None where it is longer than terminals take.

    Args:
        how: "plain"; "tmux": within its passthrough, every ESC doubled; "screen": in pieces, each a string of its own.
    """
    encoded = b64encode(text.encode("utf-8", "replace")).decode("ascii")
    if len(encoded) > MOST:
        return None
    # BEL ends it, not ESC \: within a wrapping that would end the wrapping.
    bare = f"\x1b]52;c;{encoded}\x07"
    if how == "tmux":
        doubled = bare.replace("\x1b", "\x1b\x1b")
        # The bare one is for a tmux with `set-clipboard on`, the wrapped one for `allow-passthrough on`.
        return f"{bare}\x1bPtmux;{doubled}\x1b\\"
    if how == "screen":
        pieces = [bare[at : at + CHUNK] for at in range(0, len(bare), CHUNK)]
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return bare


def send(app: App[Any], text: str) -> Sent:
    """Copy a text; it goes through the app's own output, so that it never falls into the middle of a frame."""
    text = clean(text)
    if not text.strip():
        return Sent("there is nothing here to copy", ok=False)
    how = way(os.environ)
    if how != "file":
        asked = sequence(text, how)
        if asked is not None:
            driver = app._driver
            if driver is None:
                return Sent("there is no terminal to copy with", ok=False)
            driver.write(asked)
            return Sent(f"sent to the terminal's clipboard: {_brief(text)}")
    try:
        path = memory.write_text(FILE, text)
    except OSError as exc:
        return Sent(f"it could not be copied: {exc.strerror or exc}", ok=False)
    why = "" if how == "file" else " (too long for a terminal's clipboard)"
    return Sent(f"copied into {_tilde(str(path))}{why}")


def _brief(text: str) -> str:
    """The text itself where it is short, else how much it is."""
    lines = text.count("\n") + 1
    if lines > 1:
        return f"{count(lines)} lines"
    shown = text.replace("\t", "  ")
    return shown if len(shown) <= 60 else f"{shown[:59]}…"


def _tilde(path: str) -> str:
    home = os.path.expanduser("~")
    return f"~{path[len(home) :]}" if home != "/" and path.startswith(f"{home}/") else path
