"""Explainers shipped with the program."""
