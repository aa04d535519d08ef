"""Plots in text: pure functions from numbers to characters, never colours. Called by commands and screens.

small     one line: sparklines, two histograms as two lines
drawing   lines of runs, each of one series, so that a screen can give each series its tone
bars      two histograms bin by bin, several lines high
overlay   two histograms or densities one over the other
chart     values over windows, with interval, thresholds, a cursor and marks
axes      the dates below a chart or a map
heat      a map of rows over windows, a sign a cell
"""

from __future__ import annotations

from lifecycle_tui.plots.small import ASCII, BLOCKS, histogram_pair, sparkline

__all__ = ["ASCII", "BLOCKS", "histogram_pair", "sparkline"]
"""What one line of a table needs; `bars` and `chart` are imported from their modules by who draws them."""
