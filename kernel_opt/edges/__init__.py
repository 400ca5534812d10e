"""Everything that touches the world: processes, git, files, GPUs, tracers, agents."""
