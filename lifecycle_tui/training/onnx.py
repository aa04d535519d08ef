"""Versions in ONNX: scored with onnxruntime where it is installed. Made by `versions`.

Two shapes of graphs are read: one input that is the whole matrix of numbers, or one input a column, named for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.training import foreign
from lifecycle_tui.training.estimators import NUMERIC
from lifecycle_tui.training.fit import Prediction, label_text, numbers

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_TYPES = {"tensor(float)": "float32", "tensor(double)": "float64", "tensor(int64)": "int64", "tensor(string)": "object"}


@dataclass(frozen=True)
class OnnxModel:
    """A graph that is open.

    Attributes:
        features: columns of the matrix, in order; empty: those of the rows, sorted by name.
        classes: labels, for a graph that gives probabilities without their names.
    """

    spec: ModelSpec
    session: Any
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    def predict(self, table: pa.Table) -> Prediction:
        """Predictions for every row.

        Raises:
            TrainingError: the graph's inputs do not fit the columns, or it fails.
        """
        fed = self._inputs(table)
        try:
            found = self.session.run(None, fed)
        except Exception as exc:
            raise TrainingError(f"onnxruntime cannot score with the version: {str(exc)[:500]}") from None
        outputs = {output.name: value for output, value in zip(self.session.get_outputs(), found, strict=True)}
        return self._said(outputs, table.num_rows)

    def _inputs(self, table: pa.Table) -> dict[str, Any]:
        import numpy as np

        inputs = self.session.get_inputs()
        wrong = [i.type for i in inputs if i.type not in _TYPES]
        if wrong:
            raise TrainingError(f"the ONNX graph wants inputs of type {wrong[0]}, which are not known here")
        names = {i.name for i in inputs}
        if len(inputs) == 1 and not (names <= set(table.column_names) and _width(inputs[0]) in (1, None)):
            given = foreign.frame(
                table, self.features or tuple(sorted(table.column_names)), frozenset(table.column_names)
            )
            if _width(inputs[0]) not in (None, given.shape[1]):
                said = f"the ONNX graph takes {_width(inputs[0])} columns, and the model has {given.shape[1]} features"
                raise TrainingError(f"{said}: {', '.join(given.columns)}")
            return {inputs[0].name: given.to_numpy().astype(_TYPES[inputs[0].type])}
        text = {i.name for i in inputs if i.type == "tensor(string)"}
        given = foreign.frame(table, tuple(i.name for i in inputs), frozenset(names - text))
        return {i.name: _column(given[i.name].to_numpy(), _TYPES[i.type], i.name)[:, np.newaxis] for i in inputs}

    def _said(self, outputs: dict[str, Any], rows: int) -> Prediction:
        import numpy as np

        values = list(outputs.values())
        if self.spec.task in NUMERIC:
            return Prediction(numbers(values[0], rows, "the ONNX graph"))
        scores = next((v for v in values[::-1] if isinstance(v, list) or np.asarray(v).ndim == 2), None)
        if scores is None:
            return Prediction(
                np.array([label_text(v) for v in np.asarray(values[0]).ravel()], object), None, self.classes
            )
        if isinstance(scores, list):  # ZipMap: label → probability, a dict a row
            labels = sorted(scores[0], key=label_text) if scores else []
            probability = np.array([[row[label] for label in labels] for row in scores], np.float64)
            classes = tuple(label_text(label) for label in labels)
        else:
            probability, classes = np.asarray(scores, np.float64), self.classes
        probability = probability.reshape(rows, -1)
        if probability.shape[1] != len(classes) or not np.isfinite(probability).all():
            known = ", ".join(classes) or "none is known here"
            raise TrainingError(
                f"the ONNX graph gives {probability.shape[1]} probabilities a row; labels: {known}",
                hint="export it with zipmap, which names them",
            )
        return foreign.from_probabilities(self.spec, probability, classes)


def open_onnx(spec: ModelSpec, data: bytes, features: tuple[str, ...] = (), classes: tuple[str, ...] = ()) -> OnnxModel:
    """Open a graph.

    Raises:
        TrainingError: onnxruntime is not installed, or cannot read it.
    """
    try:
        import onnxruntime
    except ImportError:
        raise TrainingError(
            "the version is an ONNX file, and onnxruntime is not installed", hint="pip install onnxruntime"
        ) from None
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as exc:
        raise TrainingError(f"the ONNX file cannot be read: {str(exc)[:500]}") from None
    return OnnxModel(spec, session, features, classes)


def _width(given: Any) -> int | None:
    """Columns of an input, where the graph fixes them."""
    shape = given.shape
    return shape[1] if len(shape) == 2 and isinstance(shape[1], int) else None


def _column(values: np.ndarray, kind: str, name: str) -> np.ndarray:
    import numpy as np

    if kind == "object":
        return np.array(["" if v != v else str(v) for v in values], object)
    if kind == "int64" and not np.isfinite(values).all():
        raise TrainingError(f"the ONNX graph takes {name} as a whole number, and it is missing in some rows")
    return values.astype(kind)
