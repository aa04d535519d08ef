"""Estimates of a window's metrics before its labels are there, as signals `estimated.METRIC` with 99 % intervals.

Where an estimate would reassure without grounds it is withheld: state "cannot-tell", no value, and the reason. Called
once a window and version by the job that measures; `estimate_trust` scores what was said against what came true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.estimable import PREFIX
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.monitoring.estimate_features import design, matrix
from lifecycle_tui.monitoring.estimate_rows import WINDOW_SAMPLE, ScoredRows, outcome_columns
from lifecycle_tui.monitoring.estimators import Estimator, of_class, positions

if TYPE_CHECKING:
    import numpy as np

    from lifecycle_tui.stats.calibration import Calibration
    from lifecycle_tui.stats.expected import Expected, Rows
    from lifecycle_tui.stats.expected_classes import ClassRows

MOST_OUTSIDE = 0.1
"""Share of rows with a value that the reference lacks, beyond what chance gives, from which nothing is estimated."""

SHIFT = 1e-4
"""p-value of "the inputs are as the reference's" below which the calibration is weighted."""

CURVE = 0.01
"""p-value of "the weighted calibration is the plain one" below which the weighted one is used."""

LEAST_EFFECTIVE = 100.0
"""So many rows of the reference must be like the window's, for a weighted calibration."""


@dataclass(frozen=True)
class Grounds:
    """What estimates of one window rest on; `why` they cannot be made, if they cannot.

    Attributes:
        method: "cbpe" (calibrated scores), "weighted" (the same, with the reference weighted to be like the window) or
            "dle" (a model of the loss).
        detail: JSON values shown with each estimate.
    """

    method: str
    curves: tuple[Calibration, ...] = ()
    why: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def nothing(metrics: Sequence[str], why: str, state: Any = "cannot-tell") -> list[Signal]:
    """The signals of estimates that cannot be made."""
    return [Signal(f"{PREFIX}{name}", None, state=state, message=why) for name in metrics]


def estimate(found: Estimator, rows: ScoredRows, metrics: Sequence[str], *, min_rows: int = 30) -> list[Signal]:
    """The estimates of a version's metrics in one window.

    Args:
        rows: all that the version scored there; labels among them are not looked at.
        min_rows: fewer rows give "cannot tell".
    """
    if rows.rows < min_rows:
        return nothing(metrics, f"{rows.rows} scored rows: {min_rows} are needed")
    grounds = _grounds(found, rows)
    if grounds.why is not None:
        return [
            Signal(f"{PREFIX}{name}", None, n=rows.rows, state="cannot-tell", message=grounds.why,
                   detail={"method": grounds.method, **grounds.detail})
            for name in metrics
        ]  # fmt: skip
    said = _expected(found, grounds, rows, metrics)
    return [_signal(name, said[name], found, grounds, rows) for name in metrics]


def _signal(name: str, found: Expected, learned: Estimator, grounds: Grounds, rows: ScoredRows) -> Signal:
    detail = {"method": grounds.method, "level": 0.99, **grounds.detail}
    if found.value is None:
        return Signal(f"{PREFIX}{name}", None, n=rows.rows, state="cannot-tell", message=found.message, detail=detail)
    detail |= {"drawn": found.drawn, "fitted": found.fitted}
    says = f"estimated without labels, 99 % interval; learned from {learned.labels:,} labelled rows of the reference"
    if grounds.method == "weighted":
        says += f", weighted to be like this window ({round(grounds.detail['effective']):,} rows' worth)"
    return Signal(f"{PREFIX}{name}", found.value, found.lower, found.upper, rows.rows, "ok", says, detail=detail)


def _grounds(found: Estimator, rows: ScoredRows) -> Grounds:
    import numpy as np

    method = "cbpe" if found.curves else "dle"
    detail: dict[str, Any] = {}
    if rows.outside is not None and rows.rows:
        share = rows.outside / rows.rows
        detail["outside"] = share
        if share - found.chance_outside > MOST_OUTSIDE:
            worst = sorted(rows.outside_by.items(), key=lambda item: (-item[1], item[0]))[:3]
            named = ", ".join(f"{name} in {count / rows.rows:.0%}" for name, count in worst)
            says = f"{share:.0%} of the rows have values that the reference does not have ({named})"
            return Grounds(method, why=f"{says}: nothing is known of such rows", detail=detail)
    if method == "dle":
        return Grounds(method, detail=detail)
    if rows.score is None:
        return Grounds(method, why="this version gives no scores", detail=detail)
    if found.probabilities and (float(np.min(rows.score)) < 0 or float(np.max(rows.score)) > 1):
        return Grounds(method, why="the scores are no probabilities any more, as they were on the reference")
    beyond = _beyond(found, rows.score)
    if beyond > MOST_OUTSIDE:
        says = f"{beyond:.0%} of the scores lie outside those of the reference: nothing is known of such rows"
        return Grounds(method, why=says, detail=detail)
    return _shifted(found, rows, detail)


def _beyond(found: Estimator, score: np.ndarray) -> float:
    """The largest share of scores of a class that lie where the reference has none."""
    columns = [score] if score.ndim == 1 else list(score.T)
    return max(float(((s < c.low) | (s > c.high)).mean()) for c, s in zip(found.curves, columns, strict=True))


def _shifted(found: Estimator, rows: ScoredRows, detail: dict[str, Any]) -> Grounds:
    """Weighted curves where the calibration leans on the features, and the window's are not as the reference's."""
    from lifecycle_tui.stats.calibration import moved, weighted
    from lifecycle_tui.stats.density import density_ratio

    if found.leaning is not None:
        detail["leaning_p"] = found.leaning
    if found.sampled is None or rows.sample is None or not found.sampled.design.shape[1]:
        return Grounds("cbpe", found.curves, detail=detail)
    table = rows.sample.first(WINDOW_SAMPLE).table
    score = outcome_columns(table, "score")
    assert score is not None
    ratio = density_ratio(found.sampled.design, design(found.codes, table, positions(found.curves, score)))
    detail["shift_p"] = ratio.p_value
    if ratio.p_value >= SHIFT:
        return Grounds("cbpe", found.curves, detail=detail)
    detail["effective"] = ratio.effective
    if ratio.effective < LEAST_EFFECTIVE:
        says = f"the inputs have moved so far that only {ratio.effective:.0f} rows of the reference are like them"
        return Grounds("weighted", why=f"{says}: {LEAST_EFFECTIVE:.0f} are needed", detail=detail)
    s, curves = found.sampled, []
    for i, curve in enumerate(found.curves):
        curves.append(weighted(curve, *of_class(s.score, s.target, i, len(found.curves)), ratio.weight))
    detail["curve_p"] = min(moved(*pair) for pair in zip(found.curves, curves, strict=True)) * len(curves)
    if detail["curve_p"] >= CURVE:
        # The score says all that matters of what has moved: then the plain curve is right, and sharper.
        return Grounds("cbpe", found.curves, detail=detail)
    return Grounds("weighted", tuple(curves), detail=detail)


def _expected(
    found: Estimator, grounds: Grounds, rows: ScoredRows, metrics: Sequence[str]
) -> Mapping[str, Expected]:  # fmt: skip
    import numpy as np

    from lifecycle_tui.stats.expected import Expected, rows_of
    from lifecycle_tui.stats.expected_classes import OF_CLASSES, class_rows

    if grounds.method == "dle":
        return _of_losses(found, rows, metrics)
    assert rows.score is not None
    if found.task == "binary":
        of_binary = rows_of(grounds.curves[0], rows.score, rows.said)
        return expected_binary(grounds.curves[0], of_binary, metrics, found.probabilities)
    said = None if rows.said is None else rows.said.astype(np.int64)
    of_classes: ClassRows = class_rows(grounds.curves, rows.score, said)
    result = {}
    for name in metrics:
        if name in ("log_loss", "brier") and not found.probabilities:
            result[name] = Expected(None, message="the scores are not probabilities")
        else:
            result[name] = OF_CLASSES[name](grounds.curves, of_classes)
    return result


def expected_binary(
    curve: Calibration, rows: Rows, metrics: Sequence[str], probabilities: bool
) -> dict[str, Expected]:  # fmt: skip
    """The expectations of these metrics of a binary task."""
    from lifecycle_tui.stats import expected

    cells = tuple(name for name in metrics if name in expected.CELLS)
    found = expected.expect_cells(curve, rows, cells) if cells else {}
    for name in metrics:
        if name == "auc":
            found[name] = expected.expect_auc(curve, rows)
        elif name == "mean_target":
            found[name] = expected.expect_rate(curve, rows)
        elif name in ("brier", "log_loss"):
            of = expected.expect_brier if name == "brier" else expected.expect_log_loss
            refused = expected.Expected(None, message="the scores are not probabilities")
            found[name] = of(curve, rows) if probabilities else refused
    return found


def _of_losses(found: Estimator, rows: ScoredRows, metrics: Sequence[str]) -> dict[str, Expected]:
    from lifecycle_tui.stats.expected import Expected
    from lifecycle_tui.stats.losses import expect_loss_mean

    result = {}
    said = None if rows.sample is None else outcome_columns(rows.sample.table, "said")
    for name in metrics:
        if name not in found.losses:
            result[name] = Expected(None, message=f"nothing was learned about {name}")
        elif said is None or rows.sample is None:
            result[name] = Expected(None, message="the features, which a model of the loss needs, were not read")
        else:
            trees, line = found.losses[name]
            losses = _nonnegative(trees.predict(matrix(found.codes, rows.sample.table, said)))
            result[name] = expect_loss_mean(line, losses, rows.rows, root=name == "rmse")
    return result


def _nonnegative(values: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.maximum(values, 0.0)
