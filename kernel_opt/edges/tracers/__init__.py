"""One file per tracer, and the readers of what it leaves behind."""
