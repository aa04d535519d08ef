"""What the checks of commands and panels have in common: views of all sorts, answers that can be shown."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from lifecycle_tui.domain.errors import DataError
from lifecycle_tui.plugin_host.conformance import common
from lifecycle_tui.plugin_host.conformance.base import Check, Failed
from lifecycle_tui.plugin_host.info import PluginInfo
from lifecycle_tui.plugin_host.results import BadResult

if TYPE_CHECKING:
    from lifecycle_tui.plugin_host.conformance.bench import Bench

Given = Callable[["Bench"], list[Any]]
"""The views that a check shows it."""
MANY = 1_000
CPU_SECONDS = 2.0


def checks(info: PluginInfo, method: str, cases: dict[str, tuple[str, Given]]) -> Iterator[Check]:
    """The checks of a kind whose `method` is given a view and returns what is shown.

    Args:
        cases: check → (what the view is, the views); "shows" is the ordinary one, "fast" the largest.
    """
    yield from common.checks(info)
    for name, (says, given) in cases.items():
        if name == "shows":
            yield Check(name, f"gives what can be shown for {says}", partial(shows, method, given), "made")
        elif name != "fast":
            yield Check(name, f"gives what can be shown for {says}", partial(shows, method, given), "shows")
    ordinary = cases["shows"][1]
    yield Check("same-twice", "shows the same of the same view", partial(same_twice, method, ordinary), "shows")
    yield Check("view-unchanged", "leaves the view as it was", partial(unchanged, method, ordinary), "shows")
    largest = cases["fast"][1]
    yield Check(
        "fast",
        f"takes at most {CPU_SECONDS:g} s of processor time for {MANY:,} windows",
        partial(fast, method, largest),
        "shows",
    )


def answer(bench: Bench, method: str, view: Any) -> Any:
    """What a new object of the plugin shows of the view, checked; None where a command told the person something.

    Raises:
        Failed: it cannot be shown.
    """
    from lifecycle_tui.plugin_host import shown

    check = shown.as_rows if method == "run" else shown.as_drawing
    try:
        return check(getattr(bench.make(), method)(view))
    except DataError:
        if method != "run":
            raise
        return None
    except BadResult as exc:
        what = "rows: a list of dicts" if method == "run" else "a list of Row and Series values"
        raise Failed(what, str(exc), method=method) from None


def shows(method: str, given: Given, bench: Bench) -> None:
    for view in given(bench):
        answer(bench, method, view)


def same_twice(method: str, given: Given, bench: Bench) -> None:
    for view in given(bench):
        one, two = answer(bench, method, view), answer(bench, method, view)
        if one != two:
            hint = "take the time from the view: view.now of a workspace, evaluated of a model"
            raise Failed("the same for the same view", f"{one!r:.80} and {two!r:.80}", hint, method=method)


def unchanged(method: str, given: Given, bench: Bench) -> None:
    for view in given(bench):
        kept = copy.deepcopy(view)
        answer(bench, method, view)
        if view != kept:
            raise Failed("the view as it was", "a changed one", "work on a copy", method=method)


def fast(method: str, given: Given, bench: Bench) -> None:
    for view in given(bench):
        begin = time.process_time()
        answer(bench, method, view)
        took = time.process_time() - begin
        if took > CPU_SECONDS:
            raise Failed(f"at most {CPU_SECONDS:g} s", f"{took:.1f} s", method=method)
