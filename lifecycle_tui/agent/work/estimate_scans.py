"""Scans read for label-free estimates: scores, predictions, labels as known, and the features of a sample of rows.

A pass of its own, of the columns that it needs, and only over windows whose estimates are due. Called by `estimating`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from lifecycle_tui.agent.work.reading import version_labels
from lifecycle_tui.agent.work.recipes import Validation
from lifecycle_tui.agent.work.scoring import Scorer, aligned
from lifecycle_tui.data.scan import Scan
from lifecycle_tui.monitoring.estimate_rows import Reach, RowTaker, ScoredRows
from lifecycle_tui.monitoring.performance import Coding


def taken(
    scans: Scan | Iterable[Scan], coding: Coding, reach: Mapping[str, Reach], scorer: Scorer | None, *, learning: bool,
    sampled: Collection[str] | None = None,
) -> dict[str, ScoredRows]:  # fmt: skip
    """The rows of scans by version: as the data scores them, or versions of ours; `sampled` as `RowTaker` has it."""
    import pyarrow as pa

    taker = RowTaker(coding, reach, learning=learning, sampled=sampled)
    for scan in [scans] if isinstance(scans, Scan) else scans:
        for batch in scan:
            if scorer is None:
                taker.take(
                    version_labels(batch), batch.features, batch.target, batch.target_known, batch.prediction,
                    batch.score, batch.time, batch.arrived,
                )  # fmt: skip
                continue
            for part in scorer.score(batch, coding):
                if part.said is None:
                    continue
                features, target, known = batch.features, batch.target, batch.target_known
                time, arrived = batch.time, batch.arrived
                if part.at is not None:
                    features = features.take(pa.array(part.at))
                    target = None if target is None else target.take(pa.array(part.at))
                    known = known[part.at]
                    time = None if time is None else time[part.at]
                    arrived = None if arrived is None else arrived[part.at]
                taker.take(part.label, features, target, known, part.said, part.score, time, arrived)
    return taker.rows()


def of_validation(
    validation: Validation, label: str, coding: Coding, reach: Mapping[str, Reach]
) -> dict[str, ScoredRows]:  # fmt: skip
    """What versions that had not seen the rows said of them in forward validation."""
    import numpy as np
    import pyarrow as pa

    taker, at, rows = RowTaker(coding, reach, learning=True), validation.at, validation.gathered.rows
    if len(at):
        said, score = aligned(validation.said, len(at), coding)
        arrived = None if rows.arrived is None else rows.arrived[at]
        taker.take(
            label, rows.table.take(pa.array(at)), pa.array(rows.target[at]), np.ones(len(at), bool), said, score,
            None if rows.time is None else rows.time[at], arrived,
        )  # fmt: skip
    return taker.rows()
