"""The loop, jobs and workers (floor 5)."""
