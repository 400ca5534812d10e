"""The kernel that is tuned."""
