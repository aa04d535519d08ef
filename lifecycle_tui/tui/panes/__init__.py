"""The panes of the model screen, a module each."""
