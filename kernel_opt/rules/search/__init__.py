"""Which built-in idea or point of the knobs comes next."""
