"""The terminal (floor 7): app, grid, screens."""
