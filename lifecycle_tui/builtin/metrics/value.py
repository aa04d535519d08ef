"""The metric `value`."""

from __future__ import annotations

from lifecycle_tui import api


class Value:
    """Expected value (or cost) of the predictions, from a matrix of values.

    Args:
        matrix: the value of each pair of truth and prediction, row after row; a row is a true class. Binary:
            [negative and said so, false alarm, missed, positive and said so]; several classes: sorted by name. Empty:
            each error costs 1.
        total: the sum over the window's rows, not the mean of one.
    """

    name = "value"
    tasks = ("binary", "multiclass")
    needs = "prediction"
    greater_is_better = True
    range = (None, None)

    def __init__(self, *, matrix: tuple[float, ...] = (), total: bool = False) -> None:
        if matrix and round(len(matrix) ** 0.5) ** 2 != len(matrix):
            raise ValueError(f"matrix has {len(matrix)} numbers; it needs a square one: 4 for two classes, 9 for three")
        self.matrix, self.total = tuple(matrix), total

    def measure(self, outcomes: api.Outcomes) -> api.Measurement:
        if outcomes.prediction is None:
            return api.Measurement(None, message="there are no predictions")
        classes: tuple[str | int, ...] = (0, 1)
        if outcomes.target.dtype.kind in "OUT":
            classes = tuple(sorted(outcomes.classes))
        found = api.matrix_value(
            outcomes.target, outcomes.prediction, classes, self.matrix, outcomes.weight, outcomes.day, total=self.total
        )
        return api.Measurement(**found._asdict())


@api.hookimpl
def register_metrics(register: api.Register) -> None:
    register(Value)
