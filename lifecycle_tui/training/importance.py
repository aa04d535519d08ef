"""Permutation importance: by how much a measure gets worse when one column is shuffled. Recorded with a new version.

Breiman 2001, "Random forests", section 10, on rows that the version was not fitted on. A column that another one can
stand in for seems unimportant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.training.fit import Prediction
from lifecycle_tui.training.versions import Scorable

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

AT_ONCE = 200_000
"""Rows of one call of `predict`: a version behind a program is started few times."""


def importance(
    scorable: Scorable,
    table: pa.Table,
    outcomes_of: Callable[[Prediction, np.ndarray], Outcomes],
    measure: Callable[[Outcomes], float | None],
    greater_is_better: bool,
    *,
    seed: int = 0,
    rows: int = 5000,
) -> dict[str, float]:
    """Column → loss of the measure without it, greatest first; above 0 means that the column helps.

    Args:
        table: n rows of features, none of which the version learned from.
        outcomes_of: a prediction and the positions (m,) in `table` of its rows → outcomes.
        measure: None where it cannot be told; then the column is left out.
        rows: a sample of so many is enough.

    Raises:
        TrainingError: the version cannot score.
    """
    import numpy as np

    random = np.random.default_rng(seed)
    n = table.num_rows
    at = np.arange(n) if n <= rows else np.sort(random.choice(n, rows, replace=False))
    sample = table.take(at)
    names = sorted(table.column_names)
    base = measure(outcomes_of(scorable.predict(sample), at))
    if base is None or not len(at):
        return {}
    orders = {name: random.permutation(len(at)) for name in names}
    found: dict[str, float] = {}
    step = max(1, AT_ONCE // len(at))
    for start in range(0, len(names), step):
        some = names[start : start + step]
        said = scorable.predict(_shuffled(sample, some, orders))
        for i, name in enumerate(some):
            value = measure(outcomes_of(_slice(said, i * len(at), len(at)), at))
            if value is not None:
                found[name] = float(base - value if greater_is_better else value - base)
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _shuffled(sample: pa.Table, names: list[str], orders: dict[str, np.ndarray]) -> pa.Table:
    """The sample once for each of `names`, with that column in another order."""
    import pyarrow as pa

    parts = []
    for name in names:
        place = sample.column_names.index(name)
        parts.append(
            sample.set_column(place, sample.schema.field(place), sample.column(name).take(pa.array(orders[name])))
        )
    return pa.concat_tables(parts)


def _slice(said: Prediction, start: int, count: int) -> Prediction:
    end = start + count
    score = None if said.score is None else said.score[start:end]
    return Prediction(said.prediction[start:end], score, said.classes)
