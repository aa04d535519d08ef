"""Scores rows with a version that only a program of the team's can open: `training.predict`. Made by `versions`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.training import answers, programs
from lifecycle_tui.training.command import about
from lifecycle_tui.training.fit import Prediction

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class External:
    """A version behind a program. Each call of `predict` runs it once.

    Attributes:
        artifact: the unpacked folder, or the file.
        folder: the workspace, in which the program runs.
        classes: labels, where they are known.
    """

    spec: ModelSpec
    artifact: Path
    folder: Path
    scratch: Path
    classes: tuple[str, ...] = ()
    stop: Callable[[], bool] = lambda: False
    log: Callable[[str], None] = lambda line: None

    def predict(self, table: pa.Table) -> Prediction:
        """What the program says of the rows.

        Raises:
            TrainingError: it failed, or its answer is not one that can be used.
        """
        training = self.spec.training
        assert training is not None and training.predict
        place = Path(tempfile.mkdtemp(prefix="predict-", dir=self.scratch))
        try:
            rows, output = place / "rows.parquet", place / "output"
            output.mkdir()
            answers.write_rows(rows, table)
            env = {
                "LIFECYCLE_ARTIFACT": str(self.artifact),
                "LIFECYCLE_ROWS": str(rows),
                "LIFECYCLE_OUTPUT": str(output),
                **about(self.spec, table.column_names),
            }
            limit = training.time_limit.total_seconds()
            programs.run(training.predict, env, self.folder, stop=self.stop, log=self.log, limit=limit)
            return answers.read(output, self.spec, table.num_rows, self.classes)
        finally:
            shutil.rmtree(place, ignore_errors=True)
