"""Picks the front end: the terminal when called with no words but options, a command otherwise. Imports only that one.

This is the console script `lifecycle` and `python -m lifecycle_tui`.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

OPTIONS = {"--env": "LIFECYCLE_ENV"}
FLAGS = {"--read-only": "LIFECYCLE_READ_ONLY", "--no-plugins": "LIFECYCLE_NO_PLUGINS", "--fresh": "LIFECYCLE_FRESH"}
"""Options that the terminal takes too, and the variables that carry them; `cli.main` has their helps."""


def main() -> None:
    """Run and leave with the exit code of DESIGN §9."""
    steady()
    given = options(sys.argv[1:]) if sys.stdout.isatty() else None
    if given is not None:
        from lifecycle_tui.tui import splash

        splash.show()
        from lifecycle_tui.tui.start import main as start

        os.environ.update(given)
        sys.exit(start())
    from lifecycle_tui.cli.main import main as command

    sys.exit(command())


def steady() -> None:
    """See to it that what is written arrives whole.

    Under PYTHONUNBUFFERED, which images for containers like to set, Python asks the system once for each write: what a
    full pipe did not take before a signal came (Ctrl+Z while `less` shows the rest) is lost without a word.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by who started it (`>&-`)
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  # for good
        elif isinstance(getattr(stream, "buffer", None), io.RawIOBase):
            raw = io.BufferedWriter(io.FileIO(stream.fileno(), "w", closefd=False))
            whole = io.TextIOWrapper(raw, stream.encoding, stream.errors, line_buffering=True)
            setattr(sys, name, whole)
            setattr(sys, f"__{name}__", whole)


def options(words: Sequence[str]) -> dict[str, str] | None:
    """The variables that the words set, where they are global options alone; None where a command is to hear them."""
    found: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if word in FLAGS:
            found[FLAGS[word]] = "1"
        elif name in OPTIONS:
            text = value if equals else next(rest, "")
            if not text or text.startswith("-"):
                return None
            found[OPTIONS[name]] = text
        else:
            return None
    return found


if __name__ == "__main__":
    main()
