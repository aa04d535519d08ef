"""What explainers are given and give back: values that cross to a plugin's process, and the protocol.

An explainer never has the version. It says which rows it wants scored (`probe`), the host scores them with whatever the
version is (an artefact of ours, a registered file, a program), and then it says what follows from the scores
(`explain`). So one explainer serves every version, and nothing has to be called back across the process border.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    # A plugin's process loads this module before each of its lives: it must stay light.
    import pyarrow as pa

    from lifecycle_tui.domain.signals import ColumnKind
    from lifecycle_tui.domain.specs import Task

MOST_CELLS = 8_000_000
"""Rows times columns that one `probe` may ask for: 64 MB of numbers."""
BACKGROUND = 100
"""Rows of the reference that a request brings at most."""


@dataclass(frozen=True)
class ExplainRequest:
    """Rows whose scores are to be explained.

    A score is one number: what the version predicts (regression, ranking), the probability of the positive class
    (binary), or that of the class `label` (multiclass). Where a version gives no probabilities it is 1 or 0.

    Attributes:
        model, task: whose rows they are, as declared.
        rows: n rows of normalised features (see `FitRequest.table`), the ones that are asked about.
        background: up to 100 rows of the reference with the same columns, drawn at random: what is usual.
        kinds: of the columns of both.
        label: the class whose probability the scores are; "" where they are predictions.
        classes: labels in order, the negative one first in a binary task; () for a number.
        seed: for whatever is drawn: the same request must give the same answer.
    """

    model: str
    task: Task
    rows: pa.Table
    background: pa.Table
    kinds: Mapping[str, ColumnKind]
    label: str = ""
    classes: tuple[str, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class Explanation:
    """What each feature contributes to the score of each row.

    Attributes:
        base: the score that contributions are counted from, e.g. the mean over the background rows.
        contributions: feature → one finite number for each of the request's rows, in their order; above 0 where the
            feature raises the score. Features that are left out are not explained.
        note: one sentence for a person: how it was computed, or what to keep in mind.
    """

    base: float
    contributions: Mapping[str, Sequence[float]]
    note: str = ""


class Explainer(Protocol):
    """Says why a version gives rows the scores that it gives.

    Class attributes:
        name: what `lifecycle explain --by` names; letters, digits, _ and -.
        tasks: tasks of the models that it explains.
    """

    name: ClassVar[str]
    tasks: ClassVar[tuple[str, ...]]

    def probe(self, request: ExplainRequest) -> pa.Table:
        """Rows for the version to score, with the columns of the request's rows: at most 8 million cells."""
        ...

    def explain(self, request: ExplainRequest, scores: pa.Array) -> Explanation:
        """What follows from the scores: one float64 for each row that `probe` gave for the same request, in its order.

        `probe` may have been called on another object: whatever both need is computed from the request.
        """
        ...
