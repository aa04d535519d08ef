"""What a plugin's process has only one of (environment, umask, warnings …), kept apart for each file. Used by `child`.

Each file finds these as it left them itself, and a new one as the process began, whatever another file did in between.
"""

from __future__ import annotations

import contextlib
import decimal
import gc
import locale
import os
import resource
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

_SIGNALS = tuple(n for n in sorted(signal.valid_signals()) if n < 32 and n not in (9, 12, 19))
"""All that can be handled but SIGUSR2, which asks for a stack: `cell` sees to that one."""
_LIMITS = tuple(getattr(resource, f"RLIMIT_{name}") for name in ("AS", "CPU", "DATA", "FSIZE", "NOFILE", "NPROC"))


class State(NamedTuple):
    """One file's surroundings."""

    environ: dict[bytes, bytes]
    umask: int
    locale: str
    filters: list[Any]
    numpy: dict[str, Any] | None
    decimal: decimal.Context
    collecting: bool
    interval: float
    handlers: tuple[Any, ...]
    hooks: tuple[Any, ...]
    limits: tuple[tuple[int, int], ...]


class Surroundings:
    """Puts one file's surroundings in place of another's."""

    def __init__(self) -> None:
        self._start = _state()
        self._own: dict[str, State] = {}
        self._now = ""

    def enter(self, home: str) -> None:
        """Before a call of this file. What cannot be put back (a hard limit, say) stays."""
        if home != self._now:
            left = _state()
            if self._now:
                self._own[self._now] = left
            self._now = home
            _put(self._own.get(home, self._start), left)
        sys.settrace(None)
        sys.setprofile(None)
        threading.settrace(None)
        threading.setprofile(None)


def _state() -> State:
    umask = os.umask(0o077)
    os.umask(umask)
    np = sys.modules.get("numpy")
    return State(
        dict(os.environb._data),  # type: ignore[attr-defined]  # a copy through its methods takes fifty times as long
        umask,
        locale.setlocale(locale.LC_ALL),
        list(warnings.filters),
        np.geterr() if np else None,
        decimal.getcontext().copy(),
        gc.isenabled(),
        sys.getswitchinterval(),
        tuple(map(signal.getsignal, _SIGNALS)),
        (sys.excepthook, sys.unraisablehook, threading.excepthook),
        tuple(resource.getrlimit(limit) for limit in _LIMITS),
    )


def _put(state: State, left: State) -> None:
    """Put a state in place, where what was left is another."""
    if state.environ != left.environ:
        os.environb.clear()
        os.environb.update(state.environ)
    os.umask(state.umask)
    if state.locale != left.locale:
        _quietly(locale.setlocale, locale.LC_ALL, state.locale)
    if state.filters != left.filters:
        warnings.filters[:] = state.filters  # type: ignore[index]
        warnings._filters_mutated()  # type: ignore[attr-defined]
    if state.numpy is not None and state.numpy != left.numpy:
        sys.modules["numpy"].seterr(**state.numpy)
    decimal.setcontext(state.decimal.copy())
    (gc.enable if state.collecting else gc.disable)()
    sys.setswitchinterval(state.interval)
    sys.excepthook, sys.unraisablehook, threading.excepthook = state.hooks
    for number, handler, now in zip(_SIGNALS, state.handlers, left.handlers, strict=True):
        if handler is not None and handler is not now:
            _quietly(signal.signal, number, handler)
    for limit, bounds, now in zip(_LIMITS, state.limits, left.limits, strict=True):
        if bounds != now:
            _quietly(resource.setrlimit, limit, bounds)


def _quietly(function: Callable[..., Any], *args: Any) -> Any:
    """What it returns; None where it refuses."""
    with contextlib.suppress(OSError, ValueError, TypeError, locale.Error):
        return function(*args)
    return None
