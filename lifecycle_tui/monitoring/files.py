"""`lifecycle drift REFERENCE CURRENT`: two files compared column by column, no workspace needed.

The engine of that command (cli/drift.py shows what it returns). It leaves the plugin host aside and calls the
statistics of the shipped detectors directly, reads column by column with a reader a thread, and imports nothing but
NumPy and pyarrow.parquet for Parquet files: start-up is most of the time at a hundred thousand rows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from lifecycle_tui.domain.errors import UsageError
from lifecycle_tui.domain.signals import ColumnKind, Measurement, SignalState
from lifecycle_tui.monitoring.file_columns import Found, compare_sides
from lifecycle_tui.monitoring.file_profiles import FileProfile, is_profile, open_profile
from lifecycle_tui.monitoring.file_sides import current_side
from lifecycle_tui.monitoring.file_tables import Reader, Table, open_table
from lifecycle_tui.profiles.bars import Bars
from lifecycle_tui.stats.multiple import holm
from lifecycle_tui.stats.two_sample import ks_detectable

DETECTORS = ("psi", "ks", "chi2")
"""What is shown by default; the share of missing values is always shown and judged."""

_NAMES = {"ks": "KS distance", "chi2": "total variation", "missing": "share missing"}


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """One column of the comparison.

    Attributes:
        kind: by the reference; None where the column could not be read.
        state: "drifted" needs a p-value, corrected over all columns, of at most alpha and an effect of at least the
            floor; "cannot-tell" means too few rows to judge.
        message: one sentence for a person.
        signals: by detector: "psi", "ks", "chi2", "missing".
        effect: the largest effect (KS distance, total variation, difference of missing shares), 0..1.
        p_value: smallest corrected p-value.
        detectable: the smallest KS distance that files of these sizes could have shown (numbers and text).
        bars: both sides in the same bins.
    """

    name: str
    kind: ColumnKind | None
    state: SignalState
    message: str | None = None
    signals: Mapping[str, Measurement] = field(default_factory=dict)
    effect: float | None = None
    p_value: float | None = None
    detectable: float | None = None
    bars: Bars | None = None


@dataclass(frozen=True, slots=True)
class FileDrift:
    """What `compare_files` found.

    Attributes:
        columns: of the reference, in its order; a column that the current file lacks has state "error".
        new_columns, missing_columns: in one of the files only.
        share: drifted columns among those that could be judged (0 if none could).
        drifted: the data set as a whole: `share` is at least `dataset_share`.
    """

    reference: str
    current: str
    reference_rows: int
    current_rows: int
    columns: tuple[ColumnDrift, ...]
    share: float
    count: int
    drifted: bool
    new_columns: tuple[str, ...]
    missing_columns: tuple[str, ...]
    alpha: float
    floor: float
    dataset_share: float


def compare_files(
    reference: Path,
    current: Path,
    *,
    alpha: float = 0.05,
    detectors: Sequence[str] = DETECTORS,
    columns: Sequence[str] | None = None,
    kinds: Mapping[str, ColumnKind] | None = None,
    exact: bool = True,
    threads: int = 2,
    progress: Callable[[str], None] | None = None,
    reader: Reader | None = None,
    floor: float = 0.01,
    min_rows: int = 30,
    dataset_share: float = 0.5,
) -> FileDrift:
    """Compare two tables column by column; the reference may be the stored profile of one.

    Evidence is the KS distance (numbers, text lengths) or the contingency chi-square (categories), and the share of
    missing values; Holm's correction is over all of it. A column that cannot be read or compared is an error of its
    own and costs nothing else. PSI is shown and judges nothing.

    Args:
        alpha: chance of any false alarm in the whole comparison.
        detectors: which of `DETECTORS` to show; evidence that is not shown is still judged.
        columns: only these, in this order.
        kinds: what columns are, against what their types say.
        exact: False gives KS as certified intervals and never looks at values twice; so does a stored profile.
        threads: columns read and compared at once.
        progress: told "column i of n" as columns are done; may be called from any of the threads.
        reader: reads what the fast readers cannot, whole (`path → pyarrow.Table`).
        floor: effects below it are never drift.
        min_rows: fewer values than this on a side cannot be judged.

    Raises:
        UsageError: for an alpha outside (0, 1), an unknown detector, or a column that the reference lacks.
        DataError: if a file cannot be read at all.
    """
    _check(alpha, detectors)
    before, after = open_reference(Path(reference), reader), open_table(Path(current), reader)
    names = _chosen(before, columns, kinds or {})
    found = _compare_all(before, after, names, kinds or {}, exact, max(1, threads), progress)
    judged = _judge(names, found, alpha, floor, min_rows, set(detectors))
    able = [column for column in judged if column.state in ("ok", "drifted")]
    count = sum(column.state == "drifted" for column in judged)
    share = count / len(able) if able else 0.0
    return FileDrift(
        reference=str(reference),
        current=str(current),
        reference_rows=before.rows,
        current_rows=after.rows,
        columns=judged,
        share=share,
        count=count,
        drifted=count > 0 and share >= dataset_share,
        new_columns=tuple(name for name in after.names if name not in set(before.names)),
        missing_columns=tuple(name for name in names if name not in set(after.names)),
        alpha=alpha,
        floor=floor,
        dataset_share=dataset_share,
    )


def open_reference(path: Path, reader: Reader | None = None) -> Table | FileProfile:
    """The table in a file, or its stored profile.

    Raises:
        DataError: if there is no such file, or it cannot be read.
    """
    return open_profile(path) if path.is_file() and is_profile(path) else open_table(path, reader)


def as_json(drift: FileDrift) -> dict[str, Any]:
    """The stable JSON shape of `lifecycle drift --format json` (DESIGN §9), as plain values."""
    return {
        "dataset": {
            "share": drift.share,
            "count": drift.count,
            "drifted": drift.drifted,
            "alpha": drift.alpha,
            "floor": drift.floor,
            "rows": {"reference": drift.reference_rows, "current": drift.current_rows},
            "new_columns": list(drift.new_columns),
            "missing_columns": list(drift.missing_columns),
        },
        "columns": {
            column.name: {
                "kind": column.kind,
                "state": column.state,
                "message": column.message,
                "effect": column.effect,
                "p_value": column.p_value,
                "detectable": column.detectable,
                "signals": {name: _plain(value) for name, value in column.signals.items()},
            }
            for column in drift.columns
        },
    }


def _plain(measurement: Measurement) -> dict[str, Any]:
    return {f.name: getattr(measurement, f.name) for f in fields(measurement)}


def _check(alpha: float, detectors: Sequence[str]) -> None:
    if not 0 < alpha < 1:
        raise UsageError(f"alpha is a probability between 0 and 1, not {alpha}")
    for name in detectors:
        if name not in DETECTORS:
            raise UsageError(f"no detector {name!r} here", hint=f"choose from {', '.join(DETECTORS)}")


def _chosen(
    table: Table | FileProfile, columns: Sequence[str] | None, kinds: Mapping[str, ColumnKind]
) -> tuple[str, ...]:
    unknown = [name for name in (*(columns or ()), *kinds) if name not in set(table.names)]
    if unknown:
        raise UsageError(
            f"{table.path.name} has no column {unknown[0]!r}", hint=f"it has {', '.join(table.names[:20])}"
        )
    return tuple(dict.fromkeys(columns)) if columns else tuple(dict.fromkeys(table.names))


def _compare_all(
    before: Table | FileProfile,
    after: Table,
    names: Sequence[str],
    kinds: Mapping[str, ColumnKind],
    exact: bool,
    threads: int,
    progress: Callable[[str], None] | None,
) -> list[Found]:
    present, done, lock = set(after.names), 0, threading.Lock()

    def one(name: str) -> Found:
        nonlocal done
        if name not in present:
            found = Found(error=f"{after.path.name} has no such column")
        else:
            try:
                reference = before.reference(name, kinds.get(name))
                found = compare_sides(reference, current_side(after.column(name), reference, exact), exact)
            except Exception as exc:  # one bad column must not cost the others, whatever is wrong with it
                found = Found(error=f"cannot be compared: {exc}" if str(exc) else type(exc).__name__)
        if progress is not None:
            with lock:
                done += 1
                progress(f"column {done} of {len(names)}")
        return found

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, names))


def _judge(
    names: Sequence[str], found: Sequence[Found], alpha: float, floor: float, min_rows: int, shown: set[str]
) -> tuple[ColumnDrift, ...]:
    """Verdicts, after Holm's correction over every piece of evidence of every column that can be judged."""
    judged = [[e for e in f.evidence if e.n >= min_rows] for f in found]
    adjusted = iter(holm([e.p_value for evidence in judged for e in evidence]))
    tests = sum(len(evidence) for evidence in judged)
    columns = []
    for name, result, evidence in zip(names, found, judged, strict=True):
        p_values = [next(adjusted) for _ in evidence]
        against = [(e, p) for e, p in zip(evidence, p_values, strict=True) if p <= alpha and e.effect >= floor]
        state, message = _verdict(result, len(evidence), [e for e, _ in against], min_rows)
        columns.append(
            ColumnDrift(
                name,
                result.kind,
                state,
                message,
                {k: v for k, v in result.signals.items() if k in shown or k == "missing"},
                max((e.effect for e in evidence), default=None),
                min(p_values, default=None),
                ks_detectable(*result.sizes, alpha / max(1, tests)) if result.sizes else None,
                result.bars,
            )
        )
    return tuple(columns)


def _verdict(result: Found, tests: int, against: Sequence[Any], min_rows: int) -> tuple[SignalState, str | None]:
    if result.error is not None:
        return "error", result.error
    notes = [result.note] if result.note else []
    if against:
        said = [f"{_NAMES[e.name]} {e.effect:.3g}" if e.name != "missing" else e.said for e in against]
        return "drifted", "; ".join([*said, *notes])
    if tests < len(result.evidence) or not result.evidence:
        thin = min((e.n for e in result.evidence), default=0)
        return "cannot-tell", "; ".join([f"{thin} values on a side, {min_rows} are needed", *notes])
    return "ok", "; ".join(notes) or None
