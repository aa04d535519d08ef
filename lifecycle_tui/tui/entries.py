"""What the palette offers, one entry a thing: places, actions, orders of a list, help and the way out.

Made from the same declarations as keys and footers (`places`, `actions.named`, a grid's columns). Screens add their own
by `View.palette_entries`; models are not entries until they are listed, because there may be ten thousand of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from lifecycle_tui.actions.named import NAMED
from lifecycle_tui.tui import keys
from lifecycle_tui.tui.places import PLACES
from lifecycle_tui.tui.subject import Subject
from lifecycle_tui.tui.text import count

if TYPE_CHECKING:
    from lifecycle_tui.tui.grid import Grid
    from lifecycle_tui.tui.pressing import Pressing
    from lifecycle_tui.tui.screens.base import View


LEFT_OUT = frozenset({"view", "act", "app", "go", "grid", "pager", "log", "model", "heat", "plot"})
"""First words of the ids of bindings that only move, or that have an entry of another kind."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the palette can do.

    Attributes:
        kind: a word, e.g. "model", "action", "screen", "pane", "list", "sort", "program".
        text: what stands there; help: a few words more; key: the key that does the same, as it is printed.
        tone: of the help.
        also: other words that find it.
        run: does it, once the palette is closed.
    """

    kind: str
    text: str
    run: Callable[[], object] = field(compare=False, repr=False)
    help: str = ""
    key: str = ""
    tone: str = "dim"
    also: str = ""


def actions(view: View, here: Subject) -> list[Entry]:
    """The actions for which the cursor stands on all that they need."""
    fit = [n for n in NAMED.values() if not view.missing(n, here)]
    return [
        Entry(
            "action",
            n.title,
            partial(view.action_act, n.name),
            said(here, n.needs),
            keys.act(n.name, n.key),
            "",
            n.name,
        )
        for n in fit
    ]


def said(here: Subject, needs: tuple[str, ...]) -> str:
    """What an action would be about, in words."""
    if needs == ("model",) and here.models:
        return here.models[0] if len(here.models) == 1 else f"{count(len(here.models))} marked models"
    one = here.value("alert")
    named = {
        "alert": "open alerts" if one is None else f"alert {one}",
        "job": f"job {here.job}",
        "model": here.model or "",
    }
    about = " · ".join(named[kind] for kind in needs if kind in named)
    return f"{about} · {here.model}" if here.model is not None and "model" not in needs else about


def policy(view: View, here: Subject) -> list[Entry]:
    """The policy of the model under the cursor, to be edited."""
    if here.model is None or len(here.models) > 1:
        return []
    return [
        Entry("policy", "Edit the policy", partial(open_policy, view, here.model), here.model, also="rules toml"),
        Entry("policy", "Simulate the policy", partial(simulate, view, here.model), here.model, also="what if replay"),
    ]


def simulate(view: View, model: str) -> None:
    """Replay a model's policy over what is stored."""
    from lifecycle_tui.tui.screens.simulate import SimulateScreen

    if not isinstance(view, SimulateScreen):
        view.app.push_screen(SimulateScreen(view.source, model))


def open_policy(view: View, model: str) -> None:
    """Open a model's policy to be edited."""
    from lifecycle_tui.tui.screens.policy import PolicyScreen

    if not isinstance(view, PolicyScreen):
        view.app.push_screen(PolicyScreen(view.source, model))


def places(view: View) -> list[Entry]:
    """The screens that are reached from everywhere."""
    return [
        Entry("screen", p.title, partial(view.app.run_action, f"app.go('{p.name}')"), p.help,
              keys.now(f"go.{p.name}", p.key))
        for p in PLACES.values()
    ]  # fmt: skip


def orders(grid: Grid[Any]) -> list[Entry]:
    """The orders in which a grid can be; choosing one anew turns it around."""
    found = [
        Entry("sort", f"Sort by {title}", partial(grid.sort_by, key), also="order")
        if title != grid.sorting
        else Entry("sort", f"Sort by {title}", grid.sort_reverse, "turn the order around", "S", also="order")
        for key, title in grid.sortable
    ]
    if grid.sorting:
        found.append(Entry("sort", "Sort as at first", partial(grid.sort_by, None), also="order none"))
    return found


def bindings(view: View) -> list[Entry]:
    """What this screen's own keys do, by name; what has an entry of its own (actions, places, panes) is left out."""
    from lifecycle_tui.tui.screens.help import blocked, run

    found = []
    for pressed, what, binding in keys.listed(list(view.key_nodes())):
        group = (binding.id or "").partition(".")[0]
        if group not in LEFT_OUT and binding.action != "choose" and not blocked(view, binding):
            found.append(
                Entry("key", what, partial(run, cast("Pressing", view.app), view, binding), binding.id or "", pressed)
            )
    return found


def program(view: View) -> list[Entry]:
    """Help and the way out."""
    asked = view.app.run_action
    return [
        Entry("program", "Export what shows", view.action_export, "CSV, JSON, Markdown",
              keys.now("view.export", "ctrl+s"), also="save file"),
        Entry("program", "Copy the row", view.action_copy, "to your clipboard",
              keys.now("view.copy", "ctrl+y"), also="clipboard yank"),
        Entry("program", "Help", partial(asked, "app.help"), "the keys that work here",
              keys.now("app.help", "?"), also="keys"),
        Entry("program", "Quit", partial(asked, "app.leave(0)"), "jobs go on without it",
              keys.now("app.quit", "ctrl+q"), also="exit leave"),
    ]  # fmt: skip


def model(view: View, name: str, health: str) -> Entry:
    """Opens a model; the model that is open makes room for it."""
    from lifecycle_tui.tui import marks

    mark = marks.health(health)
    return Entry("model", name, partial(open_model, view, name), mark.text(), tone=mark.tone)


def open_model(view: View, name: str) -> None:
    """Go to a model; another one that is open makes room for it."""
    from lifecycle_tui.tui.going import to_model
    from lifecycle_tui.tui.screens.model import ModelScreen

    if isinstance(view, ModelScreen) and view.model_name != name:
        view.app.pop_screen()
    to_model(view.app, name)
