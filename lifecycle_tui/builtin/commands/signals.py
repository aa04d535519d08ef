"""The command `signals`: what was measured, as rows for a spreadsheet, a notebook or jq."""

from __future__ import annotations

from lifecycle_tui import api


class Signals:
    """The signals of the newest windows, one a row.

    A window that several versions have scored has the metrics of each, with the version's label.

    Args:
        last: how many windows of each model, the newest ones, 1 to 1000.
        like: only signals whose names begin so, e.g. "psi." or "auc".
        state: only signals in this state, e.g. "drifted".
    """

    name = "signals"
    windows = 1000

    def __init__(self, *, last: int = 1, like: str = "", state: str | None = None) -> None:
        if not 1 <= last <= self.windows:
            raise ValueError(f"last is from 1 to {self.windows}, not {last}")
        self.last, self.like, self.state = last, like, state

    def run(self, view: api.View) -> list[dict[str, api.Scalar]]:
        rows: list[dict[str, api.Scalar]] = []
        for model in view.models:
            keys = sorted({window.key for window in model.windows})[-self.last :]
            for window in model.windows:
                if window.key not in keys:
                    continue
                for signal in window.signals.values():
                    if signal.name.startswith(self.like) and self.state in (None, signal.state):
                        rows.append(_row(model.name, window, signal))
        return rows


def _row(model: str, window: api.WindowView, signal: api.Signal) -> dict[str, api.Scalar]:
    return {
        "model": model,
        "window": window.key,
        "version": window.version,
        "signal": signal.name,
        "value": signal.value,
        "lower": signal.lower,
        "upper": signal.upper,
        "n": signal.n,
        "state": signal.state,
        "message": signal.message,
    }


@api.hookimpl
def register_commands(register: api.Register) -> None:
    register(Signals)
