"""Rows whose truth is known, made for the checks of metrics. Runs beside the plugin; NumPy alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.protocols import Outcomes
from lifecycle_tui.plugin_host.conformance.bench import GROUP

if TYPE_CHECKING:
    import numpy as np

ROWS = 400
CLASSES = ("high", "low", "mid 🙂")
GROUPS = ("f", "m", "")


def ordinary(task: str, rows: int = ROWS, *, noise: float = 0.3, seed: int = 7) -> Outcomes:
    """Outcomes of a fair model: prediction and score both there, days, a group that is unknown for some rows;
    of a ranking queries of 8 rows.

    Args:
        noise: 0 for a model that is always right, 1 for one that knows nothing; −1 for one that is always wrong.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    group = np.array(GROUPS, object)[np.minimum(rng.integers(0, 20, rows) // 9, 2)]
    day = np.arange(rows) // max(1, rows // 10) + 20_000
    time = day * 86_400_000_000 + np.arange(rows) * 1_000_000
    more: dict[str, Any] = {"day": day, "time": time, "groups": {GROUP: group}}
    if task == "binary":
        event = (rng.random(rows) < 0.4).astype(np.int8)
        event[:2] = (0, 1)[:rows]
        score = _pulled(event.astype(float), rng.random(rows), noise)
        return Outcomes(event, (score > 0.5).astype(np.int8), score, ("no", "yes"), **more)
    if task == "multiclass":
        codes = np.arange(rows) % 3
        truth = np.eye(3)[codes]
        score = _pulled(truth, rng.random((rows, 3)), noise)
        score = score / score.sum(axis=1, keepdims=True)
        names = np.array(CLASSES, object)
        return Outcomes(names[codes], names[score.argmax(axis=1)], score, CLASSES, **more)
    target = rng.gamma(4.0, 25.0, rows)
    if task == "ranking":
        target = np.round(target / 50.0)
    wrong = target[::-1] if noise < 0 else target + abs(noise) * 40.0 * rng.standard_normal(rows)
    if task == "ranking":
        more["query"] = np.arange(rows) // 8
    return Outcomes(target, wrong, **more)


def _pulled(truth: np.ndarray, drawn: np.ndarray, noise: float) -> np.ndarray:
    """Scores between the truth and chance; a negative noise points away from the truth."""
    base = 1 - truth if noise < 0 else truth
    found: np.ndarray = (1 - abs(noise) / 2) * base + (abs(noise) / 2) * drawn
    return _clipped(found)


def _clipped(score: np.ndarray) -> np.ndarray:
    """Inside (0, 1), as models' scores are."""
    import numpy as np

    return np.clip(score, 0.001, 0.999)


def cut(outcomes: Outcomes, at: Any) -> Outcomes:
    """The rows at these places (a slice or indices)."""

    def of(values: Any) -> Any:
        return None if values is None else values[at].copy()

    return Outcomes(
        of(outcomes.target),
        of(outcomes.prediction),
        of(outcomes.score),
        outcomes.classes,
        of(outcomes.weight),
        of(outcomes.day),
        {name: of(values) for name, values in outcomes.groups.items()},
        of(outcomes.query),
        of(outcomes.time),
        outcomes.before,
    )


def equal(one: Outcomes, two: Outcomes) -> bool:
    """Whether all arrays are the same."""
    import numpy as np

    names = ("target", "prediction", "score", "weight", "day", "query", "time", "before")
    pairs = [(getattr(one, n), getattr(two, n)) for n in names]
    pairs += [(one.groups[name], two.groups.get(name)) for name in one.groups]
    return len(one.groups) == len(two.groups) and all(
        (a is None and b is None) or (a is not None and b is not None and np.array_equal(a, b)) for a, b in pairs
    )
