"""What the policy screen says: banners, the problem under the cursor, the verdict on the whole, the side panel.

Functions from an edit to lines; called by `screens.policy`.
"""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle_tui.tui.policy import entries, outlook_lines
from lifecycle_tui.tui.policy.asked import Flaw
from lifecycle_tui.tui.policy.editing import Editing
from lifecycle_tui.tui.policy.entries import Entry, Row
from lifecycle_tui.tui.text import Line, Span, fold, joined

CLEAN = "no problems"


def counted(flaws: Sequence[Flaw]) -> str:
    """`2 errors, 1 warning`."""
    errors = sum(flaw.level == "error" for flaw in flaws)
    warnings = len(flaws) - errors
    return joined((
        f"{errors} error{'' if errors == 1 else 's'}" if errors else "",
        f"{warnings} warning{'' if warnings == 1 else 's'}" if warnings else "",
    ), ", ")  # fmt: skip


def banner(editing: Editing, note: str | None, declared: bool, cells: int) -> list[Line]:
    """What stands between the file, the edit and what the agent does.

    Args:
        note: what the agent says of the file, where it works by an older text.
        declared: whether state knows the model.
    """
    said: list[tuple[str, str]] = []
    if editing.foreign:
        names = ", ".join(path.name for path in editing.foreign)
        text = f"{names} has changed on disk since this edit began: m puts the edit onto the new text"
        said.append((text, "warning"))
    if note and not editing.draft:
        said.append((f"The agent works by an older text: {note}; n goes there", "critical"))
    if not declared:
        said.append(("This model is in state no more; what the file says of it shows.", "warning"))
    if editing.lines is not None and editing.lines.file.problem and not editing.flaws:
        said.append((editing.lines.file.problem, "critical"))
    return [(Span(f" {text}", tone),) for words, tone in said for text in fold(words, cells, 2)]


def here(editing: Editing, found: Sequence[Flaw], cells: int) -> list[Line]:
    """The problem under the cursor in two lines, else what can be said of the whole and what if."""
    if not found:
        return [(Span(f" {_verdict(editing)}", "dim"),), outlook_lines.summary(editing.outlook)]
    head, more = entries.flaw_text(found[0])
    mark = entries.ERROR if found[0].level == "error" else entries.WARNING
    also = f" (and {len(found) - 1} more here)" if len(found) > 1 else ""
    texts = fold(f"{mark.sign()} {head}{also}", cells, 1 if more else 2)
    lines: list[Line] = [(Span(f" {text}", mark.tone),) for text in texts]
    lines += [(Span(f"   {text}", "dim"),) for text in fold(more, cells - 2, 1)] if more else []
    return [*lines, (), ()][:2]


def _verdict(editing: Editing) -> str:
    """What can be said of the whole."""
    if editing.said:
        return editing.said
    if editing.checked is None:
        return "checking…"
    if not editing.flaws:
        return CLEAN + (": w saves the edit" if editing.draft else "")
    return f"{counted(editing.flaws)}: n goes to {'it' if len(editing.flaws) == 1 else 'the next one'}"


def panel(editing: Editing, entry: Entry | None, cells: int) -> list[Line]:
    """On a wide screen: the entry under the cursor, every problem, and what the edit would have done."""
    lines: list[Line] = []
    if entry is not None:
        then = joined((entry.severity, f"then {entry.then}" if entry.then else "", entry.place))
        lines += [(), (Span(f" {entry.name}  ", "bold"), Span(then, "dim"))]
        for text, tone in ((entry.text, ""), (entry.said, entry.mark.tone)):
            lines += [(Span(f"   {part}", tone),) for part in fold(text, cells - 4)]
    if editing.flaws:
        lines += [(), (Span(f" {counted(editing.flaws)}", "bold"),)]
    for flaw in editing.flaws:
        head, more = entries.flaw_text(flaw)
        mark = entries.ERROR if flaw.level == "error" else entries.WARNING
        where = f"{flaw.spot.path.name}:{flaw.spot.line}: " if flaw.spot is not None else ""
        lines += [(Span(f" {text}", mark.tone),) for text in fold(f"{mark.sign()} {where}{head}", cells - 2)]
        lines += [(Span(f"   {text}", "dim"),) for text in fold(more, cells - 4)] if more else []
    return [*lines, *outlook_lines.lines(editing.outlook, cells)]


def state(editing: Editing) -> str:
    """For the title: whether it is edited, and what is wrong with it."""
    return joined(("edited, not saved" if editing.draft else "", counted(editing.flaws) if editing.flaws else ""))


def about_line(name: str, row: Row, inside: Entry | None) -> Line:
    """A line of a file, and what edits it."""
    what = f"Enter edits {inside.name}" if inside is not None else "v edits it in $EDITOR"
    return (Span(f" {name}:{max(1, row.number)}  ", "bold"), Span(what, "dim"))


def about_entry(entry: Entry) -> Line:
    """How a rule stands, and where it is written."""
    where = "from [defaults], an edit holds for this model alone" if entry.shared else entry.place
    return (Span(f" {entry.mark.text()}  ", entry.mark.tone), Span(joined((entry.said, where))))


def onto(clashes: int | None) -> tuple[str, str]:
    """What came of putting the edit onto a file that has changed (None: none has), and its tone."""
    if clashes is None:
        return "nobody has changed the file since this edit began", "dim"
    if not clashes:
        return "the edit stands on the new text now: look at it again, then w saves", "info"
    places = "1 place" if clashes == 1 else f"{clashes} places"
    return f"both changed the same lines in {places}: n goes there, v to choose, R takes theirs", "warning"
