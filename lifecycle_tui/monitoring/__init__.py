"""One window: read, join, score, profile, signals (floor 4)."""
