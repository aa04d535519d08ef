"""A command of the team's own: `lifecycle plugins run waiting [MODEL]` prints the rows that `run` returns."""

from lifecycle_tui.api import DataError, hookimpl


class Waiting:
    """Windows whose labels are still to come, with the share that has arrived.

    Args:
        least: only windows in which at least this share of the labels is missing, 0 to 1.
    """

    name = "waiting"

    def __init__(self, *, least: float = 0.0):
        self.least = least

    def run(self, view):
        if not 0 <= self.least <= 1:
            raise DataError("least is a share, from 0 to 1")  # told to the person who asked
        rows = []
        for model in view.models:
            for window in model.windows:
                if window.version or window.mature or not window.rows:
                    continue  # "" is about the rows of all versions
                missing = 1 - window.labels / window.rows
                if missing >= self.least:
                    rows.append({"model": model.name, "window": window.key, "rows": window.rows, "missing": missing})
        return rows


@hookimpl
def register_commands(register):
    register(Waiting)
