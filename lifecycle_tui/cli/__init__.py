"""One module a command group, each imported only when run (floor 7)."""
