"""Training by a program in any language: rows in as Parquet, an artefact and predictions out. For the retrain job.

We score what it predicted for the rows that it was given without their target, and never load what it made.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.training import answers, archive, programs
from lifecycle_tui.training.estimators import NUMERIC
from lifecycle_tui.training.fit import LEAST_ROWS, Prediction, TrainingRows

if TYPE_CHECKING:
    import numpy as np

TIME = "lifecycle_time"
"""Column with the instant of a row, where the model has timestamps."""


@dataclass(frozen=True)
class CommandResult:
    """What a program made.

    Attributes:
        artifact: its folder `artifact/` as a deterministic tar ("tar" is the version's format).
        predictions: for the validation rows.
    """

    artifact: bytes
    predictions: Prediction


def run_command(
    spec: ModelSpec,
    train: TrainingRows,
    validation: TrainingRows,
    folder: Path,
    scratch: Path,
    *,
    parent: Path | None = None,
    stop: Callable[[], bool] = lambda: False,
    log: Callable[[str], None] = lambda line: None,
    limit: float | None = None,
    grace: float = programs.GRACE,
) -> CommandResult:
    """Run `training.command` once.

    Args:
        validation: the rows that judge; the program gets them without the target.
        folder: the workspace, in which it runs.
        scratch: an empty folder for its input and output.
        parent: the champion's artefact, checked; the program gets a folder with its content.
        stop, log, limit, grace: see `programs.run`.

    Raises:
        TrainingError: it failed, or left something else than was asked for; the message says what to do.
    """
    training = spec.training
    assert training is not None and training.command
    if len(train.target) < LEAST_ROWS:
        raise TrainingError(
            f"{len(train.target)} labelled rows are too few to train on", hint="30 at the least; wait for labels"
        )
    output = scratch / "output"
    output.mkdir(parents=True)
    target = spec.columns.target or "target"
    given, asked = scratch / "train.parquet", scratch / "validation.parquet"
    answers.write_rows(given, train.table, **{TIME: _instants(train.time), target: train.target})
    answers.write_rows(asked, validation.table, **{TIME: _instants(validation.time)})
    env = {
        "LIFECYCLE_TRAIN": str(given),
        "LIFECYCLE_VALIDATION": str(asked),
        "LIFECYCLE_OUTPUT": str(output),
        "LIFECYCLE_TARGET": target,
        **about(spec, train.table.column_names),
        **_parent(parent, scratch),
    }
    programs.run(training.command, env, folder, stop=stop, log=log, limit=limit, grace=grace)
    classes = () if spec.task in NUMERIC else tuple(sorted(set(train.target.tolist())))
    predictions = answers.read(output, spec, len(validation.target), classes)
    made = output / "artifact"
    if not made.is_dir():
        raise TrainingError(
            f"{training.command[0]} left no folder artifact/", hint="make it in $LIFECYCLE_OUTPUT and write to it"
        )
    return CommandResult(archive.pack(made), predictions)


def about(spec: ModelSpec, features: list[str]) -> dict[str, str]:
    """Variables that every program of a model gets."""
    positive = spec.columns.positive
    found = {"LIFECYCLE_MODEL": spec.name, "LIFECYCLE_TASK": spec.task, "LIFECYCLE_FEATURES": json.dumps(features)}
    return found if positive is None else found | {"LIFECYCLE_POSITIVE": answers.label_text(positive)}


def _instants(time: np.ndarray | None) -> Any:
    import pyarrow as pa

    return None if time is None else pa.array(time, pa.int64()).cast(pa.timestamp("us", tz="UTC"))


def _parent(parent: Path | None, scratch: Path) -> dict[str, str]:
    """The champion's artefact as a folder: a tar is unpacked, another file lies in it as `artifact`."""
    if parent is None:
        return {}
    data = parent.read_bytes()
    place = scratch / "parent"
    if data[257:262] == b"ustar":
        archive.unpack(data, place)
    else:
        place.mkdir()
        (place / "artifact").write_bytes(data)
    return {"LIFECYCLE_PARENT": str(place)}
