"""What a compiled kernel says before it runs."""
