"""Benchmarks of kernel-opt itself; nothing here is shipped."""
