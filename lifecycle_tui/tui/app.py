"""The app: wiring only. Opens the first screen, asks state four times a second whether it moved, and tells the screen.

Started by `start`, and by the tests.
"""

from __future__ import annotations

import time
from asyncio import Task, create_task
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

from textual.binding import Binding, BindingType

from lifecycle_tui.tui import banners, guarding
from lifecycle_tui.tui.faults import Faults
from lifecycle_tui.tui.kept import Keeping
from lifecycle_tui.tui.ordering import Orderly
from lifecycle_tui.tui.places import PLACES
from lifecycle_tui.tui.plain_signs import Plainly
from lifecycle_tui.tui.pointing import Pointing
from lifecycle_tui.tui.pressing import Pressing
from lifecycle_tui.tui.reader import UNDER_WAY
from lifecycle_tui.tui.reads import keys
from lifecycle_tui.tui.screens.base import View
from lifecycle_tui.tui.source import Source, Trouble
from lifecycle_tui.tui.terminal.driver import ours
from lifecycle_tui.tui.terminal.escapes import Escapes
from lifecycle_tui.tui.terminal.output import SlimOutput
from lifecycle_tui.tui.typing import typing

if TYPE_CHECKING:
    from textual.actions import ActionParseResult
    from textual.dom import DOMNode
    from textual.driver import Driver

    from lifecycle_tui.config.keys_file import KeysFile
    from lifecycle_tui.tui.keeper import Keeper
    from lifecycle_tui.tui.policy.draft import Draft
    from lifecycle_tui.tui.reads.fleet_page import FleetPage

POLL_SECONDS = 0.25
BETWEEN = 0.45
"""Seconds between two readings at least, where state never stops moving: twice a second is live."""

LATE = 1.5
"""Seconds after which a title says that state is still being read."""

UNSAVED = "an edit of a policy is not saved: the same key again throws it away"


@runtime_checkable
class Live(Protocol):
    """A screen that follows state."""

    def reload(self) -> None:
        """Read again and show what changed."""
        ...

    def trouble(self, message: str) -> None:
        """Say that state cannot be read now; an empty message when it can again."""
        ...


class LifecycleApp(Escapes, SlimOutput, Orderly, Pressing, Plainly, Pointing, Keeping):
    """The terminal on one workspace.

    Args:
        source: its state.
        painted: called in a thread once the first screen was painted.
        first: what the fleet shows at first, read before the event loop runs.
        keeper: remembers where the person is; None where nothing is to be remembered.
    """

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "colon",
            "palette",
            "go",
            priority=True,
            id="app.palette",
            tooltip="go to a model, a screen or an action by name",
        ),
        Binding("question_mark", "help", "help", id="app.help", tooltip="the keys that work here; Enter does them"),
        Binding("g", "jump", "jump", show=False, priority=True, id="app.jump",
                tooltip="with a letter: to a screen, gg to the first row, ge to the last"),
        *(
            Binding(place.key, f"go('{place.name}')", f"{place.title}: {place.help}", show=False, id=f"go.{place.name}")
            for place in PLACES.values()
        ),
        Binding("ctrl+l", "redraw", "draw the screen anew", show=False, id="app.redraw"),
        Binding("ctrl+z", "suspend_process", "put the program in the background", show=False, id="app.suspend"),
        Binding("ctrl+q", "leave(0)", "quit from anywhere", show=False, priority=True, id="app.quit"),
        Binding("ctrl+c", "leave(130)", "interrupt", show=False, priority=True, id="app.interrupt"),
    ]  # fmt: skip

    def __init__(
        self, source: Source, painted: Callable[[], None] | None = None, first: FleetPage | None = None,
        keeper: Keeper | None = None,
    ) -> None:  # fmt: skip
        # The terminal's own sixteen colours: they suit its scheme, and under NO_COLOR only attributes are left.
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.animation_level = "none"
        self.source = source
        self._first = first
        self.keeper = keeper
        self.agent = ("", "")
        self.looked = banners.Looked()
        self.wrong: list[banners.Wrong] = []
        self._noted: object = None
        self.clock: object = None
        self.draft: Draft | None = None
        self._trouble = ""
        self._painted = painted
        self._warned: object = None
        self._looking: Task[None] | None = None
        self._behind, self._reloaded = False, 0.0
        self._began = 0.0
        self.faults = Faults()
        self.take_keys(source.root)

    def get_driver_class(self) -> type[Driver]:
        """Textual's, steadied."""
        return ours(super().get_driver_class())

    def on_mount(self) -> None:
        from lifecycle_tui.tui.screens.fleet import FleetScreen

        fleet = FleetScreen(self.source, self._first)
        self.push_screen(fleet)
        if self.keeper is not None and (back := self.keeper.opening(self, fleet)) is not None:
            self.push_screen(back)
        self._first = None
        self.set_interval(POLL_SECONDS, self.poll, name="poll")
        # Another program had the terminal meanwhile.
        self.app_resume_signal.subscribe(self, lambda _: self.redraw())

    def on_unmount(self) -> None:
        self.source.close()

    def exit(self, result: None = None, return_code: int = 0, message: object = None) -> None:
        """End; where the person is by now is kept, whatever it is that ends the program."""
        if self.keeper is not None:
            self.keeper.look(self.screen_stack, wait=True)
        super().exit(result, return_code, message)  # type: ignore[arg-type]

    def poll(self) -> None:
        """Ask state whether it moved; the screen on top reads again if so. One question at a time."""
        self._begin()
        try:
            if self.keeper is not None:
                self.keeper.look(self.screen_stack)
        except Exception as exc:
            if not self.broke(exc):
                raise
        if self._looking is None or self._looking.done():
            self._began = time.monotonic()
            self._looking = create_task(self._look())
            UNDER_WAY.add(self._looking)
            self._looking.add_done_callback(UNDER_WAY.discard)
        elif time.monotonic() - self._began > LATE and isinstance(screen := self.screen, View):
            screen.late(True)  # the one thread that reads is at something that takes its time

    async def _look(self) -> None:
        """One look at state, and at what else screens and banners say; it is asked for again whatever comes of it."""
        try:
            await self._look_at_all()
        except Exception as exc:
            if not self.broke(exc):
                self._handle_exception(exc)

    async def _look_at_all(self) -> None:
        message, keys_file = "", self.keys_file
        try:
            changed = await self.source.look()
            keys_file = await self._look_around()
        except Trouble as exc:
            changed, message = False, str(exc)
        screen = next(reversed(self.screen_stack), None)
        if not isinstance(screen, Live) or self._closed:
            # None while the app is closing.
            return
        if isinstance(screen, View):
            screen.late(False)
        if message or self._trouble:
            before, self._trouble = self._trouble, message
            screen.trouble(message)
            changed = changed or bool(before and not message)
        if not message:
            self._behind = changed or self._behind
            if isinstance(screen, View) and (screen.unread or screen.moved()):
                self._behind = True
            if self._behind and time.monotonic() - self._reloaded >= BETWEEN:
                self._behind, self._reloaded = False, time.monotonic()
                screen.reload()
            self._look_for_agent()
            self.renew_keys(keys_file)
            # Nobody waits any more: load what Enter will want.
            from lifecycle_tui.tui.panes import overview  # noqa: F401
            from lifecycle_tui.tui.screens import model  # noqa: F401
        self._look_for_wrong(message)

    async def _look_around(self) -> KeysFile:
        """At disk, agent and keys; where that fails, screens follow state all the same."""
        try:
            if time.monotonic() - self.looked.at >= banners.LOOK:
                self.looked = await self.source.ask(banners.look, self.source.root, self.looked)
            return await self.source.ask(keys.look, self.source.root, self.keys_file)
        except Trouble:
            raise
        except Exception as exc:
            if not self.broke(exc):
                raise
            return self.keys_file

    def _begin(self) -> None:
        """The first poll comes a moment after the first paint: now there is time for everything else."""
        if self._painted is not None:
            from threading import Thread

            Thread(target=self._painted, daemon=True).start()
            self._painted = None

    def _look_for_wrong(self, trouble: str) -> None:
        """What banners say: what is wrong with state, file, disk and agent."""
        from lifecycle_tui.tui.widgets.banner import Banner

        found = banners.told(self.looked, self.source.note(), trouble, self.keys_file.problem, time.monotonic())
        if (found, self.screen) != (self.wrong, self._noted):
            self.wrong, self._noted = found, self.screen
            for banner in self.screen.query(Banner):
                banner.renew()

    def _look_for_agent(self) -> None:
        """What footers say of the agent: (text, tone)."""
        if self.source.seen.agent is None:
            return  # nobody has looked yet
        runs, keeps = self.source.agent()
        said = ("agent on", "dim") if runs else ("agent off", "dim")
        if runs and keeps:
            said = ("agent on, file has errors", "critical")
        clock = self.source.clock()
        if said != self.agent or clock != self.clock:
            from lifecycle_tui.tui.widgets.lines import Footer

            self.agent, self.clock = said, clock
            if isinstance(self.screen, View):
                self.screen.bars()
            for footer in self.screen.query(Footer):
                footer.renew()

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do what a key says. What cannot be read for it is said; it is no reason to end."""
        warned = self._warned
        try:
            if isinstance(self.screen, View):
                self.screen.heard()
            done = await super().run_action(action, default_namespace, namespaces)
            if self._warned is warned:
                self._warned = None  # something else was done since
            return done
        except Trouble as exc:
            if isinstance(self.screen, Live):
                self.screen.trouble(str(exc))
            if isinstance(self.screen, View) and self.screen.stands:
                self.screen.say(str(exc), "critical")  # the title forgets it with the next read that works
            return True
        except Exception as exc:
            if not self.broke(exc):
                raise
            return True

    def broke(self, exc: Exception) -> bool:
        """An error of the program itself: kept, and told in the title; whether it is survived."""
        if not self.faults.add(exc):
            return False
        try:
            if isinstance(screen := self.screen, View) and screen.ready:
                screen.troubled(exc)
            else:
                self.bell()
        except Exception as more:  # what would say so is broken, too
            return self.faults.add(more)
        return True

    def _handle_exception(self, error: Exception) -> None:
        """As Textual's, the end; not for what a guarded part raises outside of messages: callback, timer, layout."""
        if not (guarding.within() and self.broke(error)):
            super()._handle_exception(error)

    def action_help(self) -> None:
        """Every key of the screen that is open."""
        from lifecycle_tui.tui.screens.help import HelpScreen

        screen = self.screen
        if not isinstance(screen, HelpScreen):
            near = screen.key_nodes() if isinstance(screen, View) else [type(screen)]
            focused = [] if self.focused is None else [type(self.focused)]
            far = [View] if isinstance(screen, View) else []
            self.push_screen(HelpScreen([*near, *focused, *far, type(self)]))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While somebody types, or a dialog is open, `:` is no command."""
        if action == "jump":
            return not typing(self.screen)
        return action != "palette" or (isinstance(self.screen, View) and not typing(self.screen))

    async def action_palette(self) -> None:
        """Go to a model, a screen or an action by its name."""
        from lifecycle_tui.tui.screens.palette import PaletteScreen

        if isinstance(self.screen, View):
            await self.push_screen(PaletteScreen(self.source, self.screen))

    def action_go(self, name: str) -> None:
        """Open a screen; one that lies below is gone back to."""
        if not isinstance(self.screen, View):
            return
        for screen in reversed(self.screen_stack):
            if isinstance(screen, View) and name == screen.NAME:
                while self.screen is not screen:
                    self.pop_screen()
                return
        self.push_screen(self.place(name))

    def action_redraw(self) -> None:
        """Paint everything anew, e.g. after another program wrote over the screen."""
        self.redraw()

    def action_leave(self, code: int) -> None:
        """End with this exit code; an edit that is not saved is said first, once."""
        if self.draft and self._warned is not self.draft.texts:
            self._warned = self.draft.texts
            while not hasattr(self.screen, "say") and len(self.screen_stack) > 2:
                self.pop_screen()
            if (say := getattr(self.screen, "say", None)) is not None:
                say(UNSAVED)
                return
        self.exit(return_code=code)
