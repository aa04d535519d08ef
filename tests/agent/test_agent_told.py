"""Signals that are heard: also in the middle of what holds the lock of the event that they set."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from lifecycle_tui.agent import told


@pytest.fixture
def number() -> Iterator[signal.Signals]:
    """A signal that nobody else listens to."""
    before = signal.getsignal(signal.SIGUSR2)
    yield signal.SIGUSR2
    signal.signal(signal.SIGUSR2, before)


def test_it_is_heard_while_the_main_thread_holds_the_events_lock(number: signal.Signals) -> None:
    event = threading.Event()
    came = told.hear([number], event.set)
    with event._cond:  # type: ignore[attr-defined]  # where each wait begins and ends
        signal.raise_signal(number)
    assert event.wait(60) and came == [number]


def test_it_is_heard_where_no_thread_can_be_made(number: signal.Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    event = threading.Event()
    told.hear([number], event.set)
    monkeypatch.setattr(told._thread, "start_new_thread", none)
    signal.raise_signal(number)
    assert event.is_set()
