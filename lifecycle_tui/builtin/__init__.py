"""Shipped plugins by kind; each module imports lifecycle_tui.api alone and is found by its name."""
