"""What a cursor stands on, and where to go: the values that screens, panes, actions and the palette exchange."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """What an action would be about; None where the cursor stands on nothing of the kind.

    Attributes:
        plugin: `kind:name` of one, or the name of a file that is broken.
        models: the marked ones, where several are; then `model` is the one under the cursor all the same.
        alerts: the marked ones that are open, in the same way.
        entry: number of an entry of the audit log.
    """

    model: str | None = None
    version: int | None = None
    alert: int | None = None
    job: int | None = None
    plugin: str | None = None
    models: tuple[str, ...] = ()
    alerts: tuple[int, ...] = ()
    entry: int | None = None

    def named(self) -> str | None:
        """The nearest of it as the audit log names it: what an undo is about."""
        model = self.models[0] if len(self.models) == 1 else self.model
        named = {kind: self.value(kind) for kind in ("alert", "plugin")}
        # A job belongs to what was asked of its model.
        found = next((f"{kind} {value}" for kind, value in named.items() if value is not None), model)
        return f"job {self.job}" if found is None and self.job is not None else found

    def value(self, kind: str) -> str | int | None:
        """What it says of a kind of parameter: "model", "version", "alert", "job", "plugin", "entry"."""
        if kind == "notification":
            return "all"  # no cursor stands on one: those that were given up are sent again together
        if kind == "alert" and self.alerts:
            return self.alert if self.alert is not None else self.alerts[0]
        found = getattr(self, kind, None)
        return found if isinstance(found, str | int) else None


@dataclass(frozen=True, slots=True)
class Where:
    """A place within a model, e.g. the cause of an alert; what is None is left as it is.

    Attributes:
        pane: name of the model screen's pane.
        window: key of a window; signal: full name of a signal ("ks.income", "auc"); version, alert: numbers.
    """

    pane: str | None = None
    window: str | None = None
    signal: str | None = None
    version: int | None = None
    alert: int | None = None
