"""How long ago and how soon, in words short enough for a cell; `now` is the clock of the workspace. For the screens."""

from __future__ import annotations

from datetime import datetime

_STEPS = (
    ("s", 1.0, 90.0),
    ("min", 60.0, 5400.0),
    ("h", 3600.0, 172_800.0),
    ("days", 86_400.0, 86_400.0 * 70),
    ("months", 86_400.0 * 30.44, 86_400.0 * 365.25 * 2),
    ("years", 86_400.0 * 365.25, float("inf")),
)
"""Unit, its seconds, and up to how many seconds it is the one to use."""


def span(seconds: float) -> str:
    """A duration in its largest sensible unit: `45 s`, `12 min`, `3 h`, `5 days`, `4 months`."""
    seconds = abs(seconds)
    for unit, size, most in _STEPS:
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return ""


def ago(at: datetime, now: datetime) -> str:
    """`3 h ago`; `now` within a few seconds, and for an instant that has not come `in 3 h`."""
    seconds = (now - at).total_seconds()
    if abs(seconds) < 5:
        return "now"
    return f"{span(seconds)} ago" if seconds > 0 else f"in {span(seconds)}"
