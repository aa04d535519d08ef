"""Sources shipped with the program."""
