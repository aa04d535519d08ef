"""What predictions are worth: a matrix of values, one for each pair of truth and prediction.

The built-in metric `value` calls this through `lifecycle_tui.api`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lifecycle_tui.stats.intervals import Estimate, mean_of, nothing, proportion


def matrix_value(
    target: np.ndarray,
    prediction: np.ndarray,
    classes: Sequence[str | int],
    matrix: Sequence[float] = (),
    weight: np.ndarray | None = None,
    day: np.ndarray | None = None,
    *,
    total: bool = False,
) -> Estimate:
    """Σ value[truth][prediction] over the rows, as a mean a row or (`total`) as their sum.

    The mean's interval is Student's t, days together. A total's is that of the mean times the rows: how many rows there
    are is known. (The definition is NannyML's business value, with rows = truth.)

    Args:
        target, prediction: (n,) values that are among `classes`.
        classes: k of them, in the order of the matrix.
        matrix: k·k numbers, row after row; a row is a true class. Empty: 0 for what is right, -1 for what is wrong.
    """
    n, k = len(target), len(classes)
    if n == 0:
        return nothing(0, "no rows")
    if matrix and len(matrix) != k * k:
        return nothing(n, f"matrix has {len(matrix)} numbers; {k} classes need {k * k}")
    if not matrix:
        return _errors(target != prediction, weight, day, n if total else 1)
    places = {name: i for i, name in enumerate(classes)}
    truth, said = _codes(target, places), _codes(prediction, places)
    strange = (truth < 0) | (said < 0)
    if strange.any():
        first = int(np.argmax(strange))
        name = (target if truth[first] < 0 else prediction)[first]
        return nothing(n, f"no value for the class {str(name)!r}")
    values = np.asarray(matrix, np.float64).reshape(k, k)[truth, said]
    return _times(mean_of(values, weight, day, "plain"), n if total else 1)


def _errors(wrong: np.ndarray, weight: np.ndarray | None, day: np.ndarray | None, times: int) -> Estimate:
    """The value of a matrix that charges 1 for each error: a proportion, with its interval."""
    found = proportion(wrong, weight, day)
    if found.value is None or found.lower is None or found.upper is None:
        return found
    flipped = found._replace(value=-found.value + 0.0, lower=-found.upper + 0.0, upper=-found.lower + 0.0)
    return _times(flipped, times)


def _times(found: Estimate, times: int) -> Estimate:
    value, lower, upper = (None if x is None else x * times for x in (found.value, found.lower, found.upper))
    return found._replace(value=value, lower=lower, upper=upper, definition="total" if times != 1 else "per prediction")


def _codes(values: np.ndarray, places: dict[str | int, int]) -> np.ndarray:
    names, place = np.unique(values, return_inverse=True)
    return np.array([places.get(name, -1) for name in names.tolist()], np.int64)[place]
