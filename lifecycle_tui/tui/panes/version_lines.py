"""What the versions pane shows of a version: the list's columns, and the sections of its page.

Functions from rows to cells and facts; `versions` puts them on the screen, and what compares two is `version_beside`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lifecycle_tui.registry.aliases import CHALLENGER, CHAMPION, AliasMove
from lifecycle_tui.state.judgements import Judgement
from lifecycle_tui.tui import marks
from lifecycle_tui.tui.grid import Cell, Column
from lifecycle_tui.tui.panes.version_beside import NARROW, judged_on, ranked
from lifecycle_tui.tui.reads.versions import ROLLED_BACK, Comparison, VersionLine, Whole
from lifecycle_tui.tui.records import Fact, Section, brief, facts, measured, section
from lifecycle_tui.tui.text import count, joined, moment


def columns(lane: Callable[[VersionLine], str], room: int, marked: Callable[[], int | None]) -> tuple[
    Column[VersionLine], ...
]:  # fmt: skip
    """Columns of the list.

    Args:
        lane: draws the lineage beside a version, in `room` cells.
        marked: number of the version to compare with.
    """

    def label(v: VersionLine) -> Cell:
        return Cell(f"{_named(v)}{' *' if v.number == marked() else ''}", "bold")

    return (
        Column("lane", "", room, lambda v: Cell(lane(v), "ok" if v.serves else "dim")),
        Column("version", "version", 8, label, grow=1, most=20, value=_named),
        Column("aliases", "serves as", 16, _aliases, grow=1, most=24),
        Column("made", "made", 16, lambda v: Cell(moment(v.version.created_at)), needs=NARROW),
        Column("day", "made", 10, lambda v: Cell(f"{v.version.created_at:%Y-%m-%d}"), until=NARROW),
        Column("origin", "how", 10, _origin, grow=1, most=16, needs=NARROW),
        Column("parent", "from", 4, _parent, right=True, value=lambda v: v.version.facts.parent),
        Column("judged", "judged", 13, _judged),
        Column("rows", "rows", 9, lambda v: Cell(count(v.version.facts.data_rows)), right=True, needs=96,
               value=lambda v: v.version.facts.data_rows),
        Column("data", "trained on", 24, lambda v: Cell(_span(v), "dim"), needs=120),
        Column("gain", "gain", 24, _gain, needs=150, grow=2, most=44),
        Column("why", "why", 20, lambda v: Cell(v.version.facts.why or v.version.facts.note or "", "dim"), needs=150,
               grow=4),
    )  # fmt: skip


def _named(v: VersionLine) -> str:
    """Its number, and its name in the data where that is another."""
    return str(v.number) if v.version.label == str(v.number) else f"{v.number} {v.version.label}"


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
        (Fact(mark.word, judgement.text, mark.tone), *facts(("when", judged_on(judgement))), *gates),
    )


def _beside(found: Comparison) -> Iterable[Section]:
    assert found.other is not None
    title = f"beside version {found.other.number} ({found.role})"
    pairs = [Fact(s.name, f"{brief(s.one)} here, {brief(s.other)} there") for s in found.differs]
    yield Section(title, tuple(pairs) or (Fact("", "nothing that is recorded differs"),))
    for what, sides in (("metrics when made", found.metrics), ("importance", ranked(found.importance))):
        shown = tuple(Fact(s.name, f"{measured(s.one)} here, {measured(s.other)} there") for s in sides)
        yield Section(f"{what}, beside version {found.other.number}", shown)


def _moved(move: AliasMove, version: int) -> Fact:
    if move.version == version:
        came = "" if move.previous in (None, version) else f", in place of version {move.previous}"
        text = f"{moment(move.at)}  named it{came}"
    else:
        went = "was removed" if move.version is None else f"went on to version {move.version}"
        text = f"{moment(move.at)}  {went}"
    who = f" by {move.by}" if move.by else ""
    return Fact(move.alias, text + who + (f": {move.why}" if move.why else ""), "ok" if move.alias == CHAMPION else "")
