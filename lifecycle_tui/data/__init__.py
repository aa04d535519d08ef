"""Sources as Arrow batches, windows, label joins, fingerprints (floor 2)."""
