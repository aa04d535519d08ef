"""Metrics shipped with the program."""
