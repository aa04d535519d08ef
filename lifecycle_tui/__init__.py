"""A control room for machine-learning models that lives in the terminal."""

__version__ = "0.1.0"
