"""An Esc with a key right behind it: two keys, as long as nothing here listens to Alt with that key. Pastes in one
piece. Mixed into the app.

A terminal sends Alt and j as ESC j, and over a slow line Esc and j come just so. Textual takes both for Alt and j (or
for a "^", or with a digit for a sign of another keyboard), and the Esc that was to close a dialog is lost. Here they
are one event that knows both readings (`Behind`), and the app chooses when it is that key's turn:

    bytes → `KeyParser` → `Behind` → `Escapes`: a word's motion in a line of text · a binding of Alt with it → as Alt
                                                · all else → Esc, then the key
"""

from __future__ import annotations

from collections.abc import Generator, Iterable

from textual import events
from textual._parser import ParseTimeout
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.app import App
from textual.message import Message

from lifecycle_tui.tui import keys
from lifecycle_tui.tui.typing import typing

ESC = "\x1b"
INTRODUCERS = frozenset("[O]P_^X\\" + ESC)
"""Characters behind an ESC with which a terminal's own sequences begin or end: no keys of somebody's."""
UNPASTED = dict.fromkeys(code for code in range(32) if chr(code) not in "\t\n\r")
"""Control characters, which no paste has a use for."""
MOTIONS = {"b": "ctrl+left", "f": "ctrl+right", "backspace": "ctrl+w"}
"""What Alt with a key does in a line of text, as a shell has it: a word back, a word on, the word before away."""


class Behind(events.Key):
    """A key right behind an Esc.

    Attributes:
        then: the key by itself; `key` is the same with Alt.
    """

    def __init__(self, then: events.Key) -> None:
        name = f"shift+{then.key.lower()}" if len(then.key) == 1 and then.key.isupper() else then.key
        super().__init__(f"alt+{name}", None)
        self.then = then


class KeyParser(XTermParser):
    """Textual's parser of what the terminal sends; ESC with a key behind it becomes `Behind`, and a paste is one text
    whatever is in it (Textual takes an ESC in it for keys)."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self._tail = ""
        self._pasted: list[str] | None = None

    def feed(self, data: str) -> Iterable[Message]:
        """As Textual's."""
        if not data:
            yield from super().feed(data)
        while data:
            if self._pasted is not None:
                data = yield from self._paste(self._pasted, data)
            else:
                data = yield from self._keys(data)

    def tick(self) -> Iterable[Message]:
        """As Textual's; an ESC that has waited long enough was one."""
        for token in super().tick():
            self._tail = ""
            # ESC O begins the arrows of some terminals, so that Esc and a capital O are told by what does not come.
            capital = isinstance(token, events.Key) and token.key == "alt+shift+o"
            yield Behind(events.Key("O", "O")) if capital else token

    def _keys(self, data: str) -> Generator[Message, None, str]:
        """Take in keys, up to a paste; what is left of the data."""
        if ESC not in data and ESC not in self._tail:
            yield from super().feed(data)
            return ""
        for at, character in enumerate(data):
            if self._tail.endswith(ESC) and character not in INTRODUCERS:
                if at:
                    yield from super().feed(data[:at])
                yield self._behind(character)
                return data[at + 1 :]
            self._tail = (self._tail + character)[-len(BRACKETED_PASTE_START) :]
            if self._tail == BRACKETED_PASTE_START:
                yield from super().feed(data[: at + 1])
                self._pasted, self._tail = [], ""
                return data[at + 1 :]
        yield from super().feed(data)
        return ""

    def _behind(self, character: str) -> Message:
        """The key behind the ESC that the parser waits with; it goes on as if neither had come."""
        self._timeout_time, self._tail = None, ""
        self._awaiting = self._gen.throw(ParseTimeout())
        self._tokens.clear()
        then = next(iter(self._sequence_to_key_events(character)), None)
        return events.Key("escape", ESC) if then is None else Behind(then)

    def _paste(self, pieces: list[str], data: str) -> Generator[Message, None, str]:
        """Take in a paste, up to its end, which may come in two pieces; what is left of the data."""
        near = self._tail + data
        end = near.find(BRACKETED_PASTE_END)
        pieces.append(data)
        if end < 0:
            self._tail = near[1 - len(BRACKETED_PASTE_END) :]
            return ""
        self._pasted, self._tail = None, ""
        for _ in super().feed(BRACKETED_PASTE_END):
            pass  # a paste of nothing: Textual's has not seen the text
        rest = near[end + len(BRACKETED_PASTE_END) :]
        text = "".join(pieces)
        yield events.Paste(text[: len(text) - len(BRACKETED_PASTE_END) - len(rest)].translate(UNPASTED))
        return rest


class Escapes(App[None]):
    """An app to which Esc and a key are two keys."""

    async def on_event(self, event: events.Event) -> None:
        """As Textual's; a key behind an Esc is read as what it means now."""
        for one in self._read(event) if isinstance(event, Behind) else (event,):
            await super().on_event(one)

    def _read(self, event: Behind) -> tuple[events.Key, ...]:
        """The keys that it is: where no screen is open yet, nobody listens to Alt."""
        screen = next(reversed(self.screen_stack), None)
        motion = MOTIONS.get(event.then.key)
        if screen is not None and motion and typing(screen) and getattr(self.focused, "value", None):
            return (events.Key(motion, None),)
        if screen is not None and keys.listens(screen, event.key):
            return (events.Key(event.key, None),)
        return (events.Key("escape", ESC), event.then)
