"""The processes that do jobs, and those who start, watch and end them."""
