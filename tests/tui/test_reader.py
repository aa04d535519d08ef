"""The reader's thread."""

from __future__ import annotations

import gc

import pytest

from lifecycle_tui.tui.reader import UNCOLLECTED, Reader


async def test_the_collector_waits_while_something_is_read() -> None:
    reader = Reader()

    def fail() -> None:
        assert not gc.isenabled()
        raise ValueError("whatever it is")

    assert gc.isenabled() and not await reader.ask(gc.isenabled)
    with pytest.raises(ValueError, match="whatever"):
        await reader.ask(fail)
    assert gc.isenabled()
    with UNCOLLECTED:
        await reader.ask(gc.isenabled)
        assert not gc.isenabled(), "another thread is still at it"
    assert gc.isenabled()
    gc.disable()  # somebody else's is left as it is
    try:
        await reader.ask(gc.isenabled)
        assert not gc.isenabled()
    finally:
        gc.enable()
    reader.close(lambda: None)
