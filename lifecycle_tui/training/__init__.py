"""Build, fit, validate forward in time, and save versions (floor 4)."""
