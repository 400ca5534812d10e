"""One file per source of GPU readings."""
