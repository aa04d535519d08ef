"""A detector of the team's own. A module in this folder is a plugin: no more than this is needed.

It is given profiles: counts on the column's grid, which are stored, so that it also works on windows long gone.
"""

from lifecycle_tui.api import hookimpl


class Tails:
    """Width of the middle 98 % of the values, as a multiple of the reference's."""

    name, kinds = "tails", ("numeric",)

    def measure(self, reference, window):
        before, now = (p.quantile(0.99) - p.quantile(0.01) for p in (reference, window))
        ratio = now / before if before else None
        return ratio if ratio == ratio else None  # without values a quantile is NaN, which is no number


@hookimpl
def register_detectors(register):
    register(Tails)
