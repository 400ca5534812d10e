"""Make one GPU kernel faster, on its own, overnight."""
