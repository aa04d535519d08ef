"""`lifecycle_tui.load`: follows the stable place to the champion, checks its bytes, opens it, keeps it while it lasts.

Runs in a team's own process. It reads the workspace's file for what an artefact may hold, state for what its digest
must be, and writes nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
import threading
import warnings
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui import config
from lifecycle_tui.domain.errors import ConfigError, StateError, UsageError
from lifecycle_tui.domain.folder import FILE, find_root
from lifecycle_tui.domain.specs import ModelSpec, RolloutSpec, WorkspaceSpec
from lifecycle_tui.registry import aliases, versions
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.registry.versions import Version
from lifecycle_tui.state import folder
from lifecycle_tui.state.database import State
from lifecycle_tui.training import answers, incoming
from lifecycle_tui.training.estimators import NUMERIC
from lifecycle_tui.training.fit import Prediction, label_text
from lifecycle_tui.training.versions import Scorable, open_version

if TYPE_CHECKING:
    import numpy as np

LOCAL = "local"
"""The deployer whose stable place is followed; with a team's own, the record says what serves."""

TRIES = 5
"""Looks at the stable place, which may be switched between two of our reads."""


@dataclass(frozen=True)
class Loaded:
    """Follows `domain.serving.Served`."""

    model: str
    version: int
    label: str
    digest: str
    classes: tuple[str, ...]
    spec: ModelSpec
    kinds: dict[str, str]
    scorable: Scorable
    scratch: tempfile.TemporaryDirectory[str]
    """Lives as long as the version does: a program's version lies there."""

    def predict(self, rows: Any) -> np.ndarray:
        """See `Served`."""
        return self._scored(rows).prediction

    def score(self, rows: Any) -> np.ndarray:
        """See `Served`."""
        found = self._scored(rows).score
        if found is None:
            raise UsageError(f"version {self.version} of {self.model} has no scores", hint="use predict(rows)")
        return found

    def predict_proba(self, rows: Any) -> np.ndarray:
        """See `Served`."""
        import numpy as np

        found = self.score(rows)
        return np.column_stack([1.0 - found, found]) if found.ndim == 1 else found

    def _scored(self, rows: Any) -> Prediction:
        return self.scorable.predict(incoming.table(rows, self.kinds, f"version {self.version} of {self.model}"))


_guard = threading.Lock()
_states: dict[Path, tuple[tuple[int, ...], sqlite3.Connection]] = {}
_parents: list[sqlite3.Connection] = []
"""Connections from before a fork: not to be used here, nor to be closed."""
_specs: dict[Path, tuple[tuple, WorkspaceSpec]] = {}
_loaded: dict[tuple[Path, str], tuple[str, Loaded]] = {}


def load(model: str, root: str | Path | None = None) -> Loaded:
    """The champion of the moment; see `lifecycle_tui.load`."""
    base = _root(root)
    with _guard:
        workspace, spec = _declared(base, model)
        for _ in range(TRIES):
            version, place = _serving(base, spec)
            mark = f"{version.number} {version.facts.artifact} {workspace.digest}"
            known = _loaded.get((base, model))
            if known is not None and known[0] == mark:
                return known[1]
            try:
                found = _opened(base, workspace, spec, version, place)
            except FileNotFoundError:
                continue  # it was switched, and the old one tidied away, between two of our reads
            _loaded[base, model] = (mark, found)
            return found
    raise StateError(
        f"what serves {model} cannot be read: {folder.folder(base) / 'serving' / model}",
        hint="deploy it again with `lifecycle promote` or `lifecycle rollback`",
    )


def _root(root: str | Path | None) -> Path:
    start = (Path() if root is None else Path(root)).resolve()
    if not start.exists():
        raise ConfigError(f"there is no folder {start}, and so no {FILE} in it")
    return find_root(start.parent if start.is_file() else start)


def _declared(base: Path, model: str) -> tuple[WorkspaceSpec, ModelSpec]:
    """The workspace and the model. A file that has become wrong does not stop what serves: the last good one holds."""
    known = _specs.get(base)
    if known is None or known[0] != _stamp(known[1].files) or all(s.name != model for s in known[1].models):
        try:
            workspace = config.load(base / FILE)
            _specs[base] = known = (_stamp(workspace.files), workspace)
        except ConfigError:
            last = known[1] if known is not None else _accepted(base)
            if last is None:
                raise
            known = _specs[base] = (_stamp(last.files), last)
    workspace = known[1]
    for spec in workspace.models:
        if spec.name == model:
            return workspace, spec
    names = [spec.name for spec in workspace.models]
    near = get_close_matches(model, names, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"there are {', '.join(names[:8]) or 'none'}"
    raise UsageError(f"{base / FILE} declares no model {model!r}", hint=hint)


def _accepted(base: Path) -> WorkspaceSpec | None:
    """The workspace as the agent last accepted it, for a program that starts in the middle of an edit."""
    given = folder.accepted(base)
    return config.check(base / FILE, given)[0] if base / FILE in given else None


def _stamp(files: tuple[Path, ...]) -> tuple:
    found = []
    for file in files:
        try:
            stat = file.stat()
            found.append((str(file), stat.st_mtime_ns, stat.st_size, stat.st_ino))
        except OSError:
            found.append((str(file), 0, 0, 0))
    return tuple(found)


def _serving(base: Path, spec: ModelSpec) -> tuple[Version, Path | None]:
    """The version that serves, and the folder at the stable place; None where the record alone says what serves."""
    link = folder.folder(base) / "serving" / spec.name / "champion"
    local = (spec.rollout or RolloutSpec()).deployer == LOCAL
    number, place = _followed(link) if local and os.path.lexists(link) else (None, None)
    conn = _reading(base)
    if number is None:
        found = aliases.champion(conn, spec.name)
        hint = f"`lifecycle check` fits a first version, `lifecycle promote {spec.name} VERSION` chooses one"
        if found is None:
            raise UsageError(f"nothing serves {spec.name} yet", hint=hint)
        return found, None
    found = versions.get(conn, spec.name, number)
    if found is None:
        raise StateError(f"{link} holds version {number} of {spec.name}, which the record does not know")
    return found, place


def _reading(base: Path) -> sqlite3.Connection:
    """A connection to the state, kept between calls; anew in a forked process, or where another file took its place."""
    try:
        stat = folder.database(base).stat()
        mark = (os.getpid(), stat.st_ino, stat.st_dev)
    except OSError:
        mark = (0, 0, 0)
    known = _states.get(base)
    if known is not None and known[0] == mark:
        return known[1]
    conn, frozen = State.view(base).reader()
    if known is not None and known[0][0] == mark[0]:
        known[1].close()
    elif known is not None:
        _parents.append(known[1])
    _states.pop(base, None)
    if not frozen:  # a frozen one sees nothing that is written later
        _states[base] = (mark, conn)
    return conn


def _followed(link: Path) -> tuple[int, Path]:
    """Number and folder at the stable place."""
    problem: Exception | None = None
    for _ in range(TRIES):
        try:
            place = link.parent / os.readlink(link)
            number = json.loads((place / "version.json").read_bytes())["number"]
        except (OSError, ValueError, KeyError, TypeError) as exc:
            problem = exc
            continue
        if type(number) is int:
            return number, place
        problem = ValueError(f"the number is {number!r}")
    hint = "deploy it again with `lifecycle promote` or `lifecycle rollback`"
    raise StateError(f"{link} cannot be read: {problem}", hint=hint)


def _opened(base: Path, workspace: WorkspaceSpec, spec: ModelSpec, version: Version, place: Path | None) -> Loaded:
    """The version, its bytes checked before anything is parsed.

    Raises:
        FileNotFoundError: it was tidied away meanwhile.
    """
    digest = version.facts.artifact
    if digest is None:
        raise UsageError(
            f"version {version.label} of {spec.name} is only named by the data: there is no artefact to load",
            hint="register its file with `lifecycle versions register`",
        )
    data = None if place is None else (place / "artifact").read_bytes()
    found = digest if data is None else hashlib.sha256(data).hexdigest()
    if found != digest:
        raise StateError(
            f"{place}/artifact is not what was deployed: its bytes hash to {found[:12]}, not to {digest[:12]}",
            hint="the file was changed or damaged; it will not be loaded",
        )
    return _open(base, workspace, spec, version, digest, data)


class _Checked(Artifacts):
    """The artefacts, with one whose bytes are at hand and were checked."""

    def __init__(self, root: Path, digest: str, data: bytes | None) -> None:
        super().__init__(root)
        self._checked = {} if data is None else {digest: data}

    def get(self, digest: str) -> bytes:
        return self._checked[digest] if digest in self._checked else super().get(digest)


def _open(
    base: Path, workspace: WorkspaceSpec, spec: ModelSpec, version: Version, digest: str, data: bytes | None
) -> Loaded:
    def warn(text: str) -> None:
        warnings.warn(f"{spec.name} version {version.number}: {text}", RuntimeWarning, stacklevel=2)

    scratch = tempfile.TemporaryDirectory(prefix="lifecycle-")
    scorable = open_version(
        version.facts, _Checked(base, digest, data), spec, workspace, Path(scratch.name), warn=warn
    )  # fmt: skip
    kinds = incoming.kinds_of(version.facts, spec, scorable)
    return Loaded(
        spec.name,
        version.number,
        version.label,
        digest,
        _classes(spec, version, scorable),
        spec,
        kinds,
        scorable,
        scratch,
    )


def _classes(spec: ModelSpec, version: Version, scorable: Scorable) -> tuple[str, ...]:
    """Labels in the order of `predict_proba`: of a binary model the negative one first."""
    if spec.task in NUMERIC:
        return ()
    known = getattr(scorable, "classes", None)
    if not known:
        known = getattr(getattr(scorable, "estimator", None), "classes_", None)
    labels = () if known is None else tuple(label_text(label) for label in known)
    return answers.ends(spec, labels) if spec.task == "binary" else labels
