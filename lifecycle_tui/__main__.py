"""Picks the front end: the terminal when called with no words, a command otherwise. Imports only that one.

This is the console script `lifecycle` and `python -m lifecycle_tui`.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run and leave with the exit code of DESIGN §9."""
    if len(sys.argv) == 1 and sys.stdout.isatty():
        from lifecycle_tui.tui.start import main as start

        sys.exit(start())
    from lifecycle_tui.cli.main import main as command

    sys.exit(command())


if __name__ == "__main__":
    main()
