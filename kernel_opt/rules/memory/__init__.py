"""What a run has learned, and where the next hypothesis is to come from."""
