"""Whether a result was come by honestly."""
