"""Parameters are looked for by type only."""


class Parameter:
    """Nothing is one."""
