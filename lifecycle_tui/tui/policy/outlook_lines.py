"""What an edit would have done, as lines: a summary, the differences with their dates, and marks under the history.

Pure; called by the policy screen and by the form.
"""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle_tui.plots.chart import Chart, Level, Point
from lifecycle_tui.tui import marks
from lifecycle_tui.tui.marks import Mark
from lifecycle_tui.tui.pictures import history
from lifecycle_tui.tui.policy.asked import Fired, Outlook, Shift
from lifecycle_tui.tui.reads.performance import Series
from lifecycle_tui.tui.text import Line, Span, cut, fit, fold, joined, width
from lifecycle_tui.tui.thresholds import Threshold

SHIFTS: dict[str, Mark] = {
    "gained": Mark("+", "+", "gained", "warning", 0),
    "lost": Mark("−", "-", "lost", "ok", 1),
    "moved": Mark("→", ">", "moved", "info", 2),
    "unknown": Mark("?", "?", "unknown", "dim", 3),
}
FIRING = Mark("▲", "^", "firing", "warning", 0)
LABELS = ("now", "edit")
"""The policy in force, and the edited one: in front of their marks."""
FEWEST = 4
"""Rows of a chart below which it is left out."""


def summary(found: Outlook | None) -> Line:
    """One line: alerts and trainings before and after."""
    if found is None:
        return ()
    if found.said:
        return (Span(f" What if: {found.said}", "dim"),)
    unknown = sum(shift.kind == "unknown" for shift in found.shifts)
    texts = (
        f"{_many(len(found.before), 'alert')} → {len(found.after)} "
        f"({_rate(found.before, found)} → {_rate(found.after, found)} a month)",
        f"{_many(found.trainings[0], 'training')} → {found.trainings[1]}",
        f"{unknown} unknown" if unknown else "",
    )
    return (Span(" What if: ", "bold"), Span(joined(texts)), Span(f" · {found.windows} windows", "dim"))


def _rate(fired: Sequence[Fired], found: Outlook) -> str:
    return f"{len(fired) / found.months:.1f}" if found.months else "0"


def _many(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"


def lines(found: Outlook | None, cells: int) -> list[Line]:
    """The summary, then each difference, then what has to be known; nothing where nothing is edited."""
    if found is None:
        return []
    head = summary(found)
    text = "".join(span.text for span in head)
    folded: list[Line] = (
        [head] if width(text) <= cells else [(Span(f" {part}"),) for part in fold(text.strip(), cells - 2)]
    )
    if not found.said and not found.shifts:
        folded.append((Span("   nothing would have been different", "dim"),))
    for shift in found.shifts:
        folded += _shift(shift, cells)
    for note in found.notes:
        folded += [(Span(f"   {part}", "dim"),) for part in fold(note, cells - 4)]
    return [(), *folded]


def course(found: Outlook, cells: int) -> list[Line]:
    """What the policy in force would have done: its alerts, newest first, and how many trainings."""
    if found.said:
        return [(Span(f" {part}", "dim"),) for part in fold(found.said, cells - 2)]
    alerts = f"{_many(len(found.before), 'alert')} ({_rate(found.before, found)} a month)"
    told = joined((alerts, _many(found.trainings[0], "training")))
    lines: list[Line] = [
        (Span(" In force: ", "bold"), Span(told), Span(f" · {_many(found.windows, 'window')}", "dim")),
        (),
    ]
    for fired in sorted(found.before, key=lambda f: f.opened, reverse=True):
        mark = SHIFTS["unknown"] if fired.unsure else marks.severity(fired.severity)
        head = f" {mark.sign()} {fired.opened:%Y-%m-%d}  "
        text = f"{fired.rule}: {fired.message} ({_many(len(fired.windows), 'window')})"
        parts = fold(text, max(10, cells - width(head) - 1))
        lines += [(Span(head if not n else " " * width(head), mark.tone), Span(part)) for n, part in enumerate(parts)]
    if not found.before:
        lines.append((Span("   no alert would have opened", "dim"),))
    for note in found.notes:
        lines += [(Span(f"   {part}", "dim"),) for part in fold(note, cells - 4)]
    return lines


def _shift(shift: Shift, cells: int) -> list[Line]:
    mark = SHIFTS.get(shift.kind) or Mark("·", ".", shift.kind, "", 4)
    when = f"{shift.at:%Y-%m-%d}" if shift.at is not None else ""
    head = f" {mark.text():<9} {when:<10} {shift.what:<8} "
    parts = fold(shift.text, max(10, cells - width(head) - 1))
    return [
        (Span(head if not n else " " * width(head), mark.tone), Span(part)) for n, part in enumerate(parts)
    ]  # fmt: skip


def chart(
    series: Series | None, levels: Sequence[tuple[Threshold, bool]], outlook: Outlook | None, rule: str, cells: int,
    rows: int,
) -> list[Line]:  # fmt: skip
    """The history of the signal that a rule reads, with its thresholds, and where it was firing by each policy.

    Args:
        levels: thresholds, and whether it is the edited one.
    """
    if series is None or rows < FEWEST:
        return []
    points = [
        Point(p.value, None if p.signal is None else p.signal.lower, None if p.signal is None else p.signal.upper,
              p.mature or not p.version)
        for p in series.points
    ]  # fmt: skip
    told = outlook is not None and not outlook.said
    drawn, made = history(
        [p.key for p in series.points], points, cells, rows - 1 - 2 * told,
        levels=[Level(t.value, "warning" if edited else "dim") for t, edited in levels],
    )  # fmt: skip
    if not drawn:
        return [(Span(f" {series.name}: no number in {len(points)} windows", "dim"),)]
    found = [_caption(series, levels, made, cells), *drawn[:-1]]
    if told:
        assert outlook is not None
        for label, fired in zip(LABELS, (outlook.before, outlook.after), strict=True):
            found.append(_firing(label, fired, rule, series, made, cells))
    return [*found, drawn[-1]]


def _caption(series: Series, levels: Sequence[tuple[Threshold, bool]], made: Chart, cells: int) -> Line:
    sign = "-" if marks.plain_glyphs() else "─"
    spans = [Span(f" {series.name}  ", "bold")]
    for threshold, edited in levels:
        out = " (off the scale)" if any(lv.value == threshold.value for lv in made.beyond) else ""
        text = f"{sign} {threshold.text} {threshold.value:g}{out}  "
        spans.append(Span(text, "warning" if edited else "dim"))
    room = cells
    line: list[Span] = []
    for span in spans:
        line.append(Span(cut(span.text, room), span.tone))
        room -= min(room, width(span.text))
    return tuple(line)


def _firing(label: str, fired: Sequence[Fired], rule: str, series: Series, made: Chart, cells: int) -> Line:
    """A sign under each window in which the rule was firing; another where that rests on what never happened."""
    firing = {key: episode for episode in fired if episode.rule == rule for key in episode.windows}
    row = [Span(" ")] * max(1, cells - 1)
    for point, at in zip(series.points, made.at, strict=True):
        episode = firing.get(point.key)
        if episode is not None and at < len(row):
            row[at] = Span(SHIFTS["unknown"].sign(), "dim") if episode.unsure else Span(FIRING.sign(), FIRING.tone)
    return (Span(fit(f" {label}", made.gutter + 1), "dim"), *row[made.gutter :])
