"""Whether what a stored window was made from has changed in joined tables: features, labels. Used by `ModelData`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from lifecycle_tui.data.facts import set_stamp
from lifecycle_tui.data.findings import Findings
from lifecycle_tui.data.resolved import Resolved
from lifecycle_tui.data.slices import Selector
from lifecycle_tui.data.survey import FEATURES, LABELS, Known
from lifecycle_tui.domain.protocols import Fragment
from lifecycle_tui.domain.windows import FragmentPart, Window


def touched_by_features(
    resolved: Resolved, asked: Sequence[tuple[str, Selector, tuple[Fragment, ...]]], known: Known
) -> frozenset[str]:
    """Of these windows (key, rows, fragments) those whose share of the features is not what their parts say."""
    stamp = set_stamp(resolved.tables["features"].fragments())
    touched = set()
    for key, selector, fragments in asked:
        stored = {p.fragment: p for p in known[key] if p.fragment.startswith(FEATURES)}
        if FEATURES in stored and stored[FEATURES].digest == stamp:
            continue
        before = {name: (p.rows, p.digest) for name, p in stored.items() if name != FEATURES}
        if _feature_parts(resolved, selector, fragments) != before:
            touched.add(key)
    return frozenset(touched)


def _feature_parts(resolved: Resolved, selector: Selector, fragments: Sequence[Fragment]) -> dict[str, tuple[int, str]]:
    """What the features contribute to a window now, by part."""
    import numpy as np

    join = resolved.join(sorted(resolved.layout.joined), fragments, True)
    join.match(np.unique(resolved.ids(selector, fragments)), Findings())
    return {p.fragment: (p.rows, p.digest) for p in join.parts() if p.fragment != FEATURES}


def labels_may_differ(
    resolved: Resolved, window: Window, parts: Mapping[str, FragmentPart], measured: datetime, as_of: datetime
) -> bool:
    """Whether the labels of a window can have changed since it was measured, without reading its rows."""
    seen = parts.get(f"{LABELS}set")
    if seen is None or seen.digest != resolved.labels_set(resolved.fragments_of(window)):
        return True
    if measured == as_of:
        return False
    early, late = min(measured, as_of), max(measured, as_of)
    spec = resolved.spec.data.labels
    if resolved.layout.target == "base":
        inputs = sum(p.rows for name, p in parts.items() if not name.startswith((LABELS, FEATURES)))
        if parts[LABELS].rows == inputs and as_of > measured:
            return False  # every row had its label, and the file is the same
        if spec.arrived is not None:
            return True
    elif resolved.labels is not None and resolved.labels.arrivals_between(early, late):
        return True
    if spec.delay is None:
        return False
    if window.start is None or window.end is None:
        return True
    return window.start + spec.delay <= late and window.end + spec.delay >= early
