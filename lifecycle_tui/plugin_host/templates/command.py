"""The command `template`: `lifecycle plugins run template [MODEL]` prints the rows that `run` returns."""

from __future__ import annotations

from collections.abc import Sequence

from lifecycle_tui.api import DataError, Register, Scalar, View, hookimpl


class Template:
    """Which models judge themselves on few labels: the share of labelled rows in the newest mature window.

    Args:
        least: models with a larger share are left out.
    """

    name = "template"

    def __init__(self, *, least: float = 1.0) -> None:  # options of the command line: --least 0.5
        self.least = least

    def run(self, view: View) -> Sequence[dict[str, Scalar]]:  # printed as table, JSON or CSV; print nothing yourself
        if not 0 <= self.least <= 1:
            raise DataError("least is a share, from 0 to 1")  # told to the person who asked: it is no fault
        rows: list[dict[str, Scalar]] = []
        for model in view.models:
            mature = [w for w in model.windows if w.mature and w.rows]  # oldest first
            if not mature:
                rows.append({"model": model.name, "window": None, "rows": 0, "labels": 0, "share": None})
            elif mature[-1].labels <= self.least * mature[-1].rows:
                window = mature[-1]
                share = round(window.labels / window.rows, 4)
                seen = (model.name, window.key, window.rows, window.labels, share)
                rows.append(dict(zip(("model", "window", "rows", "labels", "share"), seen, strict=True)))
        return rows


@hookimpl
def register_commands(register: Register) -> None:
    register(Template)
