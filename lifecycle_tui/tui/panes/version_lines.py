"""What the versions pane shows of a version: the list's columns, the panel that compares two, the sections of its page.

Functions from rows to cells, lines and facts; `versions` puts them on the screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lifecycle_tui.plots import sparkline
from lifecycle_tui.registry.aliases import CHALLENGER, CHAMPION, AliasMove
from lifecycle_tui.registry.differences import Sides
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.tui import marks
from lifecycle_tui.tui.grid import Cell, Column
from lifecycle_tui.tui.reads.versions import ROLLED_BACK, Comparison, Recent, VersionLine, Whole
from lifecycle_tui.tui.records import Fact, Section, brief, facts, measured, section
from lifecycle_tui.tui.text import Line, Span, count, cut, fit, fold, joined, moment, number, safe, width

SHORT = 8
"""Differences that the panel names."""
NAMES = 22
WIDE = 32
"""Cells from which a measured number has room for how many rows it rests on."""
TECHNICAL = ("libraries.", "schema.", "digest", "code", "data.fingerprint")
"""Differences that come last."""


def columns(lane: Callable[[VersionLine], str], room: int, marked: Callable[[], int | None]) -> tuple[
    Column[VersionLine], ...
]:  # fmt: skip
    """Columns of the list.

    Args:
        lane: draws the lineage beside a version, in `room` cells.
        marked: number of the version to compare with.
    """

    def label(v: VersionLine) -> Cell:
        name = "" if v.version.label == str(v.number) else f" {v.version.label}"
        return Cell(f"{v.number}{name}{' *' if v.number == marked() else ''}", "bold")

    return (
        Column("lane", "", room, lambda v: Cell(lane(v), "ok" if v.serves else "dim")),
        Column("version", "version", 8, label, grow=1, most=20),
        Column("aliases", "serves as", 16, _aliases, grow=1, most=24),
        Column("made", "made", 16, lambda v: Cell(moment(v.version.created_at))),
        Column("origin", "how", 10, _origin, grow=1, most=16),
        Column("parent", "from", 4, _parent, right=True),
        Column("judged", "judged", 13, _judged),
        Column("rows", "rows", 9, lambda v: Cell(count(v.version.facts.data_rows)), right=True, needs=96),
        Column("data", "trained on", 24, lambda v: Cell(_span(v), "dim"), needs=120),
        Column("gain", "gain", 24, _gain, needs=150, grow=2, most=44),
        Column("why", "why", 20, lambda v: Cell(v.version.facts.why or v.version.facts.note or "", "dim"), needs=150,
               grow=4),
    )  # fmt: skip


def _aliases(v: VersionLine) -> Cell:
    words = " ".join(v.aliases)
    if v.waits:
        words = joined((words, "waits"), " ")
    if not words:
        return Cell(v.past, "warning" if v.past == ROLLED_BACK else "dim")
    return Cell(words, "ok" if v.serves else "info" if CHALLENGER in v.aliases or v.waits else "")


def _origin(v: VersionLine) -> Cell:
    return Cell(v.version.facts.strategy or v.version.facts.origin)


def _parent(v: VersionLine) -> Cell:
    parent = v.version.facts.parent
    return Cell("" if parent is None else str(parent), "dim")


def _judged(v: VersionLine) -> Cell:
    if v.judgement is None:
        return Cell("-", "dim")
    mark = marks.verdict(v.judgement.verdict)
    return Cell(mark.text(), mark.tone)


def _gain(v: VersionLine) -> Cell:
    if v.judgement is None:
        return Cell("")
    return Cell("; ".join(f"{name} {value}" for name, value in _numbers(v.judgement)))


def _numbers(judgement: Judgement) -> list[tuple[str, str]]:
    """The numbers behind a judgement's gates, each once."""
    found: dict[str, str] = {}
    for gate in judgement.gates:
        numbers = gate.get("numbers")
        if isinstance(numbers, dict):
            found |= {str(name): measured(value) for name, value in numbers.items()}
    return list(found.items())


def _span(v: VersionLine) -> str:
    """The days that it was trained on."""
    start, end = v.version.facts.data_start, v.version.facts.data_end
    if start is None and end is None:
        return ""
    return f"{'…' if start is None else f'{start:%Y-%m-%d}'} to {'…' if end is None else f'{end:%Y-%m-%d}'}"


def searched(v: VersionLine) -> str:
    """What the filter looks in."""
    facts = v.version.facts
    judged = "" if v.judgement is None else marks.verdict(v.judgement.verdict).word
    return " ".join(
        (str(v.number), v.version.label, *v.aliases, v.past, facts.origin, facts.strategy or "", judged, facts.by or "",
         facts.why or "", facts.note or "", moment(v.version.created_at))
    )  # fmt: skip


# ── the panel: two versions side by side ──────────────────────────────────────────────────────────────────────────────


def panel(found: Comparison | None, cells: int) -> list[Line]:
    """The version under the cursor beside the other one."""
    if found is None:
        return []
    one, other = found.one.version, found.other
    if other is None:
        lines: list[Line] = [(Span(f" version {one.number}", "bold"), Span("  nothing to compare it with yet"))]
        return lines + _own(found.one, cells)
    heads = (f"version {one.number}", f"version {other.number}")
    lines = [(Span(f" {heads[0]} beside {heads[1]} ({found.role})", "bold"),)]
    lines += _verdict(found.judgement, cells)
    lines += _metrics(found, heads, cells)
    lines += _differs(found.differs, heads, cells)
    return lines


def _own(line: VersionLine, cells: int) -> list[Line]:
    values = line.version.facts.metrics or {}
    return [
        (Span(f"   {fit(safe(name), 16)} ", "dim"), Span(cut(measured(value), cells - 22)))
        for name, value in values.items()
    ]


def _verdict(judgement: Judgement | None, cells: int) -> list[Line]:
    if judgement is None:
        return [(Span("   neither was judged against the other: the metrics are of different rows", "dim"),)]
    mark = marks.verdict(judgement.verdict)
    lines: list[Line] = []
    for place, text in enumerate(fold(judgement.text, cells - 6 - width(mark.text()), most=3)):
        head = f"   {mark.text()}  " if place == 0 else " " * (5 + width(mark.text()))
        lines.append((Span(head, mark.tone), Span(text)))
    against = "" if judgement.champion is None else f" against version {judgement.champion}"
    said = f"version {judgement.version}{against}, judged {_judged_on(judgement)}"
    lines += [(Span(f"   {text}", "dim"),) for text in fold(said, cells - 4)]
    if len(judgement.gates) > 1 and judgement.verdict != "passed":
        # Where all passed, the sentence names them all.
        lines += _gates(judgement, cells)
    return lines


def _judged_on(judgement: Judgement) -> str:
    span = ""
    if judgement.start is not None and judgement.end is not None:
        span = f" of {judgement.start:%Y-%m-%d} to {judgement.end:%Y-%m-%d}"
    enough = f"; about {count(judgement.wanted)} rows would settle it" if judgement.wanted else ""
    return f"{moment(judgement.at)} on the same {count(judgement.rows)} later rows{span}{enough}"


def _gates(judgement: Judgement, cells: int) -> list[Line]:
    lines: list[Line] = []
    for gate in judgement.gates:
        mark = marks.verdict(str(gate.get("verdict", "")))
        text = str(gate.get("text") or gate.get("gate") or "")
        for place, part in enumerate(fold(text, max(10, cells - 21), most=3)):
            lines.append((Span(fit(f"     {mark.text()}", 20) if place == 0 else " " * 20, mark.tone), Span(part)))
    return lines


def _metrics(found: Comparison, heads: tuple[str, str], cells: int) -> list[Line]:
    if not found.metrics and not found.recent:
        return []
    side = _side(cells)
    lines: list[Line] = [_row("metric", *heads, side, "head")]
    past = {recent.metric: recent for recent in found.recent}
    for sides in found.metrics:
        one, other = (measured(value, n=side >= WIDE) for value in (sides.one, sides.other))
        lines.append(_row(f"{sides.name} when made", one, other, side))
        if (recent := past.pop(sides.name, None)) is not None:
            lines.append(_windows(recent, side))
    return lines + [_windows(recent, side) for recent in past.values()]


def _windows(recent: Recent, side: int) -> Line:
    """One metric of both over the last windows: the newest value that each has, and the way to it on one scale."""
    known = [v for v in (*recent.one, *recent.other) if v is not None and v - v == 0.0]
    low, high = min(known, default=0.0), max(known, default=0.0)
    shown = []
    for values in (recent.one, recent.other):
        last = next(((key, v) for key, v in zip(reversed(recent.windows), reversed(values), strict=True)
                     if v is not None), None)  # fmt: skip
        if last is None:
            shown.append("-")
            continue
        drawn = sparkline(values, 12, low=low, high=high, ascii_only=marks.plain_glyphs())
        shown.append(f"{number(last[1])} {drawn} {last[0]}")
    return _row(f"{recent.metric} in windows", shown[0], shown[1], side)


def _side(cells: int) -> int:
    """Cells for the value of each of the two versions."""
    return max(10, min(40, (cells - NAMES - 6) // 2))


def _row(name: str, one: str, other: str, side: int, tone: str = "") -> Line:
    return (
        Span(f"   {fit(safe(name), NAMES)} ", tone or "dim"),
        Span(f"{fit(safe(one), side)} ", tone), Span(fit(safe(other), side), tone),
    )  # fmt: skip


def _differs(differs: tuple[Sides, ...], heads: tuple[str, str], cells: int) -> list[Line]:
    if not differs:
        return [(Span("   nothing that is recorded differs but when they were made", "dim"),)]
    side = _side(cells)
    shown = sorted(differs, key=lambda s: (s.name.startswith(TECHNICAL), s.name))
    lines = [_row("differs", *heads, side, "head")]
    lines += [_row(s.name, brief(s.one), brief(s.other), side) for s in shown[:SHORT]]
    if len(shown) > SHORT:
        lines.append((Span(f"   and {len(shown) - SHORT} more: Enter shows them", "dim"),))
    return lines


# ── the page: all that is known of one ────────────────────────────────────────────────────────────────────────────────


def sections(found: Whole | None, beside: Comparison | None) -> list[Section]:
    """All that is known of a version; nothing where there is no such version."""
    if found is None:
        return []
    version, known = found.line.version, found.line.version.facts
    made = f"{known.origin} at {moment(version.created_at)}" + (f" by {known.by}" if known.by else "")
    top = facts(
        ("serves as", " ".join(found.line.aliases)),
        ("before", found.line.past),
        ("waits", f"for an approval that {found.line.waits} asked for" if found.line.waits else ""),
        ("made", made),
        ("name in the data", known.name),
        ("why", known.why),
        ("note", known.note),
        ("strategy", known.strategy),
        ("made from", None if known.parent is None else f"version {known.parent}"),
        ("versions from it", ", ".join(map(str, found.children))),
        ("trained on", joined((f"{known.data_rows:,} rows" if known.data_rows is not None else "", _span(found.line)))),
        ("artefact", _artefact(found.line)),
        ("data", known.data_digest),
        ("code", known.code),
        ("job", known.job_id),
    )
    ranked = sorted((known.importance or {}).items(), key=lambda pair: -(pair[1] or 0.0))
    return [
        Section("", top),
        *(_section_of(judgement) for judgement in found.judgements),
        section("metrics when made", known.metrics or {}),
        *([] if beside is None or beside.other is None else _beside(beside)),
        Section("importance: how much worse without it", tuple(Fact(n, measured(v)) for n, v in ranked)),
        Section("aliases", tuple(_moved(move, version.number) for move in found.moves)),
        section("parameters", known.parameters or {}),
        section("lineage", known.lineage or {}),
        section("schema", known.schema or {}),
        section("libraries", known.libraries or {}),
    ]


def _artefact(line: VersionLine) -> str:
    known = line.version.facts
    if known.artifact is None:
        return "none: it is only named by the data"
    return joined((known.artifact, known.format or "", "" if known.size is None else f"{known.size:,} bytes"))


def _section_of(judgement: Judgement) -> Section:
    against = "nothing" if judgement.champion is None else f"version {judgement.champion}"
    mark = marks.verdict(judgement.verdict)
    gates = [
        Fact(marks.verdict(str(gate.get("verdict", ""))).word, str(gate.get("text") or gate.get("gate") or ""),
             marks.verdict(str(gate.get("verdict", ""))).tone)
        for gate in judgement.gates
    ]  # fmt: skip
    return Section(
        f"judged against {against}",
        (Fact(mark.word, judgement.text, mark.tone), *facts(("when", _judged_on(judgement))), *gates),
    )


def _beside(found: Comparison) -> Iterable[Section]:
    assert found.other is not None
    title = f"beside version {found.other.number} ({found.role})"
    pairs = [Fact(s.name, f"{brief(s.one)} here, {brief(s.other)} there") for s in found.differs]
    yield Section(title, tuple(pairs) or (Fact("", "nothing that is recorded differs"),))


def _moved(move: AliasMove, version: int) -> Fact:
    if move.version == version:
        came = "" if move.previous in (None, version) else f", in place of version {move.previous}"
        text = f"{moment(move.at)}  named it{came}"
    else:
        went = "was removed" if move.version is None else f"went on to version {move.version}"
        text = f"{moment(move.at)}  {went}"
    who = f" by {move.by}" if move.by else ""
    return Fact(move.alias, text + who + (f": {move.why}" if move.why else ""), "ok" if move.alias == CHAMPION else "")
