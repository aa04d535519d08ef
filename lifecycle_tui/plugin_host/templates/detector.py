"""The detector `template`: it gives one number for every numeric column of a window, from the next check on.

`lifecycle plugins check template` tries it on odd columns, `pytest tests` too; `lifecycle check` on yours.
"""

from __future__ import annotations

from math import isfinite

from lifecycle_tui.api import Measurement, NumericProfile, Register, hookimpl


class Template:
    """Change of the tails: how far the outer values reach, in widths of the middle half.

    Args:
        share: of the rows, on each side, that are the outer ones.
    """

    name = "template"  # its signals are called template.COLUMN, and rules write them so
    kinds = ("numeric",)  # also "categorical", "text", "time"
    takes = "profile"  # the cheapest; "arrow" and "pandas" are given the rows themselves

    def __init__(self, *, share: float = 0.01) -> None:  # in the file: detectors = { template = { share = 0.05 } }
        self.share = share

    def measure(self, reference: NumericProfile, window: NumericProfile) -> Measurement:
        before, now = (self.reach(side) if side.finite else 0.0 for side in (reference, window))
        if not (before > 0 and now > 0 and isfinite(now - before)):
            return Measurement(None, message="too few different values")  # no number: never return NaN
        return Measurement(now - before, n=min(reference.n, window.n), message=f"{before:.2f} then, {now:.2f} now")

    def reach(self, side: NumericProfile) -> float:
        middle = side.quantile(0.75) - side.quantile(0.25)
        return (side.quantile(1 - self.share) - side.quantile(self.share)) / middle if middle > 0 else 0.0


@hookimpl
def register_detectors(register: Register) -> None:
    register(Template)
