"""Which signals a model has: what `checks` holds an expression against, and what docs/signals.md lists.

The workspace builds one for each model from its columns and the plugins that it names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lifecycle_tui.domain.signals import ColumnKind

Range = tuple[float | None, float | None]
"""Legal values, None for an open end."""


@dataclass(frozen=True, slots=True)
class SignalInfo:
    """One signal that a model can have.

    Attributes:
        unit: "" for a plain number, "share" for 0..1, "rows" for a count, "s" for seconds.
        performance: it needs labels; rules that read it see only mature windows of the present champion.
        column: the column it is about.
        interval: it comes with `.lower`, `.upper`.
        directed: one end of it is better, so that there can be a gain.
    """

    name: str
    range: Range = (None, None)
    unit: str = ""
    performance: bool = False
    column: str | None = None
    interval: bool = True
    directed: bool = True


SEGMENTED = frozenset({"rows", "drift.share", "drift.count", "drift.max"})
"""Those of the program that there are for every segment too, beside the metrics."""

PROGRAM_SIGNALS: tuple[SignalInfo, ...] = (
    SignalInfo("rows", (0.0, None), "rows", interval=False),
    SignalInfo("labels", (0.0, None), "rows", interval=False),
    SignalInfo("labels.share", (0.0, 1.0), "share", interval=False),
    SignalInfo("data.bad_cells", (0.0, None), "rows", interval=False),
    SignalInfo("data.duplicates", (0.0, None), "rows", interval=False),
    SignalInfo("data.gaps", (0.0, None), "rows", interval=False),
    # Rows can carry times that lie ahead of the loop's clock: no lower end.
    SignalInfo("data.late", (None, None), "s", interval=False),
    SignalInfo("drift.share", (0.0, 1.0), "share", interval=False),
    SignalInfo("drift.count", (0.0, None), "", interval=False),
    SignalInfo("drift.max", (0.0, 1.0), "", interval=False),
    SignalInfo("segments.worst", (0.0, None), performance=True, interval=False, directed=False),
    *(
        SignalInfo(name, (0.0, 1.0), "", performance=True, interval=False, directed=False)
        for name in ("target.shift", "concept.shift", "score.shift")
    ),
)
"""What every model has, whatever its plugins."""

CHANGE = "change"
"""Begins the signals of what adds up over windows, one a column: they carry its verdict."""

IMPORTANCE = "importance."
"""Begins the signals of what a version leans on: `importance.COLUMN`, `importance.shift`."""

_OF_WINDOWS = {info.name for info in PROGRAM_SIGNALS}
"""They compare a window with the reference: of two versions on the same rows there are none."""

LOG_SIGNALS: tuple[SignalInfo, ...] = (
    SignalInfo("log.lines", (0.0, None), "", interval=False),
    SignalInfo("log.bad_lines", (0.0, None), "", interval=False),
    SignalInfo("log.errors.share", (0.0, 1.0), "share"),
    *(SignalInfo(f"log.latency.{name}") for name in ("p50", "p95", "p99")),
    SignalInfo("log.patterns.new", (0.0, None), "", interval=False),
    SignalInfo("log.patterns.growing", (0.0, None), "", interval=False),
)
"""What a model with `[data] logs` has beside."""

OF_LOGS = frozenset(info.name for info in LOG_SIGNALS if info.interval)
"""Those that there are for every segment too."""

DETECTOR_RANGES: dict[str, Range] = {
    "psi": (0.0, None),
    "ks": (0.0, 1.0),
    "chi2": (0.0, None),
    "missing": (0.0, 1.0),
    "unseen": (0.0, 1.0),
    "mmd": (0.0, None),
    "energy": (0.0, None),
    "classifier": (0.0, 1.0),
    "pca": (0.0, None),
    "text_classifier": (0.0, 1.0),
    **dict.fromkeys(("adwin", "ddm", "eddm", "hddm_a", "hddm_w", "kswin", "page_hinkley"), (0.0, None)),
    "wasserstein": (0.0, None),
    "js": (0.0, 1.0),
    "hellinger": (0.0, 1.0),
    "linf": (0.0, 1.0),
    "cvm": (0.0, None),
    "anderson": (0.0, None),
    "range": (0.0, 1.0),
    "characters": (0.0, 1.0),
    "tokens": (0.0, 1.0),
    "evidently": (0.0, None),
    "nannyml": (0.0, None),
}
"""Of the detectors that we ship; others may say theirs in `DetectorInfo.range`."""


@dataclass(frozen=True, slots=True)
class DetectorInfo:
    """A detector that a model uses: its signal exists for each column of these kinds, or once (scope "table").

    Attributes:
        columns: only these columns; empty means all of the kinds.
        table: it compares all features together.
    """

    name: str
    kinds: tuple[ColumnKind, ...]
    range: Range | None = None
    columns: tuple[str, ...] = ()
    table: bool = False


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """A metric that a model uses; `directed` if one end of it is better."""

    name: str
    range: Range = (None, None)
    directed: bool = True


@dataclass(frozen=True, slots=True)
class SignalCatalog:
    """The signals of one model by name.

    Attributes:
        segments: columns by whose values there are signals of segments, `NAME.COLUMN=VALUE`; which values there will be
            nobody knows before the data is read.
        segmented: the signals that there are for every segment too.
    """

    signals: Mapping[str, SignalInfo] = field(default_factory=dict)
    segments: tuple[str, ...] = ()
    segmented: frozenset[str] = frozenset()

    def get(self, name: str) -> SignalInfo | None:
        """The signal of that name, or None."""
        return self.signals.get(name) or self._of_segment(name)

    def _of_segment(self, name: str) -> SignalInfo | None:
        for column in self.segments:
            base, found, value = name.partition(f".{column}=")
            info = self.signals.get(base)
            if found and value and info is not None and base in self.segmented:
                return replace(info, name=name, column=f"{column}={value}")
        return None

    def for_gates(self) -> SignalCatalog:
        """The same with `challenger.NAME` and `champion.NAME` for every performance signal, as gates read them."""
        versions = {
            f"{version}.{info.name}": replace(info, name=f"{version}.{info.name}")
            for version in ("challenger", "champion")
            for info in self.signals.values()
            if info.performance and info.name not in _OF_WINDOWS and not info.name.startswith(IMPORTANCE)
        }
        return SignalCatalog({**self.signals, **versions})


def importance_signals(features: Iterable[str]) -> tuple[SignalInfo, ...]:
    """Of a model that versions of ours score: one for each feature, and how far they have moved."""
    of_columns = (
        SignalInfo(f"{IMPORTANCE}{name}", performance=True, column=name, directed=False)
        for name in features
        if name != "shift"
    )
    return (*of_columns, SignalInfo(f"{IMPORTANCE}shift", (0.0, 1.0), performance=True, directed=False))


def model_catalog(
    columns: Mapping[str, ColumnKind],
    detectors: Sequence[DetectorInfo] = (),
    metrics: Sequence[MetricInfo] = (),
    extra: Sequence[SignalInfo] = (),
    segments: Sequence[str] = (),
) -> SignalCatalog:
    """The catalog of a model.

    Args:
        columns: kind of every column that detectors look at.
        detectors, metrics: those that the model uses (its own or the defaults).
        extra: anything else, e.g. estimates; they win over others of the same name.
        segments: the columns that the model declares as `segments` or `protected`.
    """
    found = {info.name: info for info in PROGRAM_SIGNALS}
    for detector in detectors:
        limits = detector.range or DETECTOR_RANGES.get(detector.name, (None, None))
        if detector.table:
            found[detector.name] = SignalInfo(detector.name, limits)
            continue
        for column, kind in columns.items():
            if kind in detector.kinds and (not detector.columns or column in detector.columns):
                name = f"{detector.name}.{column}"
                found[name] = SignalInfo(name, limits, column=column)
    for column in columns:
        found[f"{CHANGE}.{column}"] = SignalInfo(f"{CHANGE}.{column}", (0.0, 1.0), column=column)
    for metric in metrics:
        found[metric.name] = SignalInfo(metric.name, metric.range, performance=True, directed=metric.directed)
    found.update((info.name, info) for info in extra)
    return SignalCatalog(found, tuple(segments), SEGMENTED | OF_LOGS | {metric.name for metric in metrics})
