"""Screens: one a file; each reads state through `tui.source` and draws with grids and lines."""
