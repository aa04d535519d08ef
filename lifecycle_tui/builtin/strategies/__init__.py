"""Strategies shipped with the program."""
