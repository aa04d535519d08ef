"""What moved in a model's newest window: the columns that matter most, each with its verdict and a small histogram.

Called by `check_model`. Columns are ordered by drift times importance, as the reading ranks them; those that it does
not rank (what the model says, columns of no importance) follow by the size of their change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lifecycle_tui.cli import text
from lifecycle_tui.domain.wording import essence
from lifecycle_tui.output import plain, say

if TYPE_CHECKING:
    from lifecycle_tui.cli.check_report import ModelReport
    from lifecycle_tui.domain.signals import Signal

MOST = 3
"""Columns that are shown with a histogram; the others are named in a line."""
LONGEST = 40
"""Characters of a column's name that are shown."""


def show(m: ModelReport) -> None:
    """Print how many columns moved, and of the first few what and how."""
    newest = m.newest
    share = newest.get("drift.share")
    if share is None:
        return
    key = text.clipped(m.row.window_key or "", 40)
    if share.value is None:
        say(f"  drift in {key}: {plain(share.message or 'cannot tell')}")
        return
    names = ranked([str(c) for c in share.detail.get("columns", ())], newest)
    known = importances(newest)
    order = ", most important first:" if any(known.get(name) for name in names) else ":" if names else ""
    say(f"  drift in {key}: {len(names)} of {share.detail.get('judged', 0)} columns{_basis(newest, names)}{order}")
    for signal in newest.values():
        if signal.column is None and signal.state == "drifted" and "verdict" in signal.detail:
            for line in text.folded(f"all columns together ({signal.name}): {essence(signal.message)}", 4):
                say(line)
    for name in names[:MOST]:
        _column(m, name, known.get(name))
    if names[MOST:]:
        say(f"    and {text.some(names[MOST:], text.room() - 24)}")


def _column(m: ModelReport, name: str, importance: float | None) -> None:
    signal = verdict(m.newest, name)
    said = "" if signal is None else essence(signal.message)
    weight = "" if importance is None else f" · importance {importance:.0%}"
    for line in text.folded(f"{text.clipped(name, LONGEST)}: {said}{weight}", 4, most=2):
        say(line)
    for line in _picture(m, name):
        say(f"      {line}")


def ranked(names: list[str], newest: Mapping[str, Signal]) -> list[str]:
    """The names in the reading's order; those that it gives no score keep theirs, behind."""
    scores = {row["column"]: float(row.get("score") or 0) for row in _rows(newest)}
    return sorted(names, key=lambda name: -scores.get(name, 0.0))


def importances(newest: Mapping[str, Signal]) -> dict[str, float]:
    """Each column's share of what the model leans on, where it is known."""
    return {row["column"]: float(row["importance"]) for row in _rows(newest) if row.get("importance") is not None}


def verdict(newest: Mapping[str, Signal], column: str) -> Signal | None:
    """The signal that carries a column's verdict."""
    found = newest.get(f"change.{column}")
    if found is not None and found.state == "drifted":
        return found
    return next((s for s in newest.values() if s.column == column and s.state == "drifted"), found)


def _rows(newest: Mapping[str, Signal]) -> list[Mapping[str, Any]]:
    reading = newest.get("reading")
    return [] if reading is None else list(reading.detail.get("columns", ()))


def _basis(newest: Mapping[str, Signal], names: list[str]) -> str:
    """Against what the verdicts were held, said once for all columns where it is the same."""
    found = {str(s.detail.get("basis", "")) for name in names if (s := verdict(newest, name)) is not None}
    return f" ({plain(found.pop())})" if len(found) == 1 and "" not in found else ""


def _picture(m: ModelReport, column: str) -> list[str]:
    """The column in the reference and in the newest window as small histograms."""
    found = [s.detail["bars"] for s in m.newest.values() if s.column == column and "bars" in s.detail]
    if not found:
        return []
    bars = found[0]
    axis = text.clipped(text.axis([str(n) for n in bars["names"]], bars.get("edges", ())), 36)
    return text.picture(
        bars["reference"], bars["window"], ("reference", text.clipped(m.row.window_key or "now", 16)), axis
    )
