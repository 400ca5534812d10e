"""Whose card it is, whether it is idle, and how it fared."""
