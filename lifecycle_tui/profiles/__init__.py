"""Mergeable summaries of a column in a window, and statistics computed from them (floor 2, pure, hot)."""
