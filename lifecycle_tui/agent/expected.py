"""What must be expected of a workspace's rules while nothing is wrong: how often each fires on the reference, and the
false pages a year of the file as a whole.

Reads the reference's windows from state, where the job `reference` left them, and holds the rules of the file in hand
(in force or only edited) against them. Called by `config check`, the policy screen and `policy simulate`; imports
nothing heavy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from lifecycle_tui.domain.problems import Problem
from lifecycle_tui.domain.signals import ColumnKind, Signal
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.domain.windows import TimeWindow, WindowSpec
from lifecycle_tui.policy.budget import UNTIMED, model_alpha
from lifecycle_tui.policy.facts import WindowFacts, facts_from_signals
from lifecycle_tui.policy.firing import Expected, Stretch, expect
from lifecycle_tui.policy.pages import ModelPages, Pages, expect_pages, told
from lifecycle_tui.state import reference as stored
from lifecycle_tui.state import reference_signals
from lifecycle_tui.state.text import moment

if TYPE_CHECKING:
    from lifecycle_tui.agent.work.reference_windows import Measured
    from lifecycle_tui.workspace import Workspace

YEAR = timedelta(days=365.25)

UNMEASURED = "its reference has not been measured yet: `lifecycle check` does it"

OTHERWISE = "its reference was measured in other windows: `lifecycle check` does it anew"

_LENGTHS = {
    "minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1),
    "month": YEAR / 12, "quarter": YEAR / 4, "year": YEAR,
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What is known of one model's reference.

    Attributes:
        kinds: of its columns; those that the file fixes where it was never read.
        stretch: its windows; None where they have not been measured, `why` says the reason.
    """

    kinds: Mapping[str, ColumnKind]
    stretch: Stretch | None = None
    why: str = ""


@dataclass(frozen=True)
class Outlook:
    """Attributes: rules: of all models, in the file's order · pages: of the file as a whole · notes: (model, what to
    know of its reference)."""

    rules: tuple[Expected, ...]
    pages: Pages
    notes: tuple[tuple[str, str], ...] = ()


def expected(
    workspace: Workspace, conn: sqlite3.Connection, models: Collection[str] | None = None
) -> tuple[Expected, ...]:
    """What must be expected of each rule of these models (None: all), from state."""
    chosen = [spec for spec in workspace.spec.models if models is None or spec.name in models]
    return tuple(row for spec in chosen for row in _of_model(workspace, spec, known(conn, workspace, spec)).rules)


def outlook(workspace: Workspace, conn: sqlite3.Connection) -> Outlook:
    """The same for all models with the pages of the file, from state."""
    return outlook_of(workspace, {spec.name: known(conn, workspace, spec) for spec in workspace.spec.models})


def outlook_of(workspace: Workspace, found: Mapping[str, Known]) -> Outlook:
    """The outlook from what is known of each model, wherever that comes from."""
    models = [_of_model(workspace, spec, found[spec.name]) for spec in workspace.spec.models]
    notes = [(m.model, note) for m in models if (note := _note(found[m.model])) and m.rules]
    rows = tuple(row for model in models for row in model.rules)
    return Outlook(rows, expect_pages(models, workspace.spec.notifiers), tuple(notes))


def _note(found: Known) -> str:
    return found.stretch.note if found.stretch is not None else found.why


def known(conn: sqlite3.Connection, workspace: Workspace, spec: ModelSpec) -> Known:
    """What state knows of a model's reference."""
    row = stored.get_reference(conn, spec.name, profiles=False)
    if row is None:
        return Known(spec.columns.kinds, None, UNMEASURED)
    kinds = cast("dict[str, ColumnKind]", stored.kinds(conn, spec.name, row.digest))
    how: Mapping[str, Any] = row.facts.get("windows", {})
    if not how:
        return Known(kinds, None, UNMEASURED)
    if how["window"] != repr(spec.data.window):
        return Known(kinds, None, OTHERWISE)
    if not how["a_year"]:
        return Known(kinds, None, str(how["note"]))
    names = {ref.name for rule in workspace.rules(spec, kinds) for ref in rule.expression.signals}
    signals = reference_signals.read(conn, spec.name, row.digest, names)
    spans = [(key, None if end is None else moment(end), bool(mature)) for key, _, end, _, mature in how["spans"]]
    found = stretch(((*span, signals.get(span[0], ())) for span in spans), float(how["a_year"]), str(how["note"]))
    return Known(kinds, found)


def from_measured(measured: Measured, kinds: Mapping[str, ColumnKind]) -> Known:
    """What was measured just now."""
    windows = ((w.window.key, w.window.end, w.mature, w.signals) for w in measured.windows)
    return Known(kinds, stretch(windows, measured.a_year, measured.note))


def stretch(
    windows: Iterable[tuple[str, datetime | None, bool, Collection[Signal]]], a_year: float, note: str
) -> Stretch:
    """Windows as (key, end, mature, signals), in window order, as rules read them."""
    facts, ends = [], {}
    for order, (key, end, mature, signals) in enumerate(windows):
        facts.append(WindowFacts(key, order, "", mature, facts_from_signals(signals)))
        if end is not None:
            ends[key] = end
    return Stretch(tuple(facts), a_year, ends, note)


def _of_model(workspace: Workspace, spec: ModelSpec, found: Known) -> ModelPages:
    rules = workspace.rules(spec, found.kinds)
    length = _length(spec.data.window, found.stretch)
    alpha = None if length is None else model_alpha(workspace.spec, spec, length)
    rows = expect(rules, found.stretch, alpha, None if length is None else YEAR / length, found.why)
    told_of = tuple(
        replace(row, pages=told(rule, spec.owner, workspace.spec.notifiers))
        for row, rule in zip(rows, rules, strict=True)
    )
    data = spec.data
    tables = (data.table, data.features, data.predictions, data.labels.table)
    sources = tuple(table.location for table in tables if table is not None)
    return ModelPages(spec.name, told_of, spec.owner, sources, found.stretch)


def _length(window: WindowSpec, found: Stretch | None) -> timedelta | None:
    """How long a window lasts; None where neither the reference nor the file says."""
    if found is not None:
        return YEAR / found.a_year if found.ends else UNTIMED
    return _LENGTHS[window.unit] * window.count if isinstance(window, TimeWindow) else None


def problems(workspace: Workspace, found: Outlook) -> tuple[Problem, ...]:
    """A warning at the line of each rule that cannot tell the reference from trouble."""
    places = {(m.name, r.name): r.place for m in workspace.spec.models for r in m.rules}
    rows = []
    for row in found.rules:
        if not row.often or row.a_year is None:
            continue
        says = f"{row.rule} would fire on the reference itself: in {row.held} of {row.judged} windows"
        if not row.mostly:
            says += f", about {row.a_year.value:.0f} times a year"
        hint = row.message or "ask for more windows in a row (for = …), or move the threshold"
        key = f"models.{row.model}.rules.{row.rule}.when"
        rows.append(Problem("fires-on-reference", says, key, places.get((row.model, row.rule)), hint, level="warning"))
    return tuple(rows)
