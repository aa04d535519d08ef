"""Checks of a workspace that need its file, its plugins and its rules together (floor 3, below `workspace`).

`config` says what is wrong with a file by itself; `problems` here goes on with what is sound of it: names and options
of plugins, rules and gates against the model's signals, and settings that disarm each other. Each module holds the
checks of one kind; each check gives problems and reads nothing but declarations: no data, no state, no plugin's code.
"""

from lifecycle_tui.checking.all import problems

__all__ = ["problems"]
