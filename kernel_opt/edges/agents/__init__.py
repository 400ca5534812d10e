"""One file per proposer."""
