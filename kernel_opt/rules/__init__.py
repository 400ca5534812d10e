"""Every decision, pure: no clock, no files, no git, no randomness but a seed passed in."""
