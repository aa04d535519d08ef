"""What a signal is, for `config explain psi.income`: rules speak of signals where the file speaks of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lifecycle_tui.config.explain import Explained
    from lifecycle_tui.plugin_host.catalog import PluginCatalog

_ABOUT = {
    "rows": "Rows in the window.",
    "labels": "Rows whose label has arrived.",
    "labels.share": "The share of the rows whose label has arrived.",
    "data.bad_cells": "Cells and lines that could not be read as what they should be.",
    "data.duplicates": "Rows whose id occurred before.",
    "data.gaps": "Stretches of time without rows.",
    "data.late": "Age of the newest row at the loop's clock.",
    "drift.share": "Share of the columns that could be judged that drifted.",
    "drift.count": "How many columns drifted.",
    "drift.max": "The largest effect among the columns that drifted; 0 where none did.",
    "target.shift": "How far the target's own distribution has moved from the reference's.",
    "concept.shift": "How far what comes true has moved among rows that the model says the same of.",
    "score.shift": "How far what the model says has moved among rows of which the same comes true.",
}
_SUFFIXES = {"lower": "The lower end of its interval.", "upper": "The upper end of its interval.",
             "n": "The number of rows, or columns, that it rests on."}  # fmt: skip


_ABOUT_IMPORTANCE = (
    "By how much the key metric of the version that scored would be worse with this column shuffled.",
    "How far what the version leans on has moved since it was made.",
)
_ANY = (None, None)
_ABOUT_LOGS = {
    "log.lines": "Lines of the model's log in the window.",
    "log.bad_lines": "Lines of the log that could not be read.",
    "log.errors.share": "Share of the lines that are errors, by level or status.",
    "log.latency.p50": "The middle latency of the lines that have one, in the log's own unit.",
    "log.latency.p95": "The latency that 95 % of the lines keep to, in the log's own unit.",
    "log.latency.p99": "The latency that 99 % of the lines keep to, in the log's own unit.",
    "log.patterns.new": "How many patterns of messages there are that the reference's period lacks.",
    "log.patterns.growing": "How many patterns of messages have grown beyond their share in the reference's period.",
}

_LEVELS = {"rows": "1000", "s": "2h"}
"""What an example compares with, by unit."""


def certain(name: str, plugins: PluginCatalog) -> bool:
    """Whether a name is a signal's for sure: not that of a detector and whatever column."""
    base, _, suffix = name.rpartition(".")
    found = {base, name} if suffix in _SUFFIXES else {name}
    return any(one in _ABOUT or plugins.get("metric", one) is not None for one in found)


def signal(name: str, plugins: PluginCatalog) -> Explained | None:
    """The signal of that name, as rules write it; None where none can have it."""
    from lifecycle_tui.config.explain import Explained

    base, dot, suffix = name.rpartition(".")
    end = f" {_SUFFIXES[suffix]}" if dot and suffix in _SUFFIXES else ""
    name = base if end else name
    found = _described(name, plugins)
    if found is None:
        return None
    meaning, unit, legal, place = found
    low, high = legal
    ends = f"from {'-∞' if low is None else f'{low:g}'} to {'∞' if high is None else f'{high:g}'}"
    whole = name + (f".{suffix}" if end else "")
    quote = "'" if '"' in whole else '"'
    return Explained(
        whole,
        "signal",
        ", ".join(part for part in (unit, "" if legal == (None, None) else ends) if part),
        example=f"when = {quote}{whole} > {_LEVELS.get(unit, '0.2') if suffix != 'n' or not end else '100'}{quote}",
        meaning=meaning + end,
        readers=("rules", "gates"),
        place=place,
    )


def _described(name: str, plugins: PluginCatalog) -> tuple[str, str, tuple[float | None, float | None], str] | None:
    """Meaning, unit, range and plugin of a signal."""
    from lifecycle_tui.policy.catalog import DETECTOR_RANGES, IMPORTANCE, LOG_SIGNALS, PROGRAM_SIGNALS

    for info in PROGRAM_SIGNALS:
        if info.name == name:
            return _ABOUT[name], info.unit, info.range, ""
    for info in LOG_SIGNALS:
        if info.name == name:
            return _ABOUT_LOGS[name], info.unit, info.range, ""
    if name.startswith(IMPORTANCE):
        return _ABOUT_IMPORTANCE[name == f"{IMPORTANCE}shift"], "", (0.0, 1.0) if name.endswith(".shift") else _ANY, ""
    metric = plugins.get("metric", name)
    if metric is not None:
        return metric.doc, "", metric.range, metric.place
    head = name.replace("[", ".", 1).split(".", 1)[0]
    detector = plugins.get("detector", head)
    if detector is None or head == name:
        return None
    legal = detector.range if detector.range != (None, None) else DETECTOR_RANGES.get(head, (None, None))
    column = name[len(head) :].strip('.[]"')
    return f"{detector.doc} Of the column {column}.", "", legal, detector.place
