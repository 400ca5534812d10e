"""What a GPU runtime would be: compile kernels, load them, launch them, hold their buffers."""
