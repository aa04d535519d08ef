"""Deployers that ship with the program."""
