"""Two-sample tests of what texts hold: classes of characters, and tokens.

Characters and tokens of one document go together, so every test here counts documents, which are drawn one by one: its
p-value holds whatever the dependence within a document is. Called by the detectors `characters` and `tokens` through
`lifecycle_tui.api`. Formulae and edges: docs/statistics.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lifecycle_tui.domain.signals import Measurement
from lifecycle_tui.profiles.compare import _nothing
from lifecycle_tui.profiles.numeric import NumericProfile
from lifecycle_tui.profiles.text import CLASSES, TextCounts, below, lower
from lifecycle_tui.stats.largest import least_pvalue, most_changed
from lifecycle_tui.stats.two_sample import ks_pvalue, two_proportions

_NAMED = 10


def characters(reference: NumericProfile, window: NumericProfile) -> Measurement:
    """How documents' shares of a class of characters have moved: the largest KS distance over the classes.

    For each class that occurs, two tests of documents: their share of the class (two-sample Kolmogorov-Smirnov on 34
    cells) and whether they have any of it (two proportions). The smallest p is multiplied by the number of tests that
    could have reached it (Bonferroni, Tarone); `detail.class` is the class it belongs to, which need not be the one
    that moved furthest.

    Raises:
        TypeError: if the profiles are not of text columns.
    """
    found = _texts("characters", reference, window)
    if isinstance(found, Measurement):
        return found
    p, q = found
    n, m = p.documents, q.documents
    tests: list[tuple[float, str]] = []
    reach: list[float] = []
    distances: dict[str, float] = {}
    for i, name in enumerate(CLASSES):
        if not p.characters[i] and not q.characters[i]:
            continue
        f, g = np.cumsum(p.shares[i]) / n, np.cumsum(q.shares[i]) / m
        distances[name] = min(1.0, float(np.abs(f - g).max()))
        tests.append((ks_pvalue(distances[name], n, m).value, name))
        reach.append(0.0)
        without = int(p.shares[i, 0]), int(q.shares[i, 0])
        tests.append((two_proportions(n - without[0], n, m - without[1], m).value, name))
        reach.append(least_pvalue(sum(without), n, m))
    if not tests:  # nothing but empty texts
        return Measurement(0.0, n=min(n, m), p_value=1.0, effect=0.0, definition=_OF_CHARACTERS)
    least, surest = min(tests)
    able = sum(r <= least for r in reach)  # where all documents have a class, the test of that costs nothing
    value = max(distances.values())
    return Measurement(
        value,
        n=min(n, m),
        p_value=min(1.0, least * able),
        effect=value,
        definition=_OF_CHARACTERS,
        detail={
            "class": surest,
            "tests": able,
            "distances": distances,
            "reference": _mix(p),
            "window": _mix(q),
        },
    )


_OF_CHARACTERS = "largest KS distance of documents' shares of a class of characters; p Bonferroni over the classes"


def tokens(reference: NumericProfile, window: NumericProfile) -> Measurement:
    """The token whose share of documents has changed most surely; the value and effect are by how much.

    Tokens are runs of letters and digits, in lowercase, counted once a document. Each is tested by itself (Fisher's
    exact test while it is rare); the smallest p is multiplied by the number of tokens frequent enough to reach it (see
    `stats.largest.most_changed`). Where a side has more tokens than are counted, the same sample of them (by hash) is
    compared.

    Raises:
        TypeError: if the profiles are not of text columns.
    """
    found = _texts("tokens", reference, window)
    if isinstance(found, Measurement):
        return found
    p, q = found
    n, m = p.documents, q.documents
    horizon = lower(p.horizon, q.horizon)
    first, second = below(p.tokens, horizon), below(q.tokens, horizon)
    names = sorted(first.keys() | second.keys())
    a = np.array([first.get(name, 0) for name in names], dtype=np.int64)
    b = np.array([second.get(name, 0) for name in names], dtype=np.int64)
    places, each, p_value = most_changed(a, b, n, m)
    definition = "change of the share of documents with a token, the surest one; p Bonferroni over tokens (Tarone)"
    seen = 1.0 if horizon is None else horizon / 2**64
    detail: dict[str, Any] = {"tokens": len(names), "tokens_seen": seen}
    if not len(names):  # nothing but empty texts
        return Measurement(0.0, n=min(n, m), p_value=1.0, effect=0.0, definition=definition, detail=detail)
    at = int(places[0])
    value = abs(float(a[at]) / n - float(b[at]) / m)
    detail["top"] = [
        {"token": names[i], "reference": float(a[i] / n), "window": float(b[i] / m), "p": float(x)}
        for i, x in zip(places[:_NAMED].tolist(), each.tolist(), strict=False)
    ]
    detail["new"] = int(np.count_nonzero(a == 0))
    says = f"{names[at]}: in {b[at] / m:.1%} of the texts, {a[at] / n:.1%} of the reference's"
    return Measurement(
        value, n=min(n, m), p_value=p_value, effect=value, definition=definition, message=says, detail=detail
    )


# ---- parts


def _texts(name: str, reference: NumericProfile, window: NumericProfile) -> tuple[TextCounts, TextCounts] | Measurement:
    """What the documents of both sides hold."""
    for side, profile in (("the reference", reference), ("the window", window)):
        if getattr(profile, "kind", None) != "text":
            raise TypeError(f"{name} compares text columns")
        if not profile.n:
            return _nothing(side, "values" if profile.rows else "rows")
    if reference.text is None or window.text is None:
        side = "the reference" if reference.text is None else "the window"
        return Measurement(None, message=f"characters and tokens of {side} were not counted")
    return reference.text, window.text


def _mix(counts: TextCounts) -> dict[str, float]:
    total = int(counts.characters.sum())
    return {name: float(c / total) if total else 0.0 for name, c in zip(CLASSES, counts.characters, strict=True)}
