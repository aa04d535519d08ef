"""Detectors that each fail one check of the conformance suite, the one that `fails` names."""

import contextlib
import math
import os
import random
import socket
import sys
import time

import pyarrow.compute as pc

from lifecycle_tui.api import Measurement, hookimpl


class Fine:
    """The mean's move, with nothing wrong; the others spoil it."""

    name, kinds, takes, fails = "fine", ("numeric",), "profile", ""

    def measure(self, reference, window):
        if not (reference.finite and window.finite):
            return Measurement(None, message="no values")
        move = window.mean - reference.mean
        return move if math.isfinite(move) else None


class Undocumented(Fine):
    __doc__ = ""
    name, fails = "undocumented", "docstring"


class Wordy(Fine):
    """A first line that goes on and on and on, until no list, no form and no screen that shows it has room for it any more."""  # noqa: E501

    name, fails = "wordy", "docstring"


class Shared(Fine):
    """One object for all models."""

    name, fails, one = "shared", "made", None

    def __new__(cls):
        cls.one = cls.one or super().__new__(cls)
        return cls.one


EDGES = (0.0, 1.0)


class Default(Fine):
    """Tells a default from the same value by its identity, which no file keeps."""

    name, fails = "default", "options"

    def __init__(self, *, edges: tuple[float, ...] = EDGES):
        self.own = edges is not EDGES


class NotANumber(Fine):
    """0 / 0 in words."""

    name, fails = "not_a_number", "constant"

    def measure(self, reference, window):
        if window.finite and window.minimum == window.maximum and window.rows > 1:
            return math.nan
        return super().measure(reference, window)


class Infinite(Fine):
    """No end."""

    name, fails = "infinite", "infinite"

    def measure(self, reference, window):
        return math.inf if window.positive_inf and window.finite > 300 else super().measure(reference, window)


class Empty(Fine):
    """Divides by rows."""

    name, fails = "empty", "empty-window"

    def measure(self, reference, window):
        if reference.rows and not window.rows:
            return 1 / window.rows
        return super().measure(reference, window)


class Chance(Fine):
    """Draws lots."""

    name, fails = "chance", "same-twice"

    def measure(self, reference, window):
        found = super().measure(reference, window)
        return found + random.random() if isinstance(found, float) else found


class Memory(Fine):
    """Remembers the reference of its first call."""

    name, fails = "memory", "keeps-nothing"

    def measure(self, reference, window):
        self.first = getattr(self, "first", reference)
        return super().measure(self.first, window)


class Spoils(Fine):
    """Works in place."""

    name, fails = "spoils", "input-unchanged"

    def measure(self, reference, window):
        found = super().measure(reference, window)
        window.rows += 1
        return found


class Values(Fine):
    """Looks at values that are stored nowhere."""

    name, fails = "values", "mergeable"

    def measure(self, reference, window):
        found = super().measure(reference, window)
        return found if window.values is None or found is None else 2.0


class FirstChunk:
    """Looks at the first piece only."""

    name, kinds, takes, fails = "first_chunk", ("numeric",), "arrow", "chunks"

    def measure(self, reference, window):
        sides = [side.chunk(0) if side.num_chunks else side for side in (reference, window)]
        means = [pc.mean(side.cast("float64")).as_py() for side in sides]
        return None if None in means or not math.isfinite(means[1] - means[0]) else means[1] - means[0]


class Prints(Fine):
    """Tells standard output."""

    name, fails = "prints", "prints-nothing"

    def measure(self, reference, window):
        print("reference has", reference.rows)
        return super().measure(reference, window)


class Descriptor(Fine):
    """Tells file descriptor 2."""

    name, fails = "descriptor", "prints-nothing"

    def measure(self, reference, window):
        os.write(2, b"\x1b[31mred")
        return super().measure(reference, window)


class Writes(Fine):
    """Leaves notes in the workspace."""

    name, fails = "writes", "writes-nothing"

    def measure(self, reference, window):
        with open("notes.txt", "a") as notes:
            notes.write("measured\n")
        return super().measure(reference, window)


class Calls(Fine):
    """Calls home, and hides it when it cannot."""

    name, fails = "calls", "stays-home"

    def measure(self, reference, window):
        with contextlib.suppress(OSError):
            socket.create_connection(("192.0.2.1", 80), 0.1).close()
        return super().measure(reference, window)


class Hangs(Fine):
    """Waits for a row that never comes."""

    name, fails = "hangs", "one-row"

    def measure(self, reference, window):
        while window.rows == 1 and reference.rows > 1:
            time.sleep(0.01)
        return super().measure(reference, window)


class Leaves(Fine):
    """Ends the process."""

    name, fails = "leaves", "both-empty"

    def measure(self, reference, window):
        if not reference.rows and not window.rows:
            os._exit(3)
        return super().measure(reference, window)


class Exits(Fine):
    """Ends the program, it thinks."""

    name, fails = "exits", "missing-reference"

    def measure(self, reference, window):
        if reference.rows and not reference.n:
            sys.exit(0)
        return super().measure(reference, window)


class Text(Fine):
    """Returns words."""

    name, kinds, fails = "text", ("categorical",), "many-labels"

    def measure(self, reference, window):
        return "many" if reference.distinct > 2_000 else float(window.distinct)


class Busy(Fine):
    """Needs its time."""

    name, fails = "busy", "fast"

    def measure(self, reference, window):
        begin = time.process_time()
        while window.rows > 50_000 and time.process_time() - begin < 2.2:
            pass
        return super().measure(reference, window)


@hookimpl
def register_detectors(register):
    register(Fine, Undocumented, Wordy, Shared, Default, NotANumber, Infinite, Empty, Chance, Memory, Spoils, Values)
    register(FirstChunk, Prints, Descriptor, Writes, Calls, Hangs, Leaves, Exits, Text, Busy)
