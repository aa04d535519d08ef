"""Build, fit, validate (floor 4)."""
