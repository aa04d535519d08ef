"""An edit that is not saved: what it makes of which files, what those were when it began, and the way back.

One for the whole app: the policies of several models may lie in one file. Kept by `LifecycleApp.draft`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lifecycle_tui.tui.policy.asked import Op, Texts
from lifecycle_tui.tui.policy.merge import merged
from lifecycle_tui.tui.stamps import Stamp, stamp

MOST = 200
"""Steps back that are kept."""


@dataclass(frozen=True, slots=True)
class Onto:
    """An edit upon what its files are by now.

    Attributes:
        edit: the texts that it was made of; texts: what comes of them.
        base, stamps: of the files that somebody else had changed.
        clashes: of these, in how many places both have changed the same lines.
    """

    edit: Texts
    texts: Texts
    base: Mapping[Path, bytes | None]
    stamps: Mapping[Path, Stamp]
    clashes: Mapping[Path, int]


class Draft:
    """Texts of files as somebody has edited them.

    `moved` and `onto` look at the disk: they are called in the reader's thread; everything else in the event loop.

    Attributes:
        texts: of the files that differ from what they were when the edit began.
        base: what they were then; None where there was no such file.
        pending: what is asked for and not in the texts yet.
    """

    def __init__(self) -> None:
        self.texts: dict[Path, bytes] = {}
        self.base: dict[Path, bytes | None] = {}
        self.pending: list[Op] = []
        self._stamps: dict[Path, Stamp] = {}
        self._past: list[dict[Path, bytes]] = []

    def __bool__(self) -> bool:
        return bool(self.texts or self.pending)

    @property
    def steps(self) -> int:
        """How many edits can be undone."""
        return len(self._past)

    def take(self, texts: Texts, began: Texts) -> bool:
        """Have an edit so from now on; whether that is another one than before.

        Args:
            began: what the files were that it touches for the first time.
        """
        fresh = dict(texts)
        for path, text in began.items():
            # Without a stamp it is compared with the file at the next look: that may have moved since it was read.
            self.base.setdefault(path, text)
            self._stamps.setdefault(path, None)
        fresh = {path: text for path, text in fresh.items() if text != self.base[path]}
        if fresh == self.texts:
            return False
        self._past = [*self._past[-MOST + 1 :], self.texts]
        self.texts = fresh
        return True

    def undo(self) -> bool:
        """Take the last edit back; False where there is none."""
        if not self._past:
            return False
        self.texts = self._past.pop()
        return True

    def saved(self, texts: Texts) -> None:
        """These texts are on disk now; what was edited meanwhile stays an edit of them."""
        for path, text in texts.items():
            self.base[path], self._stamps[path] = text, None
        self.texts = {path: text for path, text in self.texts.items() if text != self.base[path]}
        self._past = []

    # ── what others did meanwhile ─────────────────────────────────────────────────────────────────────────────────

    def moved(self) -> tuple[Path, ...]:
        """The edited files that somebody else has changed since. Costs a few microseconds where nobody has."""
        found = []
        for path in self.texts:
            if (now := stamp(path)) == self._stamps[path] and now is not None:
                continue
            if on_disk(path) == self.base[path]:
                self._stamps[path] = now
            else:
                found.append(path)
        return tuple(found)

    def onto(self) -> Onto:
        """The edit upon what the files are now; `put` takes it.

        Nothing is lost: there both texts stand one after the other between marks, which are no TOML, so that it cannot
        be saved before somebody has chosen. It can be undone, as every edit, but not back to files of the past.
        """
        edit = self.texts
        fresh, clashes = dict(edit), {}
        base: dict[Path, bytes | None] = {}
        stamps: dict[Path, Stamp] = {}
        for path in self.moved():
            if path not in edit:
                continue  # edited since: `put` sees that
            stamps[path], base[path] = stamp(path), on_disk(path)
            fresh[path], clashes[path] = merged(self.base[path] or b"", edit[path], base[path] or b"")
        return Onto(edit, fresh, base, stamps, clashes)

    def put(self, found: Onto) -> bool:
        """Have the edit so from now on; False where it is another one by now than `found` was made of."""
        if self.texts is not found.edit:
            return False
        self.base.update(found.base)
        self._stamps.update(found.stamps)
        self.texts = {path: text for path, text in found.texts.items() if text != self.base[path]}
        self._past = []
        return True


def on_disk(path: Path) -> bytes | None:
    """What a file is now; None where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError:
        return None
