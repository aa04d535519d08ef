"""Estimates where labels are not there yet: learns from the reference once, then estimates every window and version.

What was learned is an artefact whose digest stands with the stored reference (fact `estimates`). A version that the
reference does not know, e.g. one that was promoted since, is learned from its first windows whose labels are all in.
An estimate stands as it was made: when labels arrive it is scored, not made again. Called by `evaluate` and `windows`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lifecycle_tui.agent.work.estimate_scans import of_validation, taken
from lifecycle_tui.agent.work.first_version import FirstVersion, validate
from lifecycle_tui.agent.work.opening import Opened
from lifecycle_tui.agent.work.reference import Reference
from lifecycle_tui.agent.work.scoring import Scorer
from lifecycle_tui.agent.workers.context import Cancelled, JobContext, OutOfTime
from lifecycle_tui.data.model import ModelData
from lifecycle_tui.data.survey import Survey, WindowState
from lifecycle_tui.data.zones import to_micros
from lifecycle_tui.domain.errors import LifecycleError
from lifecycle_tui.domain.estimable import PREFIX
from lifecycle_tui.domain.signals import Signal
from lifecycle_tui.domain.specs import ModelSpec
from lifecycle_tui.monitoring import estimate_trust, estimators, maturing
from lifecycle_tui.monitoring.estimate_rows import ScoredRows, reaches
from lifecycle_tui.monitoring.estimates import estimate, nothing
from lifecycle_tui.monitoring.estimators import Estimator
from lifecycle_tui.policy.estimable import estimated
from lifecycle_tui.registry.artifacts import Artifacts
from lifecycle_tui.state import reference as stored
from lifecycle_tui.state import windows
from lifecycle_tui.state.text import dumps

if TYPE_CHECKING:
    from lifecycle_tui.monitoring.instruments import Instruments
    from lifecycle_tui.stats.expected import Expected

FACT = "estimates"
"""Name of the fact under which a stored reference says what was learned from it."""

LEARNED_FROM = 20
"""Windows from which a version is learned that the reference does not know."""

_STOPS = (Cancelled, OutOfTime)

Parts = dict[str, tuple[int, list[Signal], int]]
"""Of each version in a window: rows, signals, labelled rows."""


def how(spec: ModelSpec, instruments: Instruments) -> list[Any]:
    """What estimates are made of, for the windows' basis: empty where none are."""
    names = estimated(spec, [m.name for m in instruments.metrics])
    return [list(names), estimators.FORMAT] if names else []


@dataclass
class Estimating:
    """The estimates of one model's windows.

    Attributes:
        metrics: those that are estimated.
        learned: by version; a text says why nothing could be learned of it.
    """

    job: JobContext
    spec: ModelSpec
    data: ModelData
    survey: Survey
    reference: Reference
    scorer: Scorer | None
    basis: str
    metrics: tuple[str, ...]
    learned: dict[str, Estimator | str] = field(default_factory=dict)
    _as_known: dict[str, dict[str, ScoredRows]] = field(default_factory=dict)
    _vain: dict[tuple[str, ...], str] = field(default_factory=dict)

    def add(self, parts: Parts, state: WindowState, mature: bool) -> None:
        """Put estimates beside the metrics of each version of a window; where its labels are all in, their errors.

        What goes wrong here costs the estimates, and says so; it never costs the window.
        """
        key, rows = state.window.key, dict[str, ScoredRows]()
        before = {version: self._before(state, version) for version in parts}
        if any(found is None for found in before.values()):
            try:
                rows = self._rows(state, [version for version in parts if before[version] is None])
            except _STOPS:
                raise
            except Exception as exc:
                self._put(parts, {v: nothing(self.metrics, _said(exc), "error") for v in parts}, mature)
                return
        found = {}
        for version in parts:
            kept = before[version]
            try:
                made = self._estimates(version, key, rows.get(version, ScoredRows(0))) if kept is None else kept
            except _STOPS:
                raise
            except Exception as exc:
                made = nothing(self.metrics, _said(exc), "error")
            found[version] = made
        self._put(parts, found, mature)

    def completed(self, version: str, state: WindowState, key: str) -> dict[str, Expected]:
        """What `maturing.completed` says of a version in a window whose labels are still coming in; empty where there
        is nothing to say it from."""
        learned = self._learned(version, key)
        if isinstance(learned, str) or learned.arrivals is None or not learned.curves:
            return {}
        if state.window.key not in self._as_known:
            self._as_known.clear()
            scan = self.data.scan(state.window, self.job.now, columns=() if self.scorer is None else None)
            self._as_known[state.window.key] = taken(scan, self.reference.coding, {}, self.scorer, learning=False)
        rows = self._as_known[state.window.key].get(version, ScoredRows(0))
        return maturing.completed(
            learned.curves[0], learned.arrivals, rows, to_micros(self.job.now), self.metrics,
            probabilities=learned.probabilities,
        )  # fmt: skip

    def _put(self, parts: Parts, found: Mapping[str, Sequence[Signal]], mature: bool) -> None:
        for version, (_, signals, _) in parts.items():
            realised = {s.name: s for s in signals}
            # A metric of the team's may have the name of an estimate: it was there first.
            ours = [s for s in found[version] if s.name not in realised]
            signals += ours
            if mature:
                signals += estimate_trust.errors(ours, realised)

    def _before(self, state: WindowState, version: str) -> list[Signal] | None:
        """The estimates that stand; None where they have to be made (anew)."""
        if state.change != "unchanged":
            return None
        with self.job.state.read() as conn:
            row = windows.window(conn, self.spec.name, state.window.key, version)
            if row is None or row.basis != self.basis:
                return None
            names = {f"{PREFIX}{metric}" for metric in self.metrics}
            found = [s for s in windows.signals(conn, row.id) if s.name in names]
        made = len(found) == len(names) and all(s.state in ("ok", "cannot-tell") for s in found)
        return found if made else None

    def _rows(self, state: WindowState, versions: Sequence[str]) -> dict[str, ScoredRows]:
        learned = [self._learned(version, state.window.key) for version in versions]
        needed = {name for of in learned if isinstance(of, Estimator) for name in of.columns}
        scan = self.data.scan(state.window, self.job.now, columns=tuple(self._reach()))
        return taken(scan, self.reference.coding, self._reach(), self.scorer, learning=False, sampled=needed)

    def _reach(self) -> Mapping[str, Any]:
        return reaches(self.reference.columns, self.reference.features)

    def _estimates(self, version: str, key: str, rows: ScoredRows) -> list[Signal]:
        found = self._learned(version, key)
        if isinstance(found, str):
            return nothing(self.metrics, found, "unknown")
        made = estimate(found, rows, self.metrics, min_rows=self.spec.monitor.min_rows)
        return estimate_trust.trusted(made, self._past(version, key))

    def _past(self, version: str, key: str) -> dict[str, list[Signal]]:
        names = [f"{PREFIX}{metric}.error" for metric in self.metrics]
        with self.job.state.read() as conn:
            history = windows.history(conn, self.spec.name, names, 3 * estimate_trust.LAST, before=key, version=version)
        return {name: [e.signals[name] for e in history if name in e.signals] for name in names}

    def _learned(self, version: str, key: str) -> Estimator | str:
        found = self.learned.get(version)
        if found is None:
            found = self._from_windows(version, key)
            if isinstance(found, Estimator):
                self.learned[version] = found
        return found

    def _from_windows(self, version: str, key: str) -> Estimator | str:
        """Learn a version from its newest windows before this one whose labels are all in; kept once it is learned."""
        said = f"the reference has no scores of version {version}" if version else "the reference has no scores"
        with self.job.state.read() as conn:
            history = windows.history(conn, self.spec.name, (), 10 * LEARNED_FROM, before=key, version=version)
        mature = {e.window.key for e in history if e.window.mature and e.window.labels}
        chosen = [s.window for s in self.survey.windows if s.window.key in mature][-LEARNED_FROM:]
        if not chosen:
            return f"{said}, and no window of it has all its labels yet"
        tried = version, *(w.key for w in chosen)
        if tried in self._vain:
            return self._vain[tried]
        scans = (self.data.scan(w, self.job.now, columns=tuple(self._reach())) for w in chosen)
        try:
            rows = taken(scans, self.reference.coding, self._reach(), self.scorer, learning=True).get(
                version, ScoredRows(0)
            )
            found = estimators.learn(self.reference.coding, rows, self._reach(), self.metrics)
        except _STOPS:
            raise
        except Exception as exc:
            self._vain[tried] = f"{said}; of its {len(chosen)} windows with all labels: {_said(exc)}"
            return self._vain[tried]
        _keep(self.job, self.spec.name, self.reference.digest, {version: found})
        return found


def mark_maturing(parts: Parts, state: WindowState, estimating: Estimating | None, job: JobContext) -> None:
    """Mark the metrics of a window whose labels are not all in; whatever goes wrong costs what is filled in alone."""
    for version, (rows, signals, labels) in parts.items():
        estimates = {s.name.removeprefix(PREFIX): s for s in signals if s.name.startswith(PREFIX)}
        filled: dict[str, Expected] = {}
        if estimating is not None and labels < rows:
            try:
                filled = estimating.completed(version, state, state.window.key)
            except _STOPS:
                raise
            except Exception as exc:
                job.log("warning", f"labels of {state.window.key} that are still out are not filled in: {_said(exc)}")
        others = [s for s in signals if s.name.startswith(PREFIX)]
        own = [s for s in signals if not s.name.startswith(PREFIX)]
        signals[:] = [*maturing.marked(own, rows, labels, filled, estimates), *others]


def get_estimating(
    job: JobContext, model: Opened, survey: Survey, reference: Reference, first: FirstVersion | None,
    scorer: Scorer | None, basis: str, scratch: Path,
) -> Estimating | None:  # fmt: skip
    """What estimates a model's windows, learned now where it has not been; None where nothing is estimated."""
    spec = model.spec
    metrics = estimated(spec, [m.name for m in model.instruments.metrics])
    if not metrics:
        return None
    # Of the rows that are scored here nothing is kept for others.
    scorer = None if scorer is None else replace(scorer, labelled=None)
    found = Estimating(job, spec, model.data, survey, reference, scorer, basis, metrics)
    learned = _stored(job, spec.name, reference.digest, metrics)
    if learned is None:
        learned = _learn(job, model, survey, reference, first, scorer, metrics, scratch)
        _keep(job, spec.name, reference.digest, learned, metrics)
    found.learned.update(learned)
    return found


def _learn(
    job: JobContext, model: Opened, survey: Survey, reference: Reference, first: FirstVersion | None,
    scorer: Scorer | None, metrics: Sequence[str], scratch: Path,
) -> dict[str, Estimator | str]:  # fmt: skip
    """From the scores that the reference's own baseline has: the data's, or forward validation's."""
    reach = reaches(reference.columns, reference.features)
    if first is not None and not first.trained_here:
        # Its scores may be about rows that it has learned from: they would promise too much.
        return {first.version.label: "its scores of the reference may be of rows that it has learned from"}
    try:
        if first is not None:
            validation = validate(job, model, survey, first, scratch)
            rows = of_validation(validation, first.version.label, reference.coding, reach)
        else:
            scan = model.data.scan(survey.reference, job.now, columns=tuple(reach))
            rows = taken(scan, reference.coding, reach, scorer, learning=True)
    except _STOPS:
        raise
    except Exception as exc:
        return {"" if first is None else first.version.label: f"the reference cannot be learned from: {_said(exc)}"}
    found: dict[str, Estimator | str] = {}
    for version, of_version in rows.items():
        try:
            found[version] = estimators.learn(reference.coding, of_version, reach, metrics)
        except _STOPS:
            raise
        except Exception as exc:  # one version's numbers cost neither the others nor the check
            found[version] = _said(exc)
    return found


def _said(exc: Exception) -> str:
    return exc.message if isinstance(exc, LifecycleError) else f"{type(exc).__name__}: {exc}"


def _keep(
    job: JobContext, model: str, digest: str, learned: Mapping[str, Estimator | str], metrics: Sequence[str] = ()
) -> None:  # fmt: skip
    """Put what was learned into artefacts, and their names beside the reference."""
    artifacts = Artifacts(job.workspace.spec.root)
    named = {
        version: {"why": found} if isinstance(found, str) else {"artifact": artifacts.put(estimators.dump(found))}
        for version, found in learned.items()
    }
    with job.state.write() as tx:
        row = stored.get_reference(tx, model, digest, profiles=False)
        before = {} if row is None else row.facts.get(FACT, {})
        fact = {"how": _how(metrics), "versions": named} if metrics else before | {
            "versions": before.get("versions", {}) | named
        }  # fmt: skip
        stored.note(tx, model, digest, FACT, fact)


def _stored(job: JobContext, model: str, digest: str, metrics: Sequence[str]) -> dict[str, Estimator | str] | None:
    """What was learned from a reference; None where that has to be done (again)."""
    with job.state.read() as conn:
        row = stored.get_reference(conn, model, digest, profiles=False)
    fact = {} if row is None else row.facts.get(FACT, {})
    if fact.get("how") != _how(metrics):
        return None
    artifacts = Artifacts(job.workspace.spec.root)
    found: dict[str, Estimator | str] = {}
    try:
        for version, named in fact["versions"].items():
            found[version] = named["why"] if "why" in named else estimators.load(artifacts.get(named["artifact"]))
    except LifecycleError as exc:
        job.log("warning", f"what was learned for estimates is made anew: {exc.message}")
        return None
    return found


def _how(metrics: Sequence[str]) -> str:
    return hashlib.sha256(dumps([list(metrics), estimators.FORMAT]).encode()).hexdigest()[:16]
