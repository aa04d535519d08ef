"""Actions for the terminal: plans and deeds in a thread, so that the screen never waits for a file or a lock.

    hand = Hand(app, root)
    hand.look({"retrain": [Asked({"model": "bikes"})]}, self.looked)      # comes back to the event loop

Called by the dialogs. What is done here is what the commands do, by the same `Doer`; where the workspace declares many
models, in a process of its own.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lifecycle_tui.domain.errors import ConfigError, LifecycleError

if TYPE_CHECKING:
    from textual.app import App

    from lifecycle_tui.actions.base import Action, Done, Plan
    from lifecycle_tui.actions.doing import Doer
    from lifecycle_tui.tui.errand import Runner

T = TypeVar("T")
Tell = Callable[[str], None]
MOST_PROBLEMS = 3
"""Of a file, in a dialog; `lifecycle config check` lists all."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something was not done, in words.

    Attributes:
        more: further lines, e.g. places in the file.
        hint: what to do about it.
        moved: what the plan rested on has moved: plan again.
    """

    text: str
    more: tuple[str, ...] = ()
    hint: str | None = None
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: the values of an action's parameters as written, and the note."""

    values: Mapping[str, Any]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking.

    Attributes:
        found: one for each that was asked for; a name is a parameter that has to be given first.
        locked: why nothing can be done by this person.
        older: why what the agent last accepted counts, and not the file.
    """

    action: Action
    found: tuple[Plan | Fault | str, ...]
    locked: str | None = None
    older: str | None = None


@dataclass(frozen=True, slots=True)
class Deed:
    """What came of doing.

    Attributes:
        done: what was done; None where nothing was.
        fault: why not; beside `done`, why nobody has its job in hand.
    """

    done: Done | None
    fault: Fault | None = None


class Hand:
    """Does one thing at a time in a thread; what is asked meanwhile waits, and of that only the last.

    Its thread never holds up the end of the program; where there is much to check, another process does it (`errand`).
    Called from the event loop alone.
    """

    def __init__(self, app: App[Any], root: Path) -> None:
        self._app, self._root = app, root
        self._busy = False
        self._next: tuple[Callable[[], Any], Callable[[Any], None]] | None = None
        self._looking: Runner | None = None
        self._left = False
        # Whether the plans came from another process: then it takes one to carry them out.
        self._afar = False

    def look(
        self, asked: Mapping[str, Sequence[Asked]], tell: Callable[[Mapping[str, Looked] | Fault], None],
        heard: Tell = lambda text: None,
    ) -> None:  # fmt: skip
        """Plan actions, name → what is asked of it; `heard` hears how far it is. A look that is under way is moot."""
        moot = self._busy
        self._do(lambda: self._look(asked, self._progress(heard)), tell)
        if moot:
            self._stop()

    def carry_out(
        self, plans: Sequence[Plan], tell: Callable[[tuple[Deed, ...] | Fault], None], heard: Tell = lambda text: None
    ) -> None:
        """Do what the plans say; what is begun is finished."""
        self._do(lambda: self._carry_out(plans, self._progress(heard)), tell)

    def leave(self) -> None:
        """Nobody wants to hear any more; what is being done is finished, and a look of another process ends."""
        self._left, self._next = True, None
        self._stop()

    def _stop(self) -> None:
        if self._looking is not None:
            self._looking.stop()

    # ── in the thread ─────────────────────────────────────────────────────────────────────────────────────────────

    def _look(self, asked: Mapping[str, Sequence[Asked]], tell: Tell) -> Any:
        from lifecycle_tui.actions.registry import ACTIONS

        self._afar = any(ACTIONS[name].file for name in asked) and _much(self._root)
        if not self._afar:
            return looks(self._root, asked, tell)
        from lifecycle_tui.tui.errand import Errand, Runner

        self._looking = runner = Runner()
        if self._left or self._next is not None:
            runner.stop()
        return runner.run(Errand(self._root, asked), tell)

    def _carry_out(self, plans: Sequence[Plan], tell: Tell) -> Any:
        if not self._afar:
            return carry_out(self._root, plans, tell)
        from lifecycle_tui.tui.errand import Errand, Runner, wanted

        return Runner().run(Errand(self._root, {}, wanted(plans)), tell)

    def _progress(self, tell: Tell) -> Tell:
        return lambda text: self._back(self._heard, tell, text)

    def _run(self, work: Callable[[], Any], tell: Callable[[Any], None]) -> None:
        try:
            found = work()
        except Exception as exc:  # whatever it is, the dialog must not say "planning" for ever
            found = fault(exc)
        self._back(self._ended, found, tell)

    def _back(self, call: Callable[..., None], *args: Any) -> None:
        # The app may have ended meanwhile.
        with contextlib.suppress(RuntimeError, CancelledError):
            self._app.call_from_thread(call, *args)

    # ── in the event loop ─────────────────────────────────────────────────────────────────────────────────────────

    def _do(self, work: Callable[[], T], tell: Callable[[T], None]) -> None:
        if self._busy:
            self._next = (work, tell)
            return
        self._busy = True
        threading.Thread(target=self._run, args=(work, tell), daemon=True, name="hand").start()

    def _heard(self, tell: Tell, text: str) -> None:
        if not self._left and self._next is None:
            tell(text)

    def _ended(self, found: Any, tell: Callable[[Any], None]) -> None:
        self._busy, self._looking = False, None
        if self._next is not None:
            (work, tell), self._next = self._next, None
            self._do(work, tell)
        elif not self._left:
            tell(found)


def _much(root: Path) -> bool:
    from lifecycle_tui.tui import errand

    return errand.worth(root)


def fault(exc: Exception) -> Fault:
    """An exception in words."""
    from lifecycle_tui.actions.base import Moved

    if isinstance(exc, ConfigError) and exc.problems:
        said = [f"{p.place}: {p.message}" if p.place else p.message for p in exc.problems if p.level == "error"]
        rest = len(said) - MOST_PROBLEMS
        more = (*said[:MOST_PROBLEMS], *((f"and {rest} more",) if rest > 0 else ()))
        return Fault("lifecycle.toml has errors", more, exc.hint or "`lifecycle config check` shows them in place")
    if isinstance(exc, LifecycleError):
        return Fault(exc.message, hint=exc.hint, moved=isinstance(exc, Moved))
    if isinstance(exc, OSError) and exc.strerror:
        return Fault(": ".join(str(part) for part in (exc.filename, exc.strerror) if part))
    return Fault(f"{type(exc).__name__}: {exc}", hint="nothing was done; `lifecycle doctor` may know more")


def look(root: Path, name: str, asked: Sequence[Asked], tell: Tell = lambda text: None) -> Looked:
    """Plan an action for each that is asked for. Writes nothing.

    Args:
        tell: hears how far it is, where there are several.

    Raises:
        LifecycleError: the state cannot be read.
    """
    return looks(root, {name: asked}, tell)[name]


def looks(
    root: Path, asked: Mapping[str, Sequence[Asked]], tell: Tell = lambda text: None
) -> Mapping[str, Looked]:  # fmt: skip
    """Plan several actions, name → what is asked of it. Writes nothing; the workspace is opened once.

    Raises:
        LifecycleError: the state cannot be read.
    """
    from lifecycle_tui.actions.doing import Doer
    from lifecycle_tui.actions.registry import ACTIONS

    with Doer(root, look=True) as doer:
        return {name: _looked(doer, ACTIONS[name], some, tell) for name, some in asked.items()}


def _looked(doer: Doer, action: Action, asked: Sequence[Asked], tell: Tell) -> Looked:
    found: list[Plan | Fault | str] = []
    for at, ask in enumerate(asked):
        if len(asked) > 1:
            tell(f"planning {at + 1} of {len(asked)}")
        found.append(_planned(doer, action, ask))
    problem = doer.problem if action.file and action.urgent else None
    older = None if problem is None else f"{problem}: what the agent last accepted is taken instead"
    return Looked(action, tuple(found), doer.locked(), older)


def _planned(doer: Doer, action: Action, ask: Asked) -> Plan | Fault | str:
    missing = next((p.name for p in action.parameters if p.required and p.name not in ask.values), None)
    if missing is not None:
        return missing
    try:
        return doer.plan(action, ask.values, ask.note)
    except LifecycleError as exc:
        return fault(exc)


def carry_out(root: Path, plans: Sequence[Plan], tell: Tell = lambda text: None) -> tuple[Deed, ...]:
    """Do what the plans say, one after the other; one that fails stops none.

    Their jobs are given to workers that outlive this process, where no agent takes them.
    """
    return deeds(root, plans, lambda doer, found: found, tell)


def deeds(root: Path, wanted: Sequence[T], plan: Callable[[Doer, T], Plan], tell: Tell) -> tuple[Deed, ...]:
    """As `carry_out`, of what `plan` makes a plan of; where it cannot, that one is not done."""
    from lifecycle_tui.actions.doing import Doer

    found: list[Deed] = []
    with Doer(root) as doer:
        for at, one in enumerate(wanted):
            if len(wanted) > 1:
                tell(f"doing {at + 1} of {len(wanted)}")
            try:
                found.append(_done(doer, plan(doer, one)))
            except Exception as exc:
                found.append(Deed(None, fault(exc)))
    return tuple(found)


def _done(doer: Doer, found: Plan) -> Deed:
    try:
        done = doer.apply(found)
    except Exception as exc:
        return Deed(None, fault(exc))
    stops = any(p.kind in ("job", "entry") for p in found.action.parameters)
    if done.job is None and not stops:
        return Deed(done)
    try:
        # Its job; or, of one that is to stop and whose worker is gone, the end.
        doer.hand_over([] if done.job is None else [done.job])
    except Exception as exc:
        return Deed(done, fault(exc))
    return Deed(done)
