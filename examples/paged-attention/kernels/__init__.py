"""The kernels under tuning, with their launcher."""
