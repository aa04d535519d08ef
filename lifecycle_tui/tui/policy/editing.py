"""A policy being edited: the draft, what the child says of it, and what is still to be asked. Shared by its screens.

    editing = Editing(app, source.root, model, self.begin)
    editing.tell = self.show          # whoever is on top hears that something is known anew
    editing.look()
    editing.keep(Op(key, "3"))

No widget. What a key press asks for is never lost: operations wait in the draft until an answer has them in it.
Nothing here touches a file in the event loop: the child reads them, and whether somebody else has changed them is
looked up in the reader's thread and kept.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_tui.tui.policy.asked import (
    Answer,
    Broken,
    Checked,
    Flaw,
    Key,
    Lines,
    Look,
    Op,
    Outlook,
    Past,
    Save,
    Saved,
)
from lifecycle_tui.tui.policy.desk import Desk
from lifecycle_tui.tui.policy.draft import Draft, Onto, on_disk
from lifecycle_tui.tui.reader import Job
from lifecycle_tui.tui.stamps import Stamp, stamp

if TYPE_CHECKING:
    from textual.timer import Timer

    from lifecycle_tui.tui.app import LifecycleApp

PAUSE = 0.15
"""Seconds without a key after which what is typed is looked at."""


class Editing:
    """One model's policy under somebody's hands.

    Attributes:
        tell: called when something is known anew; set by the screen on top.
        table: whose fields are wanted.
        lines, checked, past, outlook: what the child said last; None while it has not said it of the newest edit.
        said: why something could not be done; shown until the next look.

    Args:
        begin: starts a read, as `Part.begin`.
    """

    def __init__(self, app: LifecycleApp, root: Path, model: str, begin: Callable[[str, Job], None]) -> None:
        self.app, self.root, self.model = app, Path(os.path.normpath(root.absolute())), model
        self.draft = draft_of(app)
        self.desk = Desk(app)
        self.tell: Callable[[], None] = lambda: None
        self.table: Key | None = None
        self.lines: Lines | None = None
        self.checked: Checked | None = None
        self.past: Past | None = None
        self.outlook: Outlook | None = None
        self.said = ""
        self._foreign: tuple[Path, ...] = ()
        self._begin = begin
        self._trial: tuple[Op, ...] = ()
        self._timer: Timer | None = None
        self._stamps: Mapping[Path, Stamp] = {}  # of what the child read
        self._now: Mapping[Path, Stamp] = {}
        self._asked: Mapping[Path, Stamp] = {}  # as `_now` was when the child was asked last

    # ── asking ────────────────────────────────────────────────────────────────────────────────────────────────────

    def look(self) -> None:
        """Have the edit as it is looked at."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self.checked = self.outlook = None
        self._asked = self._now
        ops = tuple(self.draft.pending)
        request = Look(
            self.root, self.model, dict(self.draft.texts), dict(self.draft.base), ops, self._trial, self.table
        )
        self.desk.ask(request, lambda answer: self._heard(answer, ops))

    def keep(self, *ops: Op) -> None:
        """Do this to the edit."""
        self._trial = ()
        self.draft.pending += ops
        self.said = ""
        self.look()

    def try_(self, *ops: Op) -> None:
        """See what would come of this, once no key was pressed for a moment; without any, look at the edit again."""
        if ops == self._trial:
            return
        self._trial = ops
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.app.set_timer(PAUSE, self.look)

    def take(self, path: Path, text: bytes, began: bytes) -> bool:
        """Have this text of a file for the edit; whether that is another one than before."""
        moved = self.draft.take({**self.draft.texts, path: text}, {path: began})
        self.look()
        return moved

    async def began(self, path: Path) -> bytes | None:
        """What a file is now, by the disk; None where it cannot be read."""
        return await self.app.source.ask(_on_disk, path)

    def undo(self) -> bool:
        """Take the last edit back."""
        if not self.draft.undo():
            return False
        self.look()
        return True

    def drop(self) -> None:
        """Throw the edit away; that can be undone."""
        self.draft.pending.clear()
        self.draft.take({}, {})
        self.look()

    def onto(self, heard: Callable[[int | None], None]) -> None:
        """Put the edit onto the files as they are by now.

        Args:
            heard: gets in how many places both have changed the same lines; None where nobody has changed a file.
        """

        async def put() -> None:
            while not self.draft.put(found := await self.app.source.ask(_onto, self.draft)):
                pass  # it was edited meanwhile
            self._foreign = ()
            if found.clashes:
                self.look()
            heard(sum(found.clashes.values()) if found.clashes else None)

        self._begin("onto", put)

    def save(self, note: str | None, heard: Callable[[Saved], None]) -> None:
        """Write the edit; `heard` gets what came of it."""
        texts = dict(self.draft.texts)
        before = {path: self.draft.base[path] for path in texts}

        def told(answer: Answer) -> None:
            if isinstance(answer, Broken):
                answer = Saved(refused=answer.text)
            if not isinstance(answer, Saved):
                return
            if answer.text:
                self.draft.saved(texts)
                self.look()
            self.glance()
            heard(answer)

        self.desk.ask(Save(self.root, before, texts, note), told)

    def close(self) -> None:
        """Nobody edits it any more; the draft stays."""
        if self._timer is not None:
            self._timer.stop()
        self.desk.close()

    # ── hearing ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _heard(self, answer: Answer, ops: tuple[Op, ...]) -> None:
        match answer:
            case Lines():
                self._lines(answer, ops)
            case Checked():
                self.checked = answer
            case Past():
                self.past = answer
            case Outlook():
                self.outlook = answer
            case Broken():
                self.said = answer.text
        self.tell()

    def _lines(self, found: Lines, ops: tuple[Op, ...]) -> None:
        if self.draft.pending[: len(ops)] == list(ops):
            del self.draft.pending[: len(ops)]
        self.draft.take(found.kept, found.began)
        self.said = found.refused or ""
        if found.fields is None and self.lines is not None:
            # They come in a moment; until then the ones before stay.
            found = replace(found, fields=self.lines.fields)
        self.lines = found
        self._stamps = found.stamps
        self.glance()

    # ── what is known ─────────────────────────────────────────────────────────────────────────────────────────────

    async def renew(self) -> bool:
        """Look at the files anew; whether that changed which of the edit somebody else has changed (`foreign`)."""
        before = self.foreign
        self._foreign, self._now = await self.app.source.ask(_seen, self.draft, tuple(self._stamps))
        return self.foreign != before

    async def follow(self) -> bool:
        """Look at the files anew, and have the child read what has changed; whether anything has."""
        changed = await self.renew()
        if self.stale:
            self.look()
            return True
        return changed

    def glance(self) -> None:
        """Look at the files anew, and `tell` where that changed what is known."""

        async def told() -> None:
            if await self.renew():
                self.tell()

        self._begin("glance", told)

    @property
    def foreign(self) -> tuple[Path, ...]:
        """The edited files that somebody else has changed since the edit began, as far as is known."""
        return tuple(path for path in self._foreign if path in self.draft.texts)

    @property
    def stale(self) -> bool:
        """Whether a file has changed on disk, as far as is known, since the child read it or was asked to."""
        return self._now != self._asked and any(self._now.get(path, s) != s for path, s in self._stamps.items())

    @property
    def flaws(self) -> tuple[Flaw, ...]:
        """Every problem, as far as it is known yet."""
        return () if self.checked is None else self.checked.flaws

    def at(self, path: Path, line: int) -> list[Flaw]:
        """The problems on a line."""
        return [f for f in self.flaws if f.spot is not None and (f.spot.path, f.spot.line) == (path, line)]

    def about(self, key: Key) -> tuple[Flaw, ...]:
        """The problems at a key and below it."""
        name = dotted(key)
        return tuple(f for f in self.flaws if f.key == name or f.key.startswith((f"{name}.", f"{name}[")))


def _seen(
    conn: sqlite3.Connection, draft: Draft, paths: Iterable[Path]
) -> tuple[tuple[Path, ...], Mapping[Path, Stamp]]:
    return draft.moved(), {path: stamp(path) for path in paths}


def _onto(conn: sqlite3.Connection, draft: Draft) -> Onto:
    return draft.onto()


def _on_disk(conn: sqlite3.Connection, path: Path) -> bytes | None:
    return on_disk(path)


def draft_of(app: LifecycleApp) -> Draft:
    """The app's draft; made when it is first wanted."""
    if app.draft is None:
        app.draft = Draft()
    return app.draft


def dotted(key: Key) -> str:
    """A key path as problems write it; as `config.sources.dotted`."""
    parts = []
    for part in key:
        quoted = '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'
        parts.append(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else quoted)
    return ".".join(parts)
