"""Textual's driver of the terminal, mended in two places: it reads with our parser, and being told to go on while it
goes on harms nothing. Called by the app, which asks for its class.

Textual takes every SIGCONT for the end of its own sleep. One that comes without (`kill -STOP` and `kill -CONT`, a job
manager, a shell's `fg` twice) would start it a second time over the first: two threads that read keys, and the raw
settings taken for those that were there before, so that the terminal is left in them.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
from typing import TYPE_CHECKING, Any

from lifecycle_tui.tui.terminal.escapes import KeyParser

if TYPE_CHECKING:
    from textual.driver import Driver
    from textual.drivers.linux_driver import LinuxDriver

    _Base = LinuxDriver
else:
    _Base = object

AGAIN = "\x1b[?1047h\x1b[?25l\x1b[?1004h\x1b[?2004h\x1b[?7l"
"""What another program may have switched over meanwhile: the screen (by the mode that keeps the saved cursor), the
cursor, focus, pastes, the end of a line."""


def ours(found: type[Driver]) -> type[Driver]:
    """The driver's class that does as Textual's `found` does, and better where it can."""
    module = sys.modules[found.__module__]
    if hasattr(module, "XTermParser"):
        module.XTermParser = KeyParser  # type: ignore[attr-defined]  # it has no other place to say so
    if not hasattr(found, "_sigcont_application"):
        return found
    return type("SteadyDriver", (Steady, found), {})


class Steady(_Base):
    """A driver that knows whether it has the terminal.

    What signals ask for is done in the event loop: a handler runs between any two steps of the main thread, also where
    that holds the lock of the writer's queue. Only where it sleeps is it woken by the handler, as the loop sleeps too.
    """

    _has_it = _begins = _told = False
    _set: list[Any] | None = None

    def start_application_mode(self) -> None:
        self._begins, self._told = True, False
        try:
            self._begin()
            while self._told and not self._has_it:
                self._told = False
                self._begin()
        finally:
            self._begins = False
        if self._told:
            self._loop.call_soon(self._take_again)

    def _begin(self) -> None:
        before = self._writer_thread
        super().start_application_mode()  # type: ignore[no-untyped-call]
        # It does nothing in the background: there it sleeps until a SIGCONT brings it to the front.
        self._has_it = self._writer_thread is not before
        self._set = self._settings()

    def stop_application_mode(self) -> None:
        self._has_it = False
        super().stop_application_mode()

    def _sigtstp_application(self, *_: object) -> None:
        """Sleep. Where it has given the terminal away already, there is nothing to give back."""
        if self._has_it and self._auto_restart and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._sleep)
        else:
            os.kill(os.getpid(), signal.SIGSTOP)

    def _sleep(self) -> None:
        if self._has_it and self._auto_restart:
            super()._sigtstp_application()

    def _sigcont_application(self, *_: object) -> None:
        """Go on, where it sleeps."""
        if self._begins:
            self._told = True  # by two at once; or in the background, where beginning has just been put to sleep
        elif self._must_signal_resume or self._writer_thread is None:
            self._begins = True  # from here on, not from the first line of what begins
            try:
                super()._sigcont_application()
            finally:
                self._begins = False
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take_again)

    def _take_again(self) -> None:
        """It was stopped by force. Paint anew; where a shell took the terminal meanwhile, which sets it in its own way,
        leave it as found first, and begin again.

        Not where it has given the terminal away by itself: to an editor, or for good.
        """
        if not (self._has_it and self._auto_restart):
            return
        if self._settings() != self._set:
            self._begins = True
            try:
                self.suspend_application_mode()
                self._must_signal_resume = True
                self.resume_application_mode()
            finally:
                self._begins = False
        else:
            self.write(AGAIN)
            self._enable_mouse_support()
            self.process_message(self.SignalResume())

    def _settings(self) -> list[Any] | None:
        try:
            return termios.tcgetattr(self.fileno)
        except termios.error:
            return None
