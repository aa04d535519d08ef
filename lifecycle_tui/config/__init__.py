"""lifecycle.toml → frozen specs; problems with line and column (floor 2)."""
