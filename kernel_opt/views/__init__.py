"""What people read, rendered from the journal alone."""
