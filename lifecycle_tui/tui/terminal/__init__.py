"""What goes to the terminal and comes back from it, besides keys: only the cells that changed, at the link's pace."""
