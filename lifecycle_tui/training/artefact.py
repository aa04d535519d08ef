"""A fitted version as bytes and back. The bytes are a skops file; the registry stores them by digest.

What may be loaded is this list and nothing that a file claims for itself: a swapped or foreign file fails before
any of its objects is built.
"""

from __future__ import annotations

from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.training.features import Encoder
from lifecycle_tui.training.fit import FittedModel

FORMAT = 1

TRUSTED = (
    "functools.partial",
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.utils.validation.check_array",
)
"""Types beyond skops' own defaults that our built-in estimators consist of. A partial is harmless here: the
function inside it must be on the list too, and the only one is scikit-learn's check of an array."""


def dump(model: FittedModel) -> bytes:
    """The artefact of `model`."""
    from zipfile import ZIP_DEFLATED

    from skops.io import dumps

    return dumps(
        {
            "format": FORMAT,
            "task": model.task,
            "estimator_name": model.estimator_name,
            "features": model.encoder.as_data(),
            "classes": list(model.classes),
            "positive": model.positive,
            "cutoff": model.cutoff,
            "estimator": model.estimator,
        },
        compression=ZIP_DEFLATED,
        compresslevel=1,
    )


def load(data: bytes) -> FittedModel:
    """The version in `data`.

    Raises:
        TrainingError: it is not one of our artefacts, or holds a type that is not on our list.
    """
    from skops.io import get_untrusted_types, loads

    try:
        unknown = sorted(set(get_untrusted_types(data=data)) - set(TRUSTED))
        if unknown:
            raise TrainingError(f"the artefact holds types that are not trusted: {', '.join(unknown)}")
        found = loads(data, trusted=list(TRUSTED))
    except TrainingError:
        raise
    except Exception as exc:
        raise TrainingError(f"the artefact cannot be read: {exc}", hint="was it made by another version?") from exc
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise TrainingError("the file is not an artefact of this program, or of a newer one")
    return FittedModel(
        found["task"],
        found["estimator_name"],
        Encoder.from_data(found["features"]),
        found["estimator"],
        classes=tuple(found["classes"]),
        positive=found["positive"],
        cutoff=found["cutoff"],
    )
