"""Opens a version to score rows with, whatever its artefact is. Called by scoring, judging and deploying.

The digest is checked before a byte is parsed; what a file may hold is `trust`'s list and the workspace's own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lifecycle_tui.domain.errors import TrainingError
from lifecycle_tui.domain.specs import ModelSpec, WorkspaceSpec
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import NewVersion
from lifecycle_tui.training import archive, artefact, foreign, onnx
from lifecycle_tui.training.external import External
from lifecycle_tui.training.fit import Prediction

if TYPE_CHECKING:
    import pyarrow as pa


class Scorable(Protocol):
    """Something that scores rows."""

    def predict(self, table: pa.Table) -> Prediction:
        """Predictions for every row of normalised features.

        Raises:
            TrainingError: it cannot.
        """
        ...


def open_version(
    facts: NewVersion,
    artifacts: Artifacts,
    spec: ModelSpec,
    workspace: WorkspaceSpec,
    scratch: Path,
    *,
    warn: Callable[[str], None] | None = None,
    log: Callable[[str], None] = lambda line: None,
    stop: Callable[[], bool] = lambda: False,
) -> Scorable:
    """The version, ready to score.

    Args:
        facts: its format, artefact and schema.
        scratch: a folder for what must lie on the disk; it must live as long as the version is used.
        warn: hears what a person should know each time, e.g. that a pickle was loaded.
        log, stop: for versions behind a program: hears its lines; whether to end it.

    Raises:
        StateError: the artefact is missing, or is not what was stored.
        TrainingError: it cannot or may not be opened.
    """
    if facts.artifact is None:
        raise TrainingError("the version is only named by the data: there is no artefact to score with")
    data = artifacts.get(facts.artifact)
    features, classes = _known(facts)
    kind = facts.format or artefact.format_of(data) or "opaque"
    if kind in ("skops", "pickle"):
        found = artefact.load_object(
            _as(kind, data),
            trusted=workspace.trust,
            pickle=workspace.pickle,
            warn=warn,
            folder=workspace.root,
            kind=kind,
        )
        if artefact.is_ours(found):
            return artefact.as_model(found)
        return foreign.make(spec, found, features)
    if kind == "onnx":
        return onnx.open_onnx(spec, data, features, classes)
    return _external(facts, data, kind, spec, workspace, scratch, classes, log, stop)


def _as(kind: str, data: bytes) -> bytes:
    """The bytes, if they are what the record says: a pickle may not come in under another name."""
    if artefact.format_of(data) not in (kind, None):
        raise TrainingError(f"the version is registered as {kind}, and its artefact is something else")
    return data


def _known(facts: NewVersion) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Features in order and labels, as far as the version's record tells."""
    schema = facts.schema or {}
    features, classes = schema.get("features"), schema.get("classes") or (facts.lineage or {}).get("classes")
    return (tuple(features) if features else ()), tuple(map(str, classes)) if classes else ()


def _external(
    facts: NewVersion,
    data: bytes,
    kind: str,
    spec: ModelSpec,
    workspace: WorkspaceSpec,
    scratch: Path,
    classes: tuple[str, ...],
    log: Callable[[str], None],
    stop: Callable[[], bool],
) -> External:
    if spec.training is None or not spec.training.predict:
        raise TrainingError(
            f"only a program of yours can score with this version (its artefact is {_described(kind)})",
            hint='name one: [models.NAME.training] predict = ["python", "predict.py"]',
        )
    scratch.mkdir(parents=True, exist_ok=True)
    place = scratch / f"version-{(facts.artifact or '')[:16]}"
    if kind == "tar":
        if not place.exists():
            archive.unpack(data, place)
    else:
        place.mkdir(exist_ok=True)
        place = place / _file_name(facts.lineage or {})
        place.write_bytes(data)
    return External(spec, place, workspace.root, scratch, classes, stop, log)


def _described(kind: str) -> str:
    return {"tar": "a folder", "opaque": "a file that we do not read"}.get(kind, f'of the format "{kind}"')


def _file_name(lineage: Any) -> str:
    """What the file was called when it was registered: programs go by the suffix."""
    name = Path(str(lineage.get("file") or "artifact")).name
    return name if name not in ("", ".", "..") else "artifact"
