"""What the policy screens ask of their child, and what it answers: frozen values, light enough for both sides.

Made by `screens.policy*` and `work`, carried by `desk` and `child`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from lifecycle_tui.tui.reads.performance import Series
from lifecycle_tui.tui.reads.policy_file import File
from lifecycle_tui.tui.stamps import Stamp

Key = tuple[str, ...]
"""A key path from the top of the workspace: ("models", "churn", "rules", "psi", "when")."""
Texts = Mapping[Path, bytes]
"""What an edit makes of files, by absolute path; other files are as they are on disk."""


@dataclass(frozen=True, slots=True)
class Op:
    """One value to be set; `value` is its TOML text, None to have the key taken out."""

    key: Key
    value: str | None


@dataclass(frozen=True, slots=True)
class Look:
    """Look at a model's policy as an edit would have it.

    Attributes:
        over, base: the edit so far, and what its files were when it began.
        ops: what is done to it, to be kept; trial: what is done besides, to see what comes of it: a value that is being
            typed.
        table: of which table the fields are wanted; None for none.
        simulate: whether to say what the edit would have changed; always: also where nothing is edited.
    """

    root: Path
    model: str
    over: Texts
    base: Mapping[Path, bytes | None]
    ops: tuple[Op, ...] = ()
    trial: tuple[Op, ...] = ()
    table: Key | None = None
    simulate: bool = True
    always: bool = False


@dataclass(frozen=True, slots=True)
class Save:
    """Write files, if they are valid and nobody has changed them since.

    Attributes:
        before: what the edit began from; None where there was no file. after: what it is to be.
    """

    root: Path
    before: Mapping[Path, bytes | None]
    after: Texts
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a file: its absolute path, line and column from 1."""

    path: Path
    line: int
    column: int = 1
    width: int = 1


@dataclass(frozen=True, slots=True)
class Flaw:
    """A problem; as `domain.problems.Problem`, its places by absolute path."""

    level: str
    code: str
    message: str
    key: str = ""
    spot: Spot | None = None
    hint: str | None = None
    related: tuple[Spot, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One key of a table, as the file has it and as the program explains it.

    Attributes:
        name: within the table, e.g. "when", "strategy.others"; key: its whole path.
        value: TOML text of what the model's own table has; shared: of what `[defaults]` give it; None for nothing.
        kind: "flag", "choice" or "text".
        type, unit, default, example, meaning: in words, "" where nothing is said; readers: who reads it.
    """

    name: str
    key: Key
    value: str | None
    shared: str | None
    kind: str = "text"
    type: str = ""
    unit: str = ""
    default: str = ""
    example: str = ""
    meaning: str = ""
    readers: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lines:
    """The first answer to `Look`: what the files say by now.

    Attributes:
        kept: the edit with what was done to it to be kept; began: what files were that it touches for the first time.
        refused: why something could not be done.
        changed: lines that the edit, the trial included, has changed: (file, number).
        fields: of the table that was asked for; None where they are still to come.
        stamps: of the files that were read, from before that.
    """

    kept: Texts
    file: File
    began: Texts = field(default_factory=dict)
    changed: frozenset[tuple[Path, int]] = frozenset()
    fields: tuple[FieldFacts, ...] | None = None
    refused: str | None = None
    stamps: Mapping[Path, Stamp] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """The second answer: every problem of the workspace's files."""

    flaws: tuple[Flaw, ...]

    @property
    def errors(self) -> int:
        """How many there are that keep it from being saved."""
        return sum(flaw.level == "error" for flaw in self.flaws)


@dataclass(frozen=True, slots=True)
class Fired:
    """An alert of a replayed past.

    Attributes:
        windows: keys of the windows in which its rule was firing.
        unsure: it rests on what never happened.
    """

    rule: str
    severity: str
    opened: datetime
    since: str
    windows: tuple[str, ...]
    message: str
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """One thing that the edit changes: "gained", "lost", "moved" or "unknown"."""

    kind: str
    at: datetime | None
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """The third answer: what the edited policy would have done with the windows of the past.

    Attributes:
        before, after: alerts by the policy in force and by the edited one.
        trainings: how many each would have started, (before, after).
        windows, months: that were replayed.
        said: why nothing can be said; "" where something is.
    """

    before: tuple[Fired, ...] = ()
    after: tuple[Fired, ...] = ()
    trainings: tuple[int, int] = (0, 0)
    windows: int = 0
    months: float = 0.0
    shifts: tuple[Shift, ...] = ()
    notes: tuple[str, ...] = ()
    said: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """Histories of the signals that a rule reads, in the order in which they are written.

    Attributes:
        when, before: the rule's condition by the edit, and as the file has it; "" where there is none.
    """

    series: tuple[Series, ...] = ()
    when: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Saved:
    """What came of saving: `text` says what was done; else `refused` why not, `moved` whether files had changed."""

    text: str = ""
    refused: str = ""
    more: tuple[str, ...] = field(default=())
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Broken:
    """The child could not answer at all."""

    text: str


Answer = Lines | Checked | Past | Outlook | Saved | Broken
