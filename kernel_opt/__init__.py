"""Make one GPU kernel faster, on its own, overnight."""

__version__ = "0.1.0"
