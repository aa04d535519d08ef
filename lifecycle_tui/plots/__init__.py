"""Plots in text: pure functions from numbers to characters, never colours. Called by commands and screens.

small     one line: sparklines, two histograms as two lines
drawing   lines of runs, each of one series, so that a screen can give each series its tone
bars      two histograms bin by bin, several lines high
chart     values over windows, with interval, thresholds and marks
"""

from __future__ import annotations

from lifecycle_tui.plots.small import ASCII, BLOCKS, histogram_pair, sparkline

__all__ = ["ASCII", "BLOCKS", "histogram_pair", "sparkline"]
"""What one line of a table needs; `bars` and `chart` are imported from their modules by who draws them."""
