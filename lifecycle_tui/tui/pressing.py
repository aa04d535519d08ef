"""What a key press does: by the keys that `[keys]` of lifecycle.toml gives, and, after `g`, by one more key.

The app is made from this. Textual's own `set_keymap` knows no binding without a key, and takes other bindings of the
same class away where keys meet; so the two passes over the bindings, priority ones from the app down and then all
others from the focus up, are gone through here where any key is other than its class says.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.keys import key_to_character

from lifecycle_tui.config.key_names import SIGNS
from lifecycle_tui.config.keys_file import KeysFile, read
from lifecycle_tui.tui import keys

if TYPE_CHECKING:
    from textual.dom import DOMNode


RECENT = 8
"""So much of what was done from the palette is offered first."""
ENDS = ("action_end", "action_top", "action_edge")
"""What goes to an end, by the names under which lists, maps and plots have it."""


class Pressing(App[None]):
    """An app whose keys can be other ones.

    Attributes:
        keys_file: what `[keys]` said last.
        jumping: whether `g` was pressed, and a letter is waited for.
        recent: (kind, text) of what was done from the palette last, the newest first.
    """

    keys_file: KeysFile
    jumping: bool = False
    recent: tuple[tuple[str, str], ...] = ()

    def take_keys(self, root: Path) -> None:
        """Have the keys of the file from the first paint on."""
        self.keys_file = read(root)
        keys.use(self.keys_file.keymap)

    def remember(self, kind: str, text: str) -> None:
        """What was done from the palette is offered first, next time."""
        self.recent = ((kind, text), *(one for one in self.recent if one != (kind, text)))[:RECENT]

    def renew_keys(self, found: KeysFile) -> None:
        """Have these keys from now on, and let everything that names keys say so."""
        if found is self.keys_file:
            return
        self.keys_file = found
        if found.keymap != keys.used():
            keys.use(found.keymap)
            self.renew_bars()

    def renew_bars(self) -> None:
        """Have what names keys drawn anew: the title may, the footers do."""
        from lifecycle_tui.tui.screens.base import View
        from lifecycle_tui.tui.widgets.lines import Footer

        for screen in self.screen_stack:
            if isinstance(screen, View):
                screen.bars()
            for footer in screen.query(Footer):
                footer.renew()

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        """Do what a key says; whether there was anything to do."""
        if self.jumping and priority:
            self.jumping = False
            self.renew_bars()
            if await self._jumped(key) or not key.startswith("ctrl+"):
                return True
        if not keys.used():
            return await super()._check_bindings(key, priority)
        screen = self.screen
        chain = [node for node, _ in (screen._binding_chain if priority else screen._modal_binding_chain)]
        for node in reversed(chain) if priority else chain:
            for binding in keys.bound(type(node)).get(key, ()):
                if binding.priority != priority or _consumed(chain, node, key):
                    continue
                if await self.run_action(binding.action, node):
                    return True
        return False

    # ── jumping ───────────────────────────────────────────────────────────────────────────────────────────────────

    def action_jump(self) -> None:
        """Wait for the letter; the footer says which there are."""
        self.jumping = True
        self.renew_bars()

    async def _jumped(self, key: str) -> bool:
        """Go where a key says; whether it says where."""
        from lifecycle_tui.tui.jumping import chosen

        jump = chosen(self.screen, key)
        return jump is not None and await self.run_action(f"app.{jump.action}")

    def action_row(self, direction: int) -> None:
        """To the first or last row of the list that has the focus, or to that end of the text."""
        widgets: list[Any] = [self.focused, *self.screen.query("Grid, Pager, Log")]
        ends = (getattr(one, name, None) for one in widgets for name in ENDS)
        go = next((end for end in ends if end is not None), None)
        if go is not None:
            go(direction)

    def action_crumb(self, index: int) -> None:
        """Back to a screen that lies below, by its place in the stack."""
        from lifecycle_tui.tui.screens.base import View

        found = [screen for screen in self.screen_stack[:-1] if isinstance(screen, View)]
        if 0 <= index < len(found):
            while self.screen is not found[index]:
                self.pop_screen()

    async def action_press(self, key: str) -> None:
        """Do what a key does, e.g. because it was clicked in the footer."""
        self.simulate_key(key)


def _consumed(chain: list[DOMNode], node: DOMNode, key: str) -> bool:
    """Whether the key is a letter for something nearer to the focus, e.g. a line that is typed into."""
    character = SIGNS.get(key) or key_to_character(key)
    return any(near.check_consume_key(key, character) for near in chain[: chain.index(node)])
