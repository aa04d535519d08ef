"""Commands shipped with the program."""
