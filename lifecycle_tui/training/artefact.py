"""A fitted version as bytes and back. The bytes are a skops file; the registry stores them by digest.

What may be loaded is our list and what the workspace declares, and nothing that a file claims for itself: a swapped or
foreign file fails before any of its objects is built. Pickles are neither read nor written unless the workspace says
so.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.training import guard, team, trust
from lifecycle_tui.training.canonical import canonical
from lifecycle_tui.training.features import Encoder
from lifecycle_tui.training.fit import FittedModel

FORMAT = 2
"""2 has the form of the features; 1 had one form only and is still read."""

PICKLE_WARNING = "the artefact is a pickle: loading it runs whatever code it holds"

Warn = Callable[[str], None]


def format_of(data: bytes) -> Literal["skops", "pickle"] | None:
    """How an artefact's bytes are to be read, from their first ones; nothing is parsed."""
    if data[:4] == b"PK\x03\x04":
        return "skops"
    return "pickle" if data[:1] == b"\x80" else None


def dump(model: FittedModel, *, trusted: tuple[str, ...] = (), pickle: bool = False) -> bytes:
    """The artefact of `model`: the same bytes for the same fitted state.

    Args:
        trusted: types of the team's own that it may hold (`[workspace] trust`).
        pickle: whether it may be a pickle where skops cannot save it.

    Raises:
        TrainingError: it holds what skops cannot save or what could not be loaded again.
    """
    content = {
        "format": FORMAT,
        "task": model.task,
        "estimator_name": model.estimator_name,
        "form": model.encoder.form,
        "features": model.encoder.as_data(),
        "classes": list(model.classes),
        "positive": model.positive,
        "cutoff": model.cutoff,
        "rows": model.rows,
        "estimator": model.estimator,
    }
    try:
        data = _skops(content)
        _refuse_untrusted(data, trusted)
        return data
    except TrainingError as exc:
        if not pickle:
            raise TrainingError(
                f"what {model.estimator_name} gives cannot be saved: {exc.message}", hint=exc.hint
            ) from None
    import pickle as pickles

    try:
        return pickles.dumps(content, protocol=5)
    except Exception as exc:
        raise TrainingError(f"what {model.estimator_name} gives cannot be saved, even as a pickle: {exc}") from exc


def _skops(content: Mapping[str, Any]) -> bytes:
    from skops.io import dumps

    try:
        return canonical(dumps(content))
    except Exception as exc:
        hint = "use another estimator, or allow pickles: [workspace] pickle = true"
        raise TrainingError(f"skops cannot save it: {exc}", hint=hint) from exc


def load(
    data: bytes,
    *,
    trusted: tuple[str, ...] = (),
    pickle: bool = False,
    warn: Warn | None = None,
    folder: str | Path = "",
) -> FittedModel:
    """The version in `data`, one that this program made.

    Args:
        trusted, pickle: see `dump`.
        warn: hears a sentence each time that a pickle is loaded.
        folder: the workspace, where trusted types of the team's own are imported from.

    Raises:
        TrainingError: it is not one of our artefacts, is damaged, or holds a type that is not trusted.
    """
    found = load_object(data, trusted=trusted, pickle=pickle, warn=warn, folder=folder)
    if not is_ours(found):
        raise TrainingError("the file is not an artefact of this program, or of a newer one")
    return as_model(found)


def is_ours(found: Any) -> bool:
    """Whether what was loaded is the content of one of our artefacts."""
    return isinstance(found, dict) and found.get("format") in (1, FORMAT) and "estimator_name" in found


def as_model(found: Mapping[str, Any]) -> FittedModel:
    """The version that one of our artefacts holds."""
    from lifecycle_tui.training.estimators import parameters

    try:
        return FittedModel(
            found["task"],
            found["estimator_name"],
            Encoder.from_data(found["features"], found.get("form", "codes")),
            found["estimator"],
            classes=tuple(found["classes"]),
            positive=found["positive"],
            cutoff=found["cutoff"],
            parameters=parameters(found["estimator"]),
            rows=found.get("rows", 0),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise TrainingError(f"the artefact is incomplete: {type(exc).__name__}: {exc}") from None


def load_object(
    data: bytes,
    *,
    trusted: tuple[str, ...] = (),
    pickle: bool = False,
    warn: Warn | None = None,
    folder: str | Path = "",
    kind: str | None = None,
) -> Any:
    """What a skops file or a pickle holds; see `load`. The caller has checked its digest.

    Args:
        kind: "pickle" for one whose first bytes do not show it (joblib packs them).
    """
    kind = kind or format_of(data)
    if kind is None:
        raise TrainingError("the artefact cannot be read: it is neither a skops file nor a pickle", hint="is it whole?")
    if kind == "pickle":
        return _unpickle(data, pickle, warn, folder)
    unknown = _refuse_untrusted(data, trusted)
    if any(trust.declared(name, trusted) for name in unknown):
        team.on_path(folder)
    from skops.io import loads

    try:
        with team.blaming("the artefact cannot be read"):
            return loads(data, trusted=unknown)
    except TrainingError as exc:
        raise TrainingError(exc.message, hint="was it made with other versions of its libraries?") from exc.__cause__


def _refuse_untrusted(data: bytes, trusted: tuple[str, ...]) -> list[str]:
    """Names beyond skops' own list that the file needs, all of them trusted.

    Raises:
        TrainingError: one of them is not.
    """
    from skops.io import get_untrusted_types

    named = guard.names(data)
    wrong = trust.out_of_bounds(named, trusted)
    if wrong:
        raise trust.refuse(wrong)
    try:
        unknown = list(get_untrusted_types(data=data))
    except Exception as exc:
        raise TrainingError(f"the artefact cannot be read: {exc}", hint="was it made by another version?") from exc
    wrong = trust.untrusted(unknown, trusted)
    if wrong:
        raise trust.refuse(wrong)
    return unknown


def _unpickle(data: bytes, allowed: bool, warn: Warn | None, folder: str | Path) -> Any:
    if not allowed:
        raise TrainingError(
            "the artefact is a pickle, and pickles are not loaded here: one can run any code",
            hint="save it with skops.io.dump; or, if you trust who made it, [workspace] pickle = true",
        )
    if warn is not None:
        warn(PICKLE_WARNING)
    import joblib

    team.on_path(folder)
    with team.blaming("the pickle cannot be loaded"):
        return joblib.load(io.BytesIO(data))  # reads plain pickles as well as its own


def check(data: bytes, *, trusted: tuple[str, ...] = ()) -> None:
    """Refuse a skops file that could not be loaded here, without building anything: for files that people register.

    Raises:
        TrainingError: it is damaged, made to do harm, or holds a type that is not trusted.
    """
    _refuse_untrusted(data, trusted)
