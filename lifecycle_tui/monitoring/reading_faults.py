"""What is wrong with the data itself, column by column: a feed that broke, rather than a world that changed.

From profiles of the reference and of the window, and from what the read found. Called by `agent.work.readings`;
`reading` weighs it as one piece of evidence and quotes its sentences.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from lifecycle_tui.profiles.categorical import CategoricalProfile
from lifecycle_tui.profiles.nested import together
from lifecycle_tui.profiles.numeric import NumericProfile

if TYPE_CHECKING:
    from lifecycle_tui.domain.windows import DataFinding
    from lifecycle_tui.monitoring.columns import ColumnData
    from lifecycle_tui.monitoring.reading_tables import OutcomeTables

FaultKind = Literal["missing", "bad", "range", "unseen", "constant", "label"]

MISSING = 0.05
"""Missing values count from this rise of their share on."""

BAD = 0.01
"""Cells that cannot be read count from this share of the rows on."""

OUTSIDE = 0.05
"""Values beyond the reference's range count from this share on."""

UNSEEN = 0.01
"""Labels that the reference lacks count from this share on (or three times what is to be expected, if that is more)."""

LEVEL = 1e-4
"""Chance of one false fault by missing values in a whole window; the columns share it."""

BAD_CODES = frozenset({"bad-cell", "ragged-row", "bad-line", "bad-timestamp"})


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a column.

    Attributes:
        signal: whose number shows it, for who wants to look.
        share: of the window's rows, 0..1.
    """

    kind: FaultKind
    column: str | None
    signal: str
    share: float
    says: str


def column_faults(
    reference: Mapping[str, ColumnData], window: Mapping[str, ColumnData], findings: Sequence[DataFinding], rows: int
) -> tuple[Fault, ...]:
    """Faults of the columns that both sides have, worst first, and of cells that could not be read."""
    found = list(_unreadable(findings, rows))
    level = LEVEL / max(1, len(reference))
    for name in sorted(set(reference) & set(window)):
        found += _column(name, reference[name].profile, window[name].profile, level)
    return tuple(sorted(found, key=lambda f: (-f.share, f.column or "", f.kind)))


def label_faults(
    target: str, reference: OutcomeTables | None, window: OutcomeTables | None, strange: int, labels: int,
    shares: tuple[float, float] | None,
) -> tuple[Fault, ...]:  # fmt: skip
    """Faults of the target of a window.

    Args:
        strange: labels that are none of the classes.
        labels: rows with a label, strange ones included.
        shares: labelled rows as a share of all, reference's and window's; None while labels may still arrive.
    """
    found = []
    if strange and labels and strange / labels >= BAD:
        share = strange / labels
        found.append(Fault("label", target, "labels", share, f"{share:.1%} of the labels are none of the classes"))
    if shares is not None and shares[0] > 0 and shares[1] < shares[0] / 2:
        says = f"only {shares[1]:.1%} of the rows have a label; in the reference {shares[0]:.1%}"
        found.append(Fault("label", target, "labels.share", shares[0] - shares[1], says))
    if reference is not None and window is not None and reference.n and window.n:
        found += _one_label(target, reference, window)
        found += _target_range(target, reference, window)
    return tuple(found)


def _one_label(target: str, reference: OutcomeTables, window: OutcomeTables) -> Iterable[Fault]:
    """Every label the same, which the reference's rates all but rule out: (share)^n < 1e-6."""
    counts, before = window.truth, reference.truth
    if math.isfinite(window.lowest):
        constant = window.lowest == window.highest and reference.lowest < reference.highest and window.n >= 30
        if constant:
            yield Fault("label", target, "labels", 1.0, f"every value of {target} is {window.lowest:g}")
        return
    place = max(range(len(counts)), key=counts.__getitem__)
    share = (before[place] + 1) / (reference.n + 2)
    if counts[place] == window.n and share < 1 and window.n * math.log(share) < math.log(1e-6):
        yield Fault(
            "label", target, "labels", 1.0, f"every label of {target} is the same, in the reference {share:.1%}"
        )


def _target_range(target: str, reference: OutcomeTables, window: OutcomeTables) -> Iterable[Fault]:
    if not math.isfinite(window.lowest) or not math.isfinite(reference.lowest):
        return
    span = reference.highest - reference.lowest
    below, above = reference.lowest - 2 * span, reference.highest + 2 * span
    if span > 0 and (window.lowest < below or window.highest > above):
        ends = (window.truth[0] / window.n, window.truth[-1] / window.n)
        share = max(ends)
        if share > 0.5:
            yield Fault(
                "label", target, "labels", share,
                f"{target} goes from {window.lowest:g} to {window.highest:g}; "
                f"in the reference from {reference.lowest:g} to {reference.highest:g}",
            )  # fmt: skip


def _unreadable(findings: Sequence[DataFinding], rows: int) -> Iterable[Fault]:
    for finding in findings:
        share = finding.count / rows if rows else 0.0
        if finding.code in BAD_CODES and share >= BAD:
            says = f"{finding.count:,} cells or lines ({share:.1%} of the rows) could not be read"
            yield Fault("bad", finding.column, "data.bad_cells", min(1.0, share), says)
        elif finding.code == "missing-column" and rows:
            yield Fault("missing", finding.column, f"missing.{finding.column}", min(1.0, share), "the column is gone")


def _column(
    name: str, before: NumericProfile | CategoricalProfile, now: NumericProfile | CategoricalProfile, level: float
) -> Iterable[Fault]:
    from lifecycle_tui.stats.two_sample import two_proportions

    if not before.rows or not now.rows:
        return
    rise = now.missing_share - before.missing_share
    if rise >= MISSING and two_proportions(before.missing, before.rows, now.missing, now.rows).value <= level:
        says = f"{now.missing_share:.1%} of its rows have no value; in the reference {before.missing_share:.1%}"
        yield Fault("missing", name, f"missing.{name}", rise, says)
    if isinstance(before, CategoricalProfile) and isinstance(now, CategoricalProfile):
        yield from _unseen(name, before, now)
    elif isinstance(before, NumericProfile) and isinstance(now, NumericProfile):
        yield from _infinite(name, before, now, level)
        yield from _range(name, before, now)


def _infinite(name: str, before: NumericProfile, now: NumericProfile, level: float) -> Iterable[Fault]:
    """More infinite values than the reference has. They can be read, and are kept: it is their number that is odd."""
    from lifecycle_tui.stats.two_sample import two_proportions

    if not before.n or not now.n:
        return
    counts = before.n - before.finite, now.n - now.finite
    shares = counts[0] / before.n, counts[1] / now.n
    if shares[1] - shares[0] >= BAD and two_proportions(counts[0], before.n, counts[1], now.n).value <= level:
        says = f"{shares[1]:.1%} of its values are infinite; in the reference {shares[0]:.1%}"
        yield Fault("range", name, f"ks.{name}", shares[1] - shares[0], says)


def _unseen(name: str, before: CategoricalProfile, now: CategoricalProfile) -> Iterable[Fault]:
    """More new labels than the reference's once-seen ones make likely: Good (1953), the expected share of labels not
    seen is (labels seen once) / n."""
    if not now.n or not before.n:
        return
    counts, _ = now.below(before.horizon)
    new = {label: count for label, count in counts.items() if count and not before.counts.get(label, 0)}
    share = sum(new.values()) / now.n
    expected = sum(count == 1 for count in before.counts.values()) / before.n
    if sum(new.values()) >= 5 and share >= max(UNSEEN, 3 * expected):
        some = ", ".join(repr(label[:40]) for label in sorted(new, key=lambda k: (-new[k], k))[:3])
        yield Fault("unseen", name, f"unseen.{name}", share, f"{share:.1%} of its rows have new labels, such as {some}")


def _range(name: str, before: NumericProfile, now: NumericProfile) -> Iterable[Fault]:
    both = together(before, now)  # what is stored of a window may be on a coarser grid
    if both is None or not now.n or not before.n:
        return
    before, now = both
    if now.kind == "numeric" and now.finite == now.n >= 30 and now.minimum == now.maximum:
        (cell,), _ = now.sparse()
        if before.minimum < before.maximum and before.dense()[cell] / before.n < 0.5:
            yield Fault("constant", name, f"ks.{name}", 1.0, f"every value is {now.minimum:g}")
            return
    if now.kind == "time":  # instants go on: that they leave the reference's range is no fault
        return
    outside, low, high = _outside(before, now)
    if outside >= OUTSIDE:
        says = (
            f"at least {outside:.1%} of its values lie outside the reference's range "
            f"({low:g} to {high:g}; the reference's {before.minimum:g} to {before.maximum:g})"
        )
        yield Fault("range", name, f"ks.{name}", outside, says)


def _outside(before: NumericProfile, now: NumericProfile) -> tuple[float, float, float]:
    """(share beyond the reference's range, window's minimum, maximum).

    Cells of the grid that begin after the reference's maximum hold only such values, and infinite ones: of those counts
    what the window has more of than the reference. The end cells are open: of them too counts what there is more of,
    where the window's extreme lies a tenth of the range beyond.
    """
    import numpy as np

    if not (math.isfinite(before.minimum) and math.isfinite(now.minimum)):
        return 0.0, now.minimum, now.maximum
    cells, counts = now.sparse()
    lower, upper = now.grid.bounds(cells)
    beyond = (lower >= before.maximum) & (upper > before.maximum) | (upper <= before.minimum) & (lower < before.minimum)
    base = before.dense()
    share = max(0.0, float(counts[beyond].sum()) / now.n - float(base[cells[beyond]].sum()) / before.n)
    margin = 0.1 * (before.maximum - before.minimum)
    far = (now.minimum < before.minimum - margin, now.maximum > before.maximum + margin)
    for cell, goes in ((0, far[0]), (now.grid.cells - 1, far[1])):
        at = np.flatnonzero((cells == cell) & ~beyond)
        if goes and len(at):
            share += max(0.0, float(counts[at[0]]) / now.n - float(base[cell]) / before.n)
    return share, now.minimum, now.maximum
