"""Versions, artefacts, aliases and their history (floor 3)."""
