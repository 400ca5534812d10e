"""What a tracer's recording says: targets, calls, hotspots, changes."""
