"""What happened, written once."""
