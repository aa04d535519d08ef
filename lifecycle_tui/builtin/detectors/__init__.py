"""Detectors shipped with the program."""
