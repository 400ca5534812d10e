"""The life of the process that carries out a run."""
