"""The workspace that comes with the program: simulated models and their months of production."""
