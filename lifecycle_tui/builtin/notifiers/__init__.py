"""Notifiers shipped with the program."""
